package flight

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errOverdue = errors.New("overdue")

// budgeted starts work that has a budget from its beginning.
func budgeted(ctx context.Context, waiters int, budget time.Duration, overdue error, work func(context.Context)) *Call {
	return Go(ctx, waiters, func(ctx context.Context, c *Call) {
		ctx, stop := c.Within(ctx, budget, overdue)
		defer stop()
		work(ctx)
	})
}

// hold starts work that lasts until its context ends, and gives the cause.
func hold(t *testing.T, waiters int, budget time.Duration) (*Call, func() error) {
	var cause error
	c := budgeted(t.Context(), waiters, budget, errOverdue, func(ctx context.Context) {
		<-ctx.Done()
		cause = context.Cause(ctx)
	})
	return c, func() error { <-c.ended; return cause }
}

func TestLastLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ended := hold(t, 2, 0)
		c.Leave()
		if !c.Join() {
			t.Error("a call with a waiter cannot be joined")
		}
		c.Leave()
		synctest.Wait()
		if n := Running(); n != 1 {
			t.Errorf("%d calls running with a waiter left, want 1", n)
		}
		c.Leave()
		if c.Join() {
			t.Error("an abandoned call was joined")
		}
		if err := ended(); err != ErrAbandoned {
			t.Errorf("cause %v", err)
		}
		if n := Running(); n != 0 {
			t.Errorf("%d calls running at the end", n)
		}
	})
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c, ended := hold(t, 1, 3*time.Second)
		if err := ended(); err != errOverdue {
			t.Errorf("cause %v", err)
		}
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("ended after %v", d)
		}
		c.Leave()

		for _, none := range []time.Duration{0, -1} {
			c, ended = hold(t, 1, none)
			<-time.After(1000 * time.Hour)
			if n := Running(); n != 1 {
				t.Errorf("budget %v: ended by itself", none)
			}
			c.Leave()
			_ = ended()
		}
	})
}

type key struct{}

// The work has the values of whoever started it, not his time.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Second)
		defer cancel()
		release := make(chan struct{})
		c := budgeted(ctx, 1, time.Minute, errOverdue, func(ctx context.Context) {
			if ctx.Value(key{}) != "value" {
				t.Error("the values are lost")
			}
			if d, ok := ctx.Deadline(); !ok || time.Until(d) != time.Minute {
				t.Errorf("deadline in %v", time.Until(d))
			}
			<-release
			if ctx.Err() != nil {
				t.Errorf("the starter's end reached the work: %v", context.Cause(ctx))
			}
		})
		<-time.After(10 * time.Second)
		close(release)
		<-c.ended
		c.Leave()
	})
}

// What the work has left behind learns of its end, with a budget and without.
func TestContextEndsWithTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, budget := range []time.Duration{0, time.Hour} {
			var of context.Context
			c := budgeted(t.Context(), 1, budget, errOverdue, func(ctx context.Context) { of = ctx })
			<-c.ended
			if of.Err() == nil {
				t.Errorf("budget %v: the context has not ended with the work", budget)
			}
			c.Leave()
		}
	})
}

func TestCancelAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []*Call
		var causes []func() error
		for range 3 {
			c, ended := hold(t, 1, time.Hour)
			calls, causes = append(calls, c), append(causes, ended)
		}
		release := make(chan struct{})
		slow := budgeted(t.Context(), 1, 0, nil, func(ctx context.Context) { <-ctx.Done(); <-release })
		returned := false
		go func() { CancelAll()(time.Hour); returned = true }()
		synctest.Wait()
		for i, c := range calls {
			if err := causes[i](); err != ErrGrounded {
				t.Errorf("cause %v", err)
			}
			if c.Join() {
				t.Error("a cancelled call was joined")
			}
			c.Leave()
		}
		if returned || Running() != 1 {
			t.Errorf("returned: %v, with %d calls running", returned, Running())
		}
		close(release)
		synctest.Wait()
		if !returned || Running() != 0 {
			t.Errorf("returned: %v, with %d calls running", returned, Running())
		}
		slow.Leave()
	})
}

