package cachetest

import (
	"context"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// FixedValue is an entry with the value it has in a test, or with its failure: see [Fixed]
// and [Failing].
type FixedValue struct {
	entry any
	value func() any // as no verb of fmt looks into it
}

// Fixed gives an entry a value in the context that [Context] makes. A nil entry
// panics.
func Fixed[T any](entry *lambdacache.Entry[T], value T) FixedValue {
	if entry == nil {
		panic("cachetest: Fixed: the entry is nil")
	}
	return FixedValue{entry, func() any { return &value }}
}

// FixedKey gives a family's key a value, as [Fixed] does an entry. A nil family panics.
func FixedKey[K comparable, T any](family *lambdacache.Family[K, T], key K, value T) FixedValue {
	if family == nil {
		panic("cachetest: FixedKey: the family is nil")
	}
	return FixedValue{fixed.Key{Family: family, Key: key}, func() any { return &value }}
}

// Failing makes an entry one that cannot be loaded in the context that [Context] makes:
// Wrap, Get, Refresh, Retry and Prefetch give a *lambdacache.LoadError that names the
// entry and wraps err, whatever is held; reading the value without a Wrap panics. Give an
// error that the source would: lambdacache.ErrNotFound, ErrDenied, ErrThrottled, or
// context.DeadlineExceeded for one that hangs. A nil entry and a nil error panic.
func Failing[T any](entry *lambdacache.Entry[T], err error) FixedValue {
	if entry == nil || err == nil {
		panic("cachetest: Failing: an entry and an error are required")
	}
	return FixedValue{entry, func() any { return fixed.Failure{Err: err} }}
}

// FailingKey makes a family's key one that cannot be loaded, as [Failing] does an entry.
// A nil family and a nil error panic.
func FailingKey[K comparable, T any](family *lambdacache.Family[K, T], key K, err error) FixedValue {
	if family == nil || err == nil {
		panic("cachetest: FailingKey: a family and an error are required")
	}
	return FixedValue{fixed.Key{Family: family, Key: key}, func() any { return fixed.Failure{Err: err} }}
}

// Context makes a context in which entries have the values given, so that a handler
// can be tested without AWS:
//
//	ctx := cachetest.Context(t, cachetest.Fixed(apiKey, "k"))
//	got, err := handler(ctx, event)
//
// Value, Get, Refresh, the same of families, Retry, Prefetch, lambdacache.Value by name,
// and handlers made by Wrap, WrapAny and WrapHTTP take them from there, and load nothing
// for these entries. A fixed value is what Retry finds again as well: to test a rotation
// use [NewAWS]. What has no value here is loaded as ever. It is also the context of an
// invocation, so that a handler may be called without its Wrap; give it to an HTTP
// handler as its request's context. The context ends with the test.
func Context(t testing.TB, values ...FixedValue) context.Context {
	t.Helper()
	all := make(fixed.Values, len(values))
	for _, v := range values {
		all[v.entry] = v.value()
	}
	return fixed.NewContext(t.Context(), all)
}
