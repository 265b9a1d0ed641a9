package lambdacache_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// each gets every entry on a goroutine of its own.
func each(ctx context.Context, entries []lc.Cached) (wait func() []error) {
	var all sync.WaitGroup
	errs := make([]error, len(entries))
	for i, e := range entries {
		all.Go(func() { _, errs[i] = e.(*lc.Entry[string]).Get(ctx) })
	}
	return func() []error { all.Wait(); return errs }
}

func sizes(calls [][]string) (list []int) {
	for _, c := range calls {
		list = append(list, len(c))
	}
	slices.Sort(list)
	return list
}

func wantSizes(t *testing.T, s *scripted, want ...int) {
	t.Helper()
	if got := sizes(s.took()); !slices.Equal(got, want) {
		t.Errorf("calls for %v keys, want %v", got, want)
	}
}

// Misses of many callers at once: a few depart alone, and the others together.
func TestMissesOfManyCallersShareCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(64)
		s := newScripted(10, values)
		s.latency = time.Second
		o := lc.NewOrigin("thing", s)
		start := time.Now()
		errs := each(t.Context(), declareAll(o, keys))()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		wantSizes(t, s, 1, 1, 1, 1, 10, 10, 10, 10, 10, 10)
		want(t, "time", time.Since(start), 3*time.Second) // four, four, and two
	})
}

// What one ask needs departs together, whatever is waited for elsewhere afterwards.
func TestOneAskDepartsTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(100)
		s := newScripted(10, values)
		s.latency = time.Second
		o := lc.NewOrigin("thing", s)
		start := time.Now()
		if err := lc.Prefetch(t.Context(), declareAll(o, keys)...); err != nil {
			t.Fatal(err)
		}
		wantSizes(t, s, slices.Repeat([]int{10}, 10)...)
		want(t, "time", time.Since(start), time.Second)
	})
}

// No more calls at once than there may be, also of keys that each take one.
func TestCallsAtOnce(t *testing.T) {
	for _, max := range []int{1, 10} {
		bubble(t, func(t *testing.T) {
			keys, values := many(40)
			s := newScripted(max, values)
			o := lc.NewOrigin("thing", s, lc.OriginMaxCalls(2))
			s.gate = make(chan struct{})
			done := false
			go func() {
				if err := lc.Prefetch(t.Context(), declareAll(o, keys)...); err != nil {
					t.Error(err)
				}
				done = true
			}()
			for calls := 40 / max; calls > 0; calls-- {
				synctest.Wait()
				departed, waiting := lc.CallsInFlight(o)
				want(t, "in flight", departed, min(2, calls))
				want(t, "waiting", waiting, calls-departed)
				s.gate <- struct{}{}
			}
			synctest.Wait()
			departed, waiting := lc.CallsInFlight(o)
			want(t, "done", done && departed+waiting == 0, true)
		})
	}
	wantPanic(t, "OriginMaxCalls(0)", func() { lc.OriginMaxCalls(0) })
}

// full holds an origin's only place with a key of its own.
func full(t *testing.T, values map[string]string) (s *scripted, o *lc.Origin[string], release func()) {
	t.Helper()
	s = newScripted(10, values)
	s.set("first", "value")
	s.gate = make(chan struct{})
	o = lc.NewOrigin("thing", s, lc.OriginMaxCalls(1))
	wait := each(t.Context(), []lc.Cached{declare(o, "first")})
	synctest.Wait()
	return s, o, func() { close(s.gate); wait() }
}

// A load that waits for its place has not started: whoever asks by then may share it,
// whatever he wants, and Invalidate does not disown it.
func TestAWaitingLoadIsSharedByAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, release := full(t, map[string]string{"/k": "old"})
		e, other := declare(o, "/k", lc.MaxAge(0)), declare(o, "/k", lc.MaxAge(time.Minute))
		var all sync.WaitGroup
		read := func(f func(context.Context) (string, error)) {
			all.Go(func() { want(t, "value", must(f(t.Context()))(t), "new") })
			synctest.Wait()
		}
		read(e.Get)
		<-time.After(time.Second)
		read(other.Get)
		read(e.Refresh)
		lc.Invalidate(e)
		read(other.Refresh)
		s.set("/k", "new")
		release()
		all.Wait()
		want(t, "calls", sorted(s.took()), "/k first")
		want(t, "held", other.Version(), "v:new")
		want(t, "age", other.Stats().Age, 0)
	})
}

