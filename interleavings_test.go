package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// whoever waited more than a second may still share a load that started after he asked.
func TestLateLoadShared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		e := lc.New("k", func(context.Context) (int, error) { <-time.After(2 * time.Second); n++; return n, nil }, lc.MaxAge(0))
		var wg sync.WaitGroup
		wg.Go(func() { must(e.Get(t.Context()))(t) })
		for range 10 {
			<-time.After(10 * time.Millisecond)
			wg.Go(func() {
				begun := time.Now()
				must(e.Get(t.Context()))(t)
				if took := time.Since(begun); took > 4*time.Second {
					t.Errorf("waited %v", took)
				}
			})
		}
		wg.Wait()
		want(t, "loads", n, 2)
	})
}

// a copy that is young enough for who asked first is too old for who joins.
func TestJoinedCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tier{gate: make(chan struct{})}
		o := lc.NewOrigin("tier", s)
		patient, strict := declare(o, "k", lc.MaxAge(time.Minute)), declare(o, "k", lc.MaxAge(10*time.Second))
		var wg sync.WaitGroup
		wg.Go(func() { must(patient.Get(t.Context()))(t) })
		synctest.Wait()
		wg.Go(func() { want(t, "value", must(strict.Get(t.Context()))(t), "new") })
		synctest.Wait()
		close(s.gate)
		wg.Wait()
	})
}

// 2a: nor is a copy an answer to Refresh, though its load started since.
func TestRefreshJoinsCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, slow := &tier{gate: make(chan struct{})}, newScripted(1, map[string]string{"slow": "s"})
		slow.gate = make(chan struct{})
		e := declare(lc.NewOrigin("tier", s, lc.OriginLoadTimeout(0)), "k")
		first := declare(lc.NewOrigin("slow", slow, lc.OriginLoadTimeout(0)), "slow")
		n := 0
		d := pairOf("pair", &n, first, e)
		var wg sync.WaitGroup
		wg.Go(func() { must(e.Get(t.Context()))(t) })
		synctest.Wait()
		wg.Go(func() { // waits for slow, and then for a load that a Get has started since
			if _, err := d.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
			want(t, "held after Refresh", must(e.Get(t.Context()))(t), "new")
		})
		synctest.Wait()
		s.gate <- struct{}{}
		synctest.Wait()
		<-time.After(11 * time.Second)
		wg.Go(func() { must(e.Get(t.Context()))(t) })
		synctest.Wait()
		close(slow.gate)
		synctest.Wait()
		close(s.gate)
		wg.Wait()
	})
}

// tier answers with a copy as old as the request accepts.
type tier struct{ gate chan struct{} }

func (s *tier) Load(_ context.Context, reqs []lc.Request) []lc.Result[string] {
	<-s.gate
	if reqs[0].MaxAge < 50*time.Second {
		return []lc.Result[string]{{Value: "new"}}
	}
	return []lc.Result[string]{{Value: "old", Age: 50 * time.Second}}
}

// the copy was young enough when the load started, not for who joins later.
func TestJoinedCopyLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tier{gate: make(chan struct{})}
		e := declare(lc.NewOrigin("tier", s, lc.OriginLoadTimeout(0)), "k")
		go func() { _, _ = e.Get(context.Background()) }()
		synctest.Wait()
		<-time.After(30 * time.Second)
		var wg sync.WaitGroup
		wg.Go(func() {
			must(e.Get(context.Background()))(t)
			if age := e.Stats().Age; age > time.Minute {
				t.Errorf("got a copy that is %v old", age)
			}
		})
		synctest.Wait()
		s.gate <- struct{}{}
		synctest.Wait()
		select {
		case s.gate <- struct{}{}:
		case <-time.After(time.Second):
		}
		wg.Wait()
	})
}

// a stream of an invocation that has ended reads; the next invocation's end cancels its load.
func TestStreamOfEndedInvocation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		slow := declare(lc.NewOrigin("scripted", s), "k")
		h := lc.Wrap(func(ctx context.Context, _ int) (context.Context, error) { return ctx, nil })
		ctx := must(h(t.Context(), 0))(t) // nothing in flight at its end
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = slow.Get(ctx) })
		synctest.Wait()
		must(h(t.Context(), 0))(t)
		want(t, "running when the last Wrap has returned", flight.Running(), 0)
		close(s.gate)
		wg.Wait()
	})
}

