package lambdacache

import (
	"context"
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// Family is a set of entries that are declared alike and known by a key only at run
// time: a secret for each tenant. It is made by the Family constructors of the source
// packages, by [NewFamily] and by [DeclareFamily], usually as a package variable.
//
//	var tenants = secretcache.Family[Creds](func(tenant string) string { return "prod/" + tenant }, lambdacache.MaxEntries(1000))
//
//	creds, err := tenants.Get(ctx, "acme")
//
// What is promised of an entry is promised of each key: its age, one load at a time,
// whoever asks, shared with entries of the same key, and the old value untouched by a
// load that failed. Keys that different callers ask for at the same time share batched calls:
// while four calls are in flight (see [OriginMaxCalls]) further keys wait for one of them
// to end, and go together with whatever else waits by then.
//
// A family holds [MaxEntries] keys at most; the one that was read least recently goes
// first, with all that is kept of it. What was given to a reader stays valid. All
// methods may be called from any goroutine, and work with any context, wrapped or not.
//
// A family lives as long as the process: declare each once, never in the handler.
//
// Values are shared: maps, slices and what pointers point to are read-only.
type Family[K comparable, T any] struct {
	family
	index *index[K]
}

// Located says which of an origin's keys a key of a family is.
type Located struct {
	Key  string // as [Declare] takes it; "" is an error
	Name string // of the entry, unless the family has one; "" for the part of Key after the last slash
	Hold func() // if not nil, called before each read that may load; a [Releaser] is told when the key is needed no longer
}

// DeclareFamily makes a family of an origin's keys; it is for source packages, as
// [Declare] is. locate gives the same for the same key and must not wait; its error is
// what a reader gets, with the Key beside it if there is one: the family's own may not be
// fit to be shown. decode makes a T of the source's record, once per load. A nil function
// and an option of another source panic.
func DeclareFamily[K comparable, T, R any](o *Origin[R], locate func(K) (Located, error), decode func(R) (T, error), opts ...Option) *Family[K, T] {
	f := &Family[K, T]{index: newIndex[K]()}
	f.members, f.decode = f.index, untypedDecoder(decode)
	if locate != nil {
		f.locate = func(key any) (Located, error) { k, _ := key.(K); return locate(k) }
	}
	f.declare(f, o.origin, opts)
	return f
}

// NewFamily makes a family of any function: its results are cached by key. load runs
// at most once at a time for a key, and for 16 keys at once; further ones wait. The rest
// is as for [New]: it must return soon after ctx is done, and may Get other entries with
// ctx, also other keys of the family, never in a circle. Errors and events call every key
// by the name. An empty name and a nil load panic; an empty key is an error.
func NewFamily[T any](name string, load func(ctx context.Context, key string) (T, error), opts ...Option) *Family[string, T] {
	if name == "" || load == nil {
		panic("lambdacache: NewFamily: a name and a function are required")
	}
	o := NewOrigin("func", keyedFunction(func(ctx context.Context, key string) (any, error) { return load(ctx, key) }))
	return DeclareFamily(o, func(key string) (Located, error) { return Located{Key: key}, nil },
		func(v any) (T, error) { t, _ := v.(T); return t, nil }, append([]Option{Name(name)}, opts...)...)
}

// keyedFunction is a user's function as a source.
type keyedFunction func(ctx context.Context, key string) (any, error)

func (f keyedFunction) Load(ctx context.Context, reqs []Request) []Result[any] {
	v, err := f(ctx, reqs[0].Key)
	return []Result[any]{{Value: v, Err: err}}
}

// Get gives the value of a key as of now: the held one if it is younger than its max
// age, else that of a load, as [Entry.Get] does. The error is a [*LoadError], and the
// value is then T's zero value: also for a key that no entry can have, which is as good
// as one that is not there, [ErrNotFound]. The empty string is such a key.
func (f *Family[K, T]) Get(ctx context.Context, key K) (T, error) {
	if fixed.From(ctx) == nil {
		if m := f.index.get(key); m != nil {
			now := clock.Now()
			if p := m.held(); p != nil && p.fresh(now) && m.kept.Load() {
				f.touch(m, now)
				return *p.value.(*T), nil
			}
		}
	}
	return readKey[K, T](ctx, f, key, false)
}

// Refresh asks the source for a key, whatever is held, as [Entry.Refresh] does.
func (f *Family[K, T]) Refresh(ctx context.Context, key K) (T, error) {
	return readKey[K, T](ctx, f, key, true)
}

// Prefetch loads those of keys that are due, with as few calls as the source allows, 16
// of them at once, and waits for them, no longer than ctx allows. Keys that could not be
// loaded are in the [*LoadError]; the others are held. Of more keys than [MaxEntries]
// allows only the last are held.
func (f *Family[K, T]) Prefetch(ctx context.Context, keys ...K) error {
	_, err := f.look(ctx, false, boxed(keys)...)
	return err
}

// Invalidate forgets what is held of keys, as the function [Invalidate] does, also by
// entries of the same keys. What no entry can have is passed over.
func (f *Family[K, T]) Invalidate(keys ...K) { f.invalidate(boxed(keys)) }

// InvalidateAll forgets what the family holds of all its keys: in an after-restore hook,
// for example.
func (f *Family[K, T]) InvalidateAll() { f.invalidateAll() }

// Version is the source's name for the value held now of a key; "" if none is, and
// where the source knows no versions.
func (f *Family[K, T]) Version(key K) string {
	if m := f.index.get(key); m != nil {
		return m.version()
	}
	return ""
}

// Stats tells what happened to the family's keys since the process started.
func (f *Family[K, T]) Stats() FamilyStats { return f.counted() }

// String says what the family is of, never a value.
func (f *Family[K, T]) String() string {
	return fmt.Sprintf("lambdacache.Family[%v, %v](%q)", reflect.TypeFor[K](), reflect.TypeFor[T](), f.label())
}

// RetryKey is [Retry] with the newest value of a family's key.
//
//	rows, err := lambdacache.RetryKey(ctx, tenants, "acme", query, isAuthError)
func RetryKey[K comparable, T, R any](ctx context.Context, f *Family[K, T], key K, fn func(ctx context.Context, value T) (R, error), isAuthError func(error) bool) (result R, err error) {
	checkRetry("RetryKey", fn == nil || isAuthError == nil)
	m, failure := f.enter(ctx, key)
	if failure != nil {
		return result, &LoadError{Failures: []*Failure{failure}}
	}
	defer f.leave(m)
	return retry(ctx, m.core, fn, isAuthError)
}

// readKey is the slow half of Get and Refresh.
func readKey[K comparable, T any](ctx context.Context, f *Family[K, T], key K, anew bool) (value T, err error) {
	v, err := f.look(ctx, anew, key)
	if err != nil {
		return value, err
	}
	return *v.values[0].(*T), nil
}

func boxed[K comparable](keys []K) []any {
	list := make([]any, len(keys))
	for i, k := range keys {
		list[i] = k
	}
	return list
}
