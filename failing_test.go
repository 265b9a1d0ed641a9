package lambdacache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// What a sibling could not decode was no failure of the source: the first pause after
// one is the shortest.
func TestPausesOfASiblingThatCannotDecode(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "v"})
	o := lc.NewOrigin("scripted", s)
	e := declare(o, "k", lc.StaleIfError(tenMinutes))
	lc.Declare(o, "k", "never", func(string) (string, error) { return "", errors.New("bad") })
	for range 10 {
		must(e.Get(t.Context()))(t)
		guest.both(time.Minute)
	}
	s.failing(down)
	must(e.Get(t.Context()))(t)
	s.took()
	guest.both(time.Second)
	must(e.Get(t.Context()))(t)
	want(t, "calls after a second", len(s.took()), 1)
}

// That the caller left the handler's context is not the source's failure.
func TestCancelledEarlyLoadIsNoFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5), lc.StaleIfError(tenMinutes))
		read := busy(e, 0)
		must(read(t.Context()))(t)
		s.gate = make(chan struct{})
		<-time.After(time.Minute - 100*time.Millisecond)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		must(read(ctx))(t)
		want(t, "in flight", flight.Running(), 0)
		close(s.gate)
		s.set(keys[0], "new")
		<-time.After(60 * time.Millisecond)
		want(t, "value", must(read(t.Context()))(t), "newnew")
	})
}

// An early load is joined wherever Wrap is not known to run on Managed Instances: a test
// that has called the handler has nothing left behind.
func TestRefreshAheadOutsideLambda(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Elsewhere))
		_, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5))
		read := busy(e, 0)
		must(read(t.Context()))(t)
		<-time.After(31 * time.Second)
		want(t, "an invocation", took(func() { must(read(t.Context()))(t) }), 50*time.Millisecond)
		synctest.Wait() // a load's goroutine ends after those who waited for it go on
		want(t, "in flight", flight.Running(), 0)
	})
}

// Two Wraps of one invocation show one version, also where it is an old one.
func TestNestedWrapsOfAStaleKey(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "old"})
	o := lc.NewOrigin("scripted", s)
	outer, inner := declare(o, "k", lc.StaleIfError(tenMinutes)), declare(o, "k", lc.StaleIfError(tenMinutes))
	must(invoke(t.Context(), outer, inner))(t)
	s.failing(down)
	guest.both(2 * time.Minute)
	h := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		s.failing(nil)
		s.set("k", "new")
		guest.both(2 * time.Second)
		return lc.Wrap(func(ctx context.Context, _ int) (string, error) {
			return outer.Value(ctx) + " " + inner.Value(ctx), nil
		}, inner)(ctx, 0)
	}, outer)
	want(t, "values", must(h(t.Context(), 0))(t), "old old")
}