// the budget ends in mid-isolation: the neighbours are no culprits.
func TestBudgetEndsInIsolation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(10)
		events := observe(t)
		s := newScripted(10, values)
		s.fail = func(asked []string) error {
			if len(asked) > 1 { // the calls after the batch hang
				s.mu.Lock()
				s.gate = make(chan struct{})
				s.mu.Unlock()
			}
			return denying(keys[3])(asked)
		}
		o := lc.NewOrigin("scripted", s)
		entries := declareAll(o, keys)
		s.asked = make(chan string)
		done := make(chan error)
		go func() { done <- lc.Prefetch(t.Context(), entries...) }()
		for range 1 + 10 {
			<-s.asked
		}
		<-done // 3 s later
		want(t, "isolated", events.count(lc.EventIsolated), 0)
		s.mu.Lock()
		s.asked, s.gate = nil, nil
		s.fail = nil
		s.mu.Unlock()
		s.took()
		must(0, lc.Prefetch(t.Context(), entries...))(t)
		want(t, "calls", len(s.took()), 1)
	})
}

// a neighbour that is throttled alone is no culprit either.
func TestThrottledAlone(t *testing.T) {
	keys, values := many(3)
	events := observe(t)
	s := newScripted(10, values)
	s.fail = func(ks []string) error {
		if len(ks) > 1 {
			return denying(keys[0])(ks)
		}
		if ks[0] == keys[1] {
			return lc.Throttled(errors.New("ThrottlingException"))
		}
		return denying(keys[0])(ks)
	}
	entries := declareAll(lc.NewOrigin("scripted", s), keys)
	_ = lc.Prefetch(t.Context(), entries...)
	want(t, "isolated", fmt.Sprint(events.count(lc.EventIsolated)), "1")
}

// inner Wrap, after the outer has run for longer than max age: one key, two versions.
func TestNestedLong(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	user, password := declare(o, "k", lc.Name("user")), declare(o, "k", lc.Name("password"))
	in := lc.Wrap(func(ctx context.Context, _ int) (string, error) { return user.Value(ctx) + password.Value(ctx), nil }, password)
	out := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		s.set("k", "v2")
		guest.both(2 * time.Minute)
		return in(ctx, 0)
	}, user)
	want(t, "versions", must(out(context.Background(), 0))(t), "v1v1")
}

// an invocation that ends does not cancel the loads of one that begins just then.
func TestEndCancelsNewcomer(t *testing.T) {
	defer environment.Replace(environment.Function)()
	s := newScripted(1, map[string]string{"k": "v"})
	s.tweak = func(*lc.Result[string]) { runtime.Gosched() }
	o := lc.NewOrigin("scripted", s)
	var wg sync.WaitGroup
	for i := range 16 {
		read := reading(declare(o, fmt.Sprint("k", i%4), lc.MaxAge(0)))
		s.set(fmt.Sprint("k", i%4), "v")
		wg.Go(func() {
			for range 2000 {
				if _, err := read(context.Background()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// an observer that ends its goroutine (t.FailNow) leaves nobody waiting.
func TestObserverGoexit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		lc.Observe(func(lc.Event) { runtime.Goexit() })
		defer lc.Observe(nil)
		keys, values := many(3)
		s := newScripted(10, values)
		s.fail = denying(keys[1])
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begun := time.Now()
		_ = lc.Prefetch(ctx, declareAll(lc.NewOrigin("scripted", s), keys)...)
		want(t, "waited", time.Since(begun), 0)
	})
}

// a decoder that ends its goroutine leaves nobody waiting either, and what has been answered
// by then as it is.
func TestDecoderGoexit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(10, map[string]string{"good": "v", "last": "w"})
		o := lc.NewOrigin("scripted", s)
		good, none := declare(o, "good"), declare(o, "none")
		last := lc.Declare(o, "last", "", func(string) (string, error) { runtime.Goexit(); return "", nil })
		var failed *lc.LoadError
		if err := lc.Prefetch(t.Context(), good, none, last); !errors.As(err, &failed) || len(failed.Failures) != 2 {
			t.Fatal(err)
		}
		want(t, "not there", errors.Is(failed.Failures[0], lc.ErrNotFound), true)
		wantError(t, failed.Failures[1], "ended without an answer")
		s.took()
		want(t, "held", must(good.Get(t.Context()))(t), "v")
		want(t, "calls", len(s.took()), 0)
		want(t, "failures of what is not there", none.Stats().Failures, 1)
	})
}
