package frompython_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
)

type event struct{ Refresh bool }

// handler is what lambda.Start takes.
type handler[R any] func(context.Context, event) (R, error)

// start gives an empty AWS, the time, and a process that has loaded nothing.
func start(t *testing.T) (*cachetest.AWS, *cachetest.Clock) {
	t.Helper()
	aws := cachetest.NewAWS(t)
	t.Setenv("TMPDIR", t.TempDir())
	cachetest.Reset(t)
	return aws, cachetest.NewClock(t)
}

// reading is a handler, already wrapped, that answers with the value of e.
func reading[T any](e *lambdacache.Entry[T], others ...lambdacache.Cached) handler[T] {
	return lambdacache.Wrap(func(ctx context.Context, _ event) (T, error) {
		return e.Value(ctx), nil
	}, append([]lambdacache.Cached{e}, others...)...)
}

// invoke is one invocation that must succeed.
func invoke[R any](t *testing.T, h handler[R]) R {
	t.Helper()
	got, err := h(t.Context(), event{})
	noError(t, err)
	return got
}

func get[T any](t *testing.T, e *lambdacache.Entry[T]) T {
	t.Helper()
	got, err := e.Get(t.Context())
	noError(t, err)
	return got
}

func refresh[T any](t *testing.T, e *lambdacache.Entry[T]) T {
	t.Helper()
	got, err := e.Refresh(t.Context())
	noError(t, err)
	return got
}

func contents(t *testing.T, f *s3cache.LocalFile) string {
	t.Helper()
	b, err := os.ReadFile(f.Path())
	noError(t, err)
	return string(b)
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%#v", got), fmt.Sprintf("%#v", want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

// says checks that an error is of a kind and that its text has every part.
func says(t *testing.T, err, kind error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	if kind != nil && !errors.Is(err, kind) {
		t.Errorf("the error is not %q: %v", kind, err)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error does not mention %q: %v", p, err)
		}
	}
}

// refuses checks that f panics with a text that has every part.
func refuses(t *testing.T, f func(), parts ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		if r == nil {
			t.Errorf("no panic, want one with %q", parts)
			return
		}
		for _, p := range parts {
			if !strings.Contains(fmt.Sprint(r), p) {
				t.Errorf("the panic does not mention %q: %v", p, r)
			}
		}
	}()
	f()
}
