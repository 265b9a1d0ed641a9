package ssmcache_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// lab is a fake AWS, a clock and the events of one test.
type lab struct {
	*testlab.Lab
	t     *testing.T
	clock *cachetest.Clock
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := testlab.New(t)
	return &lab{l, t, l.Clock}
}

// The names that the tests of this package have for what is in testlab.
func (l *lab) of(kind lambdacache.EventKind) []lambdacache.Event { return l.Of(kind) }
func (l *lab) due()                                              { l.Due() }
func (l *lab) prefetch(list ...lambdacache.Cached)               { l.t.Helper(); l.Prefetch(list...) }
func (l *lab) asked() []string                                   { return l.Asked() }

const secret = testlab.Secret

func get[T any](t *testing.T, e *lambdacache.Entry[T]) T { t.Helper(); return testlab.Get(t, e) }

func fails[T any](t *testing.T, e *lambdacache.Entry[T], texts ...string) error {
	t.Helper()
	return testlab.Fails(t, e, texts...)
}

func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	testlab.WantError(t, err, texts...)
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	testlab.Want(t, what, got, want)
}

func wantPanic(t *testing.T, text string, f func()) { t.Helper(); testlab.WantPanic(t, text, f) }

// parameters declares n parameters /app/p00, /app/p01, … that have their names as
// values.
func (l *lab) parameters(n int, put func(name, value string) int64, opts ...lambdacache.Option) (entries []*lambdacache.Entry[string], list []lambdacache.Cached) {
	for i := range n {
		name := fmt.Sprintf("/app/p%02d", i)
		put(name, "value of "+name)
		e := ssmcache.Parameter[string](name, opts...)
		entries, list = append(entries, e), append(list, e)
	}
	return entries, list
}

// reading is a wrapped handler that reads e.
func reading[T any](e *lambdacache.Entry[T], also ...lambdacache.Cached) func(t *testing.T) T {
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (T, error) { return e.Value(ctx), nil }, append(also, e)...)
	return func(t *testing.T) T {
		t.Helper()
		v, err := h(t.Context(), struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
