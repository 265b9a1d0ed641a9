package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestManyReadersShareOneLoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k")
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if v, err := e.Get(t.Context()); err != nil || v != "v" {
					t.Error(v, err)
				}
			})
		}
		synctest.Wait()
		close(s.gate)
		wg.Wait()
		want(t, "loads", len(s.took()), 1)
	})
}

// Whoever finds a load that is too old for him waits it out and shares the next with
// the others: never two in flight, at most two load times.
func TestLoadTooOldToJoin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v1"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k", lc.LoadTimeout(time.Hour))
		var wg sync.WaitGroup
		wg.Go(func() { want(t, "early", must(e.Get(t.Context()))(t), "v1") })
		synctest.Wait()
		<-time.After(2 * time.Minute) // the load hangs
		for range 5 {
			wg.Go(func() { want(t, "late", must(e.Get(t.Context()))(t), "v2") })
			wg.Go(func() { want(t, "refresh", must(e.Refresh(t.Context()))(t), "v2") })
		}
		synctest.Wait()
		want(t, "loads while the first hangs", len(s.took()), 1)
		s.gate <- struct{}{}
		synctest.Wait()
		s.set("k", "v2")
		s.gate <- struct{}{}
		wg.Wait()
		want(t, "loads of the late", len(s.took()), 1)
		want(t, "most at once", s.most, 1)
	})
}

func TestLoadSurvivesItsFirstCaller(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k")
		first, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := e.Get(first)
			want(t, "first caller's error is his context's", errors.Is(err, context.Canceled), true)
		})
		synctest.Wait()
		wg.Go(func() { want(t, "second", must(e.Get(t.Context()))(t), "v") })
		synctest.Wait()
		leave()
		synctest.Wait()
		s.gate <- struct{}{}
		wg.Wait()
		want(t, "loads", len(s.took()), 1)
	})
}

func TestLoadEndsWhenTheLastCallerLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(10, map[string]string{"a": "v", "b": "v"})
		s.gate = make(chan struct{})
		o := lc.NewOrigin("scripted", s)
		a, b := declare(o, "a"), declare(o, "b")
		ctx, leave := context.WithCancel(t.Context())
		go func() { _ = lc.Prefetch(ctx, a, b) }()
		synctest.Wait()
		waiting, leaveToo := context.WithCancel(t.Context())
		go func() { _, _ = b.Get(waiting) }()
		synctest.Wait()
		leave()
		synctest.Wait()
		want(t, "running while b is waited for", flight.Running(), 1)
		leaveToo()
		synctest.Wait()
		want(t, "running when nobody is left", flight.Running(), 0)

		close(s.gate) // an abandoned load cannot be joined, and hinders nobody
		want(t, "value", must(a.Get(t.Context()))(t), "v")
	})
}

func TestLoadTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		o := lc.NewOrigin("scripted", s)
		start := time.Now()
		_, err := declare(o, "k").Get(t.Context())
		want(t, "default", time.Since(start), 3*time.Second)
		wantError(t, err, `load "k" from scripted: no answer within 3s (lambdacache.LoadTimeout)`)
		want(t, "is a deadline", errors.Is(err, context.DeadlineExceeded), true)

		start = time.Now()
		_, err = declare(lc.NewOrigin("scripted", s), "k", lc.LoadTimeout(time.Minute)).Get(t.Context())
		want(t, "own", time.Since(start), time.Minute)
		wantError(t, err, "no answer within 1m0s")

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err = declare(lc.NewOrigin("scripted", s, lc.OriginLoadTimeout(0)), "k").Get(ctx)
		wantError(t, err, "gave up waiting for the load: context deadline exceeded")
	})
}

// The invocation's time ends before the load's: what could not be loaded is reported
// while Lambda still listens.
func TestInvocationTimeIsUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := reading(declare(lc.NewOrigin("scripted", s), "k"))(ctx)
		wantError(t, err, `load "k" from scripted: gave up waiting for the load: the invocation's time is up`)
		want(t, "context", ctx.Err(), nil)
	})
}

func TestNothingInFlightWhenWrapReturns(t *testing.T) {
	for _, kind := range []environment.Kind{environment.Function, environment.Managed} {
		bubble(t, func(t *testing.T) {
			defer environment.Replace(kind)()
			s := newScripted(1, map[string]string{"k": "v"})
			s.gate = make(chan struct{})
			slow := declare(lc.NewOrigin("scripted", s), "k")
			var users error
			var wg sync.WaitGroup
			h := lc.Wrap(func(context.Context, struct{}) (int, error) {
				wg.Go(func() { _, users = slow.Get(context.Background()) }) // outlives the handler
				synctest.Wait()
				return 1, nil
			})
			must(h(t.Context(), struct{}{}))(t)
			if kind == environment.Managed {
				want(t, "running on Managed Instances", flight.Running(), 1)
				close(s.gate)
				wg.Wait()
				want(t, "error", users, nil)
				return
			}
			want(t, "running in an environment that freezes", flight.Running(), 0)
			wg.Wait()
			wantError(t, users, "the last running invocation ended during the load")
		})
	}
}

