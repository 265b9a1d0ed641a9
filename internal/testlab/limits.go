package testlab

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// Patiently runs a test of something that ends when its time is up with more and more
// time, from the first limit on, until that was enough for all that has to happen before:
// on a busy machine that may take long. try reports whether it was.
func Patiently(t *testing.T, first time.Duration, try func(t *testing.T, limit time.Duration) (enough bool)) {
	t.Helper()
	for limit, enough := first, false; !enough; limit *= 2 {
		if limit > 15*time.Second {
			t.Fatalf("%v was not enough", limit/2)
		}
		if !t.Run(limit.String(), func(t *testing.T) { enough = try(t, limit) }) {
			return
		}
	}
}

// InTime reads an entry, which must have a value unless its time is up before: then it
// reports false.
func InTime[T any](t testing.TB, e *lambdacache.Entry[T]) (v T, inTime bool) {
	t.Helper()
	v, err := e.Get(t.Context())
	if errors.Is(err, context.DeadlineExceeded) {
		return v, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return v, true
}

// Landed waits for the ends of loads: a load's goroutine ends after those who waited for
// it go on, and until then it may be counted, report an event or hold what it has loaded.
func Landed() {
	for flight.Running() > 0 {
		runtime.Gosched()
	}
}