// Whatever the end of one call lets begin knows that it is cancelled as well.
func TestCancelAllTellsAllBeforeItCancelsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []*Call
		for range 10 {
			calls = append(calls, Go(t.Context(), 1, func(ctx context.Context, _ *Call) {
				<-ctx.Done()
				for _, c := range calls {
					if c.Wanted() {
						t.Error("one is wanted when another has been cancelled")
					}
				}
			}))
		}
		if synctest.Wait(); !calls[0].Wanted() {
			t.Error("a call that is waited for is not wanted")
		}
		CancelAll()(time.Hour)
	})
}

func TestCancelAllWaitsNoLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := []*Call{
			budgeted(t.Context(), 1, 0, nil, func(context.Context) { <-release }),
			budgeted(t.Context(), 1, 0, nil, func(context.Context) { <-release }),
		}
		for _, want := range []time.Duration{time.Second, 0} { // once for all of them, and once only
			start := time.Now()
			CancelAll()(time.Second)
			if d := time.Since(start); d != want {
				t.Errorf("waited %v, want %v", d, want)
			}
		}
		close(release)
		for _, c := range deaf {
			<-c.ended
			c.Leave()
		}
	})
}

func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		start := time.Now()
		deaf := budgeted(t.Context(), 1, time.Minute, nil, func(context.Context) { <-release })
		<-deaf.Late()
		if d := time.Since(start); d != time.Minute+grace {
			t.Errorf("late after %v", d)
		}
		if deaf.Join() {
			t.Error("a late call can be joined")
		}
		close(release)
		heedful := budgeted(t.Context(), 1, time.Minute, nil, func(ctx context.Context) { <-ctx.Done() })
		<-heedful.ended
		<-time.After(time.Hour)
		select {
		case <-heedful.Late():
			t.Error("work that heeds its budget is late")
		default:
		}
	})
}

func TestCancelAllOfNothing(t *testing.T) {
	CancelAll()(time.Hour)
	c := budgeted(t.Context(), 1, 0, nil, func(ctx context.Context) {
		if ctx.Err() != nil {
			t.Error("a later call was cancelled")
		}
	})
	<-c.ended
	c.Leave()
}

// Work that never returns to its caller is over all the same.
func TestGoexit(t *testing.T) {
	c := budgeted(t.Context(), 1, 0, nil, func(context.Context) { runtime.Goexit() })
	<-c.ended
	if n := Running(); n != 0 {
		t.Errorf("%d calls running", n)
	}
	CancelAll()(time.Hour)
	c.Leave()
}

// Waiters come and go at once: work ends when, and only when, the last one has left.
// Run under the race detector.
func TestComingAndGoing(t *testing.T) {
	const calls, waiters = 300, 8
	var wg sync.WaitGroup
	for range calls {
		var left atomic.Bool
		c := budgeted(t.Context(), 1, 0, nil, func(ctx context.Context) {
			<-ctx.Done()
			if !left.Load() {
				t.Errorf("ended early: %v", context.Cause(ctx))
			}
		})
		var each sync.WaitGroup
		for range waiters {
			each.Go(func() {
				for range 20 {
					if !c.Join() {
						t.Error("a call with a waiter cannot be joined")
						return
					}
					if rand.IntN(2) == 0 {
						runtime.Gosched()
					}
					c.Leave()
				}
			})
		}
		wg.Go(func() {
			each.Wait()
			left.Store(true)
			c.Leave()
			<-c.ended
		})
	}
	wg.Wait()
	if n := Running(); n != 0 {
		t.Errorf("%d calls running at the end", n)
	}
}

// Invocations end all the time while others start calls.
func TestCancelAllAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				c := budgeted(t.Context(), 1, 0, nil, func(ctx context.Context) { <-ctx.Done() })
				if rand.IntN(2) == 0 {
					CancelAll()(time.Hour)
				}
				c.Leave()
				<-c.ended
			}
		})
	}
	wg.Wait()
	if n := Running(); n != 0 {
		t.Errorf("%d calls running at the end", n)
	}
}