// A load that does not heed its context binds nobody longer than it may take, and
// costs the invocations that do not use it one short wait, once.
func TestLoadThatDoesNotHeedItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		never := make(chan struct{})
		deaf := lc.New("deaf", func(context.Context) (int, error) { <-never; return 1, nil }, lc.LoadTimeout(time.Second))
		start := time.Now()
		_, err := deaf.Get(context.Background())
		wantError(t, err, `load "deaf" from func: no answer within 1s (lambdacache.LoadTimeout)`)
		want(t, "is a deadline", errors.Is(err, context.DeadlineExceeded), true)
		want(t, "waited", time.Since(start), 1100*time.Millisecond)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		healthy := lc.Wrap(func(context.Context, int) (int, error) { return 1, nil })
		for _, most := range []time.Duration{200 * time.Millisecond, 0, 0} {
			start = time.Now()
			must(healthy(ctx, 0))(t)
			want(t, "wait of an invocation that does not use it", time.Since(start), most)
		}
		start = time.Now()
		_, err = reading(deaf)(ctx)
		wantError(t, err, "no answer within 1s")
		want(t, "wait of the next that does", time.Since(start), 0)
		close(never)
		synctest.Wait()
		want(t, "value in the end", must(deaf.Get(ctx))(t), 1)
	})
}

// Of two invocations that run, the one that ends first leaves the other's loads alone.
func TestOnlyTheLastInvocationCancels(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k")
		var wg sync.WaitGroup
		wg.Go(func() { want(t, "value", must(reading(e)(t.Context()))(t), "v") })
		synctest.Wait()
		quick := lc.Wrap(func(context.Context, struct{}) (int, error) { return 1, nil })
		must(quick(t.Context(), struct{}{}))(t)
		want(t, "running", flight.Running(), 1)
		close(s.gate)
		wg.Wait()
	})
}

// 16 invocations at a time with entries due all the time: no wrong value, no value
// of two versions, never two loads of a key. Run under the race detector.
func TestConcurrentInvocations(t *testing.T) {
	const invocations, atOnce = 20_000, 16
	keys, values := many(12)
	s := newScripted(5, values)
	o := lc.NewOrigin("scripted", s)
	var entries []lc.Cached
	var firsts, seconds []*lc.Entry[string]
	for i, k := range keys {
		age := lc.MaxAge(time.Duration(i%3) * 200 * time.Microsecond)
		firsts = append(firsts, declare(o, k, age))
		seconds = append(seconds, declare(o, k, age)) // fed by the same key
		entries = append(entries, firsts[i], seconds[i])
	}
	var version atomic.Int64
	h := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		for i, k := range keys {
			v := firsts[i].Value(ctx)
			if v != seconds[i].Value(ctx) || v != firsts[i].Value(ctx) {
				return 0, fmt.Errorf("two versions of %s", k)
			}
			if len(v) < len(k) || v[len(v)-len(k):] != k {
				return 0, fmt.Errorf("%s has the value %q", k, v)
			}
		}
		return 1, nil
	}, entries...)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range atOnce {
		wg.Go(func() {
			for n := next.Add(1); n <= invocations; n = next.Add(1) {
				if n%50 == 0 {
					k := keys[n%12]
					s.set(k, fmt.Sprint(version.Add(1), " of ", k))
				}
				if n%70 == 0 {
					lc.Invalidate(entries[n%24])
				}
				if n%30 == 0 {
					if _, err := firsts[n%12].Refresh(context.Background()); err != nil {
						t.Error(err)
					}
				}
				if _, err := h(context.Background(), 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want(t, "most loads of a key at once", s.most, 1)
	testlab.Landed()
}

// A key that needs a second load does not wait for another origin's first.
func TestOriginsDoNotWaitForEachOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		object, parameter := newScripted(1, map[string]string{"o": "1"}), newScripted(1, map[string]string{"p": "1"})
		o := declare(lc.NewOrigin("object", object), "o", lc.LoadTimeout(time.Hour))
		p := declare(lc.NewOrigin("parameter", parameter), "p", lc.LoadTimeout(time.Hour))
		parameter.gate = make(chan struct{})
		go func() { _, _ = p.Get(t.Context()) }() // a load that will be too old
		synctest.Wait()
		<-time.After(2 * time.Minute)
		object.gate = make(chan struct{})
		var both sync.WaitGroup
		both.Go(func() { must(0, lc.Prefetch(t.Context(), o, p))(t) })
		synctest.Wait()
		parameter.gate <- struct{}{}
		synctest.Wait()
		want(t, "loads of the parameter while the object takes its time", len(parameter.took()), 2)
		close(parameter.gate)
		close(object.gate)
		both.Wait()
	})
}

// A load that nobody waited for any longer may bring its answer all the same: whoever came
// meanwhile, too late to join it, has it and makes no call.
func TestAnAnswerAfterAllIsTaken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.latency = time.Second // it does not heed its context
		e := declare(lc.NewOrigin("scripted", s), "k")
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := e.Get(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		want(t, "value", must(e.Get(t.Context()))(t), "v")
		all.Wait()
		want(t, "calls", len(s.took()), 1)
	})
}
