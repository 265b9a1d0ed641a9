package httpcache

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	leftover.Main(m)
}

// lab is a site and a clock for one test.
type lab struct {
	*site.Site
	t     *testing.T
	clock *cachetest.Clock
}

func newLab(t *testing.T) *lab {
	t.Helper()
	testlab.Landed() // of the test before
	l := &lab{Site: site.New(t), t: t, clock: cachetest.NewClock(t)}
	cachetest.Reset(t)
	return l
}

// pass lets more than the default max age go by.
func (l *lab) pass() { l.clock.Advance(lambdacache.DefaultMaxAge + time.Second) }

// get reads an entry that must have a value.
func get[T any](t *testing.T, e *lambdacache.Entry[T]) T {
	t.Helper()
	v, err := e.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// failure reads an entry that must not have a value, and looks for texts in its error.
func failure[T any](t *testing.T, e *lambdacache.Entry[T], texts ...string) error {
	t.Helper()
	v, err := e.Get(context.Background())
	if err == nil {
		t.Fatalf("got %v, want an error", v)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error: %v", text, err)
		}
	}
	return err
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// panicOf gives what f panics with.
func panicOf(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		r := recover()
		if r == nil {
			t.Error("no panic")
			return
		}
		text = r.(string)
	}()
	f()
	return ""
}
