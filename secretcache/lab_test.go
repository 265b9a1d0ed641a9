package secretcache_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
	"github.com/lambda-cache/lambdacache/secretcache"
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

// secrets declares n secrets app/s00, app/s01, … that have their names as values.
func (l *lab) secrets(n int, opts ...lambdacache.Option) (entries []*lambdacache.Entry[string], list []lambdacache.Cached) {
	for i := range n {
		name := fmt.Sprintf("app/s%02d", i)
		l.Secrets.PutString(name, "value of "+name)
		e := secretcache.Secret[string](name, opts...)
		entries, list = append(entries, e), append(list, e)
	}
	return entries, list
}

// wantOneFailure gives the only failure of err.
func wantOneFailure(t *testing.T, err error) *lambdacache.Failure {
	t.Helper()
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != 1 {
		t.Fatalf("not one failure: %v", err)
	}
	return failed.Failures[0]
}
