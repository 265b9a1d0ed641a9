package lambdacache_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// busy wraps a handler that takes d and gives e's value at its beginning and end.
func busy(e *lc.Entry[string], d time.Duration, also ...lc.Cached) func(context.Context) (string, error) {
	h := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		v := e.Value(ctx)
		<-time.After(d)
		return v + e.Value(ctx), nil
	}, append(also, e)...)
	return func(ctx context.Context) (string, error) { return h(ctx, 0) }
}

// took tells how long f takes.
func took(f func()) time.Duration {
	begun := time.Now()
	f()
	return time.Since(begun)
}

// slow is a source that takes 50 ms, with n keys.
func slow(n int) (*scripted, *lc.Origin[string], []string) {
	keys, values := many(n)
	s := newScripted(10, values)
	s.latency = 50 * time.Millisecond
	return s, lc.NewOrigin("scripted", s), keys
}

// An invocation that begins late in the max age loads beside its handler: the handler
// waits for nothing, Wrap for what the handler's own time does not cover, and only the
// next invocation sees the new value.
func TestRefreshAheadHidesTheLoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(12)
		var others []lc.Cached
		for _, k := range keys[1:] {
			others = append(others, declare(o, k, lc.RefreshAhead(0.8)))
		}
		e := declare(o, keys[0], lc.RefreshAhead(0.8))
		s.set(keys[0], "1")
		read, brief := busy(e, 80*time.Millisecond, others...), busy(e, 20*time.Millisecond, others...)
		must(read(t.Context()))(t)
		s.took()
		s.set(keys[0], "2")

		<-time.After(47 * time.Second)
		want(t, "before 0.8 of the max age", must(read(t.Context()))(t), "11")
		want(t, "calls", len(s.took()), 0)
		<-time.After(time.Second)
		want(t, "a longer handler hides it", took(func() { want(t, "value", must(read(t.Context()))(t), "11") }), 80*time.Millisecond)
		want(t, "calls", len(s.took()), 2)
		want(t, "in flight at the end", flight.Running(), 0)
		want(t, "invocations that wait", lc.Waiting(), 0)
		want(t, "next", took(func() { want(t, "value", must(read(t.Context()))(t), "22") }), 80*time.Millisecond)
		want(t, "calls", len(s.took()), 0)

		<-time.After(50 * time.Second)
		want(t, "the rest of it is waited for", took(func() { must(brief(t.Context()))(t) }), 50*time.Millisecond)
		want(t, "calls", len(s.took()), 2)
		<-time.After(time.Minute)
		want(t, "a rare invocation waits as ever", took(func() { must(brief(t.Context()))(t) }), 70*time.Millisecond)
		want(t, "calls", len(s.took()), 2)
		want(t, "most at once", s.most, 1)
	})
}

// On Managed Instances nothing freezes, and nobody waits.
func TestRefreshAheadOnManagedInstances(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Managed))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5))
		read := busy(e, time.Millisecond)
		must(read(t.Context()))(t)
		<-time.After(31 * time.Second)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				want(t, "an invocation", took(func() { must(read(t.Context()))(t) }), time.Millisecond)
			})
		}
		all.Wait()
		want(t, "calls in flight", flight.Running(), 1)
		<-time.After(50 * time.Millisecond)
		want(t, "calls in flight", flight.Running(), 0)
		want(t, "calls", len(s.took()), 2)
		want(t, "age", e.Stats().Age, 51*time.Millisecond)
	})
}

// An early load that hangs costs half of the time left, one that fails nothing; it is
// not tried again before a pause, and the value is good to the end of its max age.
func TestRefreshAheadFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5), lc.LoadTimeout(time.Hour))
		read := busy(e, 0)
		must(read(t.Context()))(t)
		events := observe(t)
		s.failing(down)
		<-time.After(30 * time.Second)
		s.took()
		for range 100 {
			must(read(t.Context()))(t)
		}
		want(t, "calls", len(s.took()), 1)
		want(t, "events", events.count(lc.EventFailed), 1)
		want(t, "stale", events.count(lc.EventStale), 0)

		s.gate = make(chan struct{})
		<-time.After(2 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		want(t, "a source that hangs", took(func() { must(read(ctx))(t) }), 2*time.Second)
		want(t, "in flight at the end", flight.Running(), 0)
		want(t, "calls", len(s.took()), 1)
		want(t, "again", took(func() { must(read(t.Context()))(t) }), 0)
		want(t, "calls", len(s.took()), 0)

		<-time.After(time.Minute)
		close(s.gate)
		_, err := read(t.Context())
		wantError(t, err, "ServiceUnavailable") // due: the pause holds nobody back
	})
}

