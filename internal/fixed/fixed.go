// Package fixed carries the values that a test has given entries in its context.
package fixed

import (
	"context"
	"sync/atomic"
)

// Values maps an entry (its *lambdacache.Entry[T], or a Key) to a pointer to its value
// (*T), or to a Failure.
type Values map[any]any

// Failure stands for the value of an entry that cannot be loaded.
type Failure struct{ Err error }

// Key is an entry of a family: the *lambdacache.Family[K, T], and a K.
type Key struct{ Family, Key any }

type key struct{}

// used keeps the price of this package for a production process at one load of a
// flag: contexts are searched only once a test has made one.
var used atomic.Bool

// NewContext returns a context with values, which must not be changed any more, in place
// of those that ctx may have.
func NewContext(ctx context.Context, values Values) context.Context {
	used.Store(true)
	return context.WithValue(ctx, key{}, held(func() Values { return values }))
}

// held is values in a function: told a wrong verb, fmt follows a context's pointers.
type held func() Values

// From gives the values of ctx, nil for none.
func From(ctx context.Context) Values {
	if !used.Load() {
		return nil
	}
	return from(ctx)
}

// from is apart so that From is inlined.
func from(ctx context.Context) Values {
	if values, ok := ctx.Value(key{}).(held); ok {
		return values()
	}
	return nil
}
