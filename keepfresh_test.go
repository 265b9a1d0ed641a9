package lambdacache_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// Readers never wait, and calls are as few as without it.
func TestKeepFresh(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, keys := slow(12)
		list := declareAll(o, keys[:11])
		e := declare(o, keys[11])
		once := declare(o, keys[0], lc.MaxAge(lc.Forever), lc.Name("once"))
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { lc.KeepFresh(ctx, append(list, e, once)...); close(stopped) }()
		<-time.After(time.Second)
		want(t, "calls at its start", len(s.took()), 2)
		for range 600 {
			want(t, "a reader waits", took(func() { must(e.Get(t.Context()))(t) }), 0)
			<-time.After(time.Second)
		}
		if n := len(s.took()); n < 2*10 || n > 2*13 {
			t.Errorf("%d calls in ten minutes, want two every 48 s or so", n)
		}
		want(t, "most at once", s.most, 1)

		s.failing(down)
		events := observe(t)
		<-time.After(2 * time.Minute)
		if n := len(s.took()); n > 2*20 {
			t.Errorf("%d calls to a broken source in two minutes", n)
		}
		want(t, "told", events.count(lc.EventFailed) > 0, true)
		s.failing(nil)
		<-time.After(31 * time.Second)
		want(t, "recovered", took(func() { must(e.Get(t.Context()))(t) }), 0)

		stop()
		<-stopped
		synctest.Wait()
		want(t, "in flight when it has stopped", flight.Running(), 0)
		s.took()
		<-time.After(10 * time.Minute)
		want(t, "calls after it has stopped", len(s.took()), 0)
	})
}

// Two of them make no more calls than one, and one that stops takes nothing from the other,
// whose loads it may share.
func TestKeepFreshTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, keys := slow(1)
		e := declare(o, keys[0])
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go lc.KeepFresh(ctx, e)
		for range 20 {
			other, stopOther := context.WithCancel(t.Context())
			stopped := make(chan struct{})
			go func() { lc.KeepFresh(other, e); close(stopped) }()
			for range 29 {
				<-time.After(time.Second)
				want(t, "a reader waits", took(func() { must(e.Get(t.Context()))(t) }), 0)
			}
			stopOther()
			<-stopped
		}
		if n := len(s.took()); n > 13 {
			t.Errorf("%d calls in ten minutes, want one every 48 s or so", n)
		}
		want(t, "most at once", s.most, 1)
	})
}

// A load that takes its time, such as that of a large object, keeps nobody else waiting.
func TestKeepFreshBesideALongLoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		long := newScripted(1, map[string]string{"long": "v"})
		long.gate = make(chan struct{})
		object := declare(lc.NewOrigin("long", long, lc.OriginLoadTimeout(0)), "long")
		s, o, keys := slow(1)
		e := declare(o, keys[0])
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { lc.KeepFresh(ctx, object, e); close(stopped) }()
		<-time.After(time.Second)
		for range 600 {
			want(t, "a reader waits", took(func() { must(e.Get(t.Context()))(t) }), 0)
			<-time.After(time.Second)
		}
		if n := len(s.took()); n < 10 || n > 13 {
			t.Errorf("%d calls in ten minutes, want one every 48 s or so", n)
		}
		want(t, "calls for what takes its time", len(long.took()), 1)

		stop()
		<-stopped
		synctest.Wait()
		want(t, "in flight when it has stopped", flight.Running(), 0)
	})
}

// A source that forbids asking is not asked in the last fifth of the time it forbids.
func TestKeepFreshHeedsNotBefore(t *testing.T) {
	for _, interval := range []time.Duration{time.Minute, 3 * time.Minute} {
		bubble(t, func(t *testing.T) {
			s, o, keys := slow(1)
			s.tweak = func(r *lc.Result[string]) { r.NotBefore = interval }
			e := declare(o, keys[0])
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go lc.KeepFresh(ctx, e)
			<-time.After(time.Second)
			want(t, "calls at its start", len(s.took()), 1)
			<-time.After(interval - 2*time.Second)
			want(t, "calls too early", len(s.took()), 0)
			<-time.After(20 * time.Second)
			want(t, "calls afterwards", len(s.took()), 1)
		})
	}
}

// A context that is done already starts nothing.
func TestKeepFreshOfAContextThatIsDone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		ctx, stop := context.WithCancel(t.Context())
		stop()
		lc.KeepFresh(ctx, declare(lc.NewOrigin("scripted", s), "k"))
		synctest.Wait() // for a load that was begun all the same
		want(t, "calls", len(s.took()), 0)
	})
}

func TestKeepFreshWhereNothingRunsOn(t *testing.T) {
	defer environment.Replace(environment.Function)()
	s := newScripted(1, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	lc.KeepFresh(t.Context(), e) // returns
	want(t, "calls", len(s.took()), 0)
	never := declare(lc.NewOrigin("scripted", s), "k", lc.MaxAge(0))
	wantPanic(t, `lambdacache: KeepFresh: k has MaxAge(0)`, func() { lc.KeepFresh(t.Context(), never) })
}

// However long the max age is, what was forgotten is there again within 10 s.
func TestKeepFreshLooksEveryTenSeconds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.MaxAge(time.Hour))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go lc.KeepFresh(ctx, e)
		<-time.After(time.Minute + time.Second)
		want(t, "calls", len(s.took()), 1)
		lc.Invalidate(e)
		<-time.After(10 * time.Second)
		want(t, "calls", len(s.took()), 1)
		want(t, "a reader waits", took(func() { must(e.Get(t.Context()))(t) }), 0)
	})
}