// A handler that panics leaves no early load behind.
func TestRefreshAheadAndAPanic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5))
		h := lc.Wrap(func(_ context.Context, boom bool) (int, error) {
			if boom {
				synctest.Wait()
				panic("boom")
			}
			return 0, nil
		}, e)
		must(h(t.Context(), false))(t)
		<-time.After(31 * time.Second)
		s.took()
		wantPanic(t, "boom", func() { _, _ = h(t.Context(), true) })
		want(t, "calls", len(s.took()), 1)
		want(t, "in flight", flight.Running(), 0)
	})
}

// A tier is asked for what is of use: a copy that would not be loaded early again at
// once.
func TestRefreshAheadAsksATierForAYoungCopy(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k", lc.RefreshAhead(0.5))
	read := reading(e)
	must(read(t.Context()))(t)
	guest.both(40 * time.Second)
	must(read(t.Context()))(t)
	want(t, "first", s.reqs[0].MaxAge, time.Minute)
	want(t, "early", s.reqs[1].MaxAge, 30*time.Second)
}

// Whoever asks meanwhile shares the early load.
func TestRefreshAheadIsALoadLikeAnyOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5))
		strict := declare(o, keys[0], lc.MaxAge(time.Second))
		h := lc.Wrap(func(ctx context.Context, _ int) (string, error) { return strict.Get(ctx) }, e)
		s.set(keys[0], "1")
		must(h(t.Context(), 0))(t)
		s.set(keys[0], "2")
		s.took()
		<-time.After(31 * time.Second)
		want(t, "joined", took(func() { want(t, "value", must(h(t.Context(), 0))(t), "2") }), 50*time.Millisecond)
		want(t, "calls", len(s.took()), 1)
	})
}

// A source that forbids asking yet is not asked early either.
func TestRefreshAheadHeedsNotBefore(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	s.tweak = func(r *lc.Result[string]) { r.NotBefore = 45 * time.Second }
	e := declare(lc.NewOrigin("scripted", s), "k", lc.RefreshAhead(0.5))
	read := reading(e)
	var asked []int
	for second := range 61 {
		must(read(t.Context()))(t)
		if len(s.took()) > 0 {
			asked = append(asked, second)
		}
		guest.both(time.Second)
	}
	want(t, "asked in seconds", fmt.Sprint(asked), "[0 45]")
}

// The end of another invocation does not cancel what is loaded beside a handler.
func TestEarlyLoadOutlivesAnotherInvocation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5))
		read, other := busy(e, time.Second), lc.Wrap(func(context.Context, int) (int, error) { return 0, nil })
		must(read(t.Context()))(t)
		<-time.After(30 * time.Second)
		s.set(keys[0], "new")
		s.gate = make(chan struct{})
		var long sync.WaitGroup
		long.Go(func() { must(read(t.Context()))(t) })
		synctest.Wait()
		want(t, "in flight", flight.Running(), 1)
		must(other(t.Context(), 0))(t)
		close(s.gate)
		long.Wait()
		want(t, "held", must(e.Get(t.Context()))(t), "new")
	})
}

// Nor does an early load go on when its invocation waits for it no longer, where nothing is
// known of freezing: neither after half of the time left, nor after a panic.
func TestEarlyLoadIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, keys := slow(1)
		s.latency = 0
		e := declare(o, keys[0], lc.RefreshAhead(0.5), lc.LoadTimeout(time.Hour))
		h := lc.Wrap(func(_ context.Context, boom bool) (int, error) {
			if synctest.Wait(); boom {
				panic("boom")
			}
			return 0, nil
		}, e)
		for _, boom := range []bool{false, true} {
			lc.Invalidate(e)
			s.gate = nil
			must(h(t.Context(), false))(t)
			<-time.After(30 * time.Second)
			s.gate = make(chan struct{})
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			if boom {
				wantPanic(t, "boom", func() { _, _ = h(ctx, true) })
			} else {
				must(h(ctx, false))(t)
			}
			synctest.Wait()
			want(t, "in flight at the end", flight.Running(), 0)
		}
	})
}