// A copy must be young enough also for who comes while the load waits: an entry that was
// not declared before, and a Refresh.
func TestAWaitingLoadTakesNoOldCopy(t *testing.T) {
	for accepted, come := range map[time.Duration]func(*lc.Entry[string], context.Context) (string, error){
		time.Second: (*lc.Entry[string]).Get,
		0:           (*lc.Entry[string]).Refresh,
	} {
		bubble(t, func(t *testing.T) {
			s, o, release := full(t, map[string]string{"/k": "v"})
			var all sync.WaitGroup
			all.Go(func() { must(declare(o, "/k", lc.MaxAge(time.Hour)).Get(t.Context()))(t) })
			synctest.Wait()
			all.Go(func() { must(come(declare(o, "/k", lc.MaxAge(time.Second)), t.Context()))(t) })
			synctest.Wait()
			release()
			all.Wait()
			last := s.reqs[len(s.reqs)-1]
			want(t, "calls", len(s.reqs), 2)
			want(t, "accepted age of "+last.Key, last.MaxAge, accepted)
		})
	}
}

// A key that nobody waits for any longer is not asked for.
func TestAWaitingLoadIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, release := full(t, map[string]string{"/k": "v"})
		e := declare(o, "/k")
		ctx, leave := context.WithCancel(t.Context())
		wait := each(ctx, []lc.Cached{e})
		synctest.Wait()
		want(t, "running", flight.Running(), 2)
		leave()
		synctest.Wait()
		want(t, "running", flight.Running(), 1)
		if err := wait()[0]; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		release()
		synctest.Wait()
		want(t, "calls", sorted(s.took()), "first")
		want(t, "value", must(e.Get(t.Context()))(t), "v") // the line is not blocked
	})
}

// Who leaves the line had no place that another could get.
func TestALoadThatLeavesTheLineFreesNoPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(3)
		s := newScripted(1, values)
		s.gate = make(chan struct{})
		o := lc.NewOrigin("thing", s, lc.OriginMaxCalls(1))
		ctx, leave := context.WithCancel(t.Context())
		var waits []func() []error
		for i, e := range declareAll(o, keys) {
			waits = append(waits, each([]context.Context{t.Context(), t.Context(), ctx}[i], []lc.Cached{e}))
			synctest.Wait()
		}
		leave()
		synctest.Wait()
		want(t, "calls while the only place is taken", sorted(s.took()), keys[0])
		departed, waiting := lc.CallsInFlight(o)
		want(t, "in flight", departed, 1)
		want(t, "waiting", waiting, 1)
		close(s.gate)
		for _, wait := range waits {
			wait()
		}
	})
}

// When the last invocation ends, what waits for its place goes as well, and does not
// take the place that becomes free.
func TestNothingWaitsWhenWrapReturns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		keys, values := many(12)
		s := newScripted(1, values)
		s.gate = make(chan struct{})
		o := lc.NewOrigin("thing", s, lc.OriginMaxCalls(2))
		var wait func() []error
		h := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
			wait = each(context.WithoutCancel(ctx), declareAll(o, keys))
			synctest.Wait()
			return 0, nil
		})
		if _, err := h(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		want(t, "running", flight.Running(), 0)
		for _, err := range wait() {
			if !errors.Is(err, flight.ErrGrounded) {
				t.Error(err)
			}
		}
		want(t, "calls", len(s.took()), 2)
	})
}

// A source that does not return keeps neither its place nor the line: others go on when
// its time is up.
func TestADeafCallKeepsNoPlace(t *testing.T) {
	for _, leaves := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			s := newScripted(1, map[string]string{"/k": "v"})
			release := make(chan struct{})
			s.fail = func(keys []string) error {
				if keys[0] == "deaf" {
					<-release
				}
				return nil
			}
			o := lc.NewOrigin("thing", s, lc.OriginMaxCalls(1))
			ctx, leave := context.WithCancel(t.Context())
			wait := each(ctx, []lc.Cached{declare(o, "deaf")})
			synctest.Wait()
			start, took := time.Now(), 3100*time.Millisecond // its load timeout, and the time to heed it
			if leaves {
				leave()
				took = 100 * time.Millisecond
			}
			want(t, "value", must(declare(o, "/k").Get(t.Context()))(t), "v")
			want(t, "time", time.Since(start), took)
			leave()
			close(release)
			wait()
			synctest.Wait()
			departed, _ := lc.CallsInFlight(o)
			want(t, "in flight", departed, 0)
		})
	}
}

// A load's time is its own: what it spends in the line does not count.
func TestWaitingDoesNotCount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(5)
		s := newScripted(1, values)
		s.latency = 2900 * time.Millisecond
		o := lc.NewOrigin("thing", s, lc.OriginMaxCalls(1))
		if err := errors.Join(each(t.Context(), declareAll(o, keys))()...); err != nil {
			t.Error(err)
		}
	})
}
