// Package flight runs work that belongs to none of those who wait for it: it
// survives the first of them leaving, ends when the last one has left or when its
// own time is up, and every one of them waits by a context of their own.
package flight

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Call is one piece of shared work.
type Call struct {
	cancel  context.CancelCauseFunc
	ended   chan struct{}
	late    chan struct{} // closed when the work has not heeded the end of its budget
	overdue error         // written before late is closed
	deaf    atomic.Bool   // it has not heeded CancelAll

	mu      sync.Mutex
	waiters int
	left    bool // the last waiter has left, or CancelAll came: no one may join
}

// running holds every call whose work has not returned, for CancelAll.
var running = struct {
	sync.Mutex
	calls map[*Call]struct{}
	n     atomic.Int64 // len(calls), to be read without the lock
}{calls: map[*Call]struct{}{}}

type cause string

func (c cause) Error() string { return string(c) }

// The causes a call's context is cancelled for, besides its time being up.
const (
	ErrAbandoned = cause("the last caller who waited for the load has left")
	ErrGrounded  = cause("the last running invocation ended during the load")
)

// Go starts work for the given number of waiters, each of whom owes a Leave. Its
// context has the values of ctx but neither its deadline nor its cancellation.
func Go(ctx context.Context, waiters int, work func(context.Context, *Call)) *Call {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	c := &Call{cancel: cancel, ended: make(chan struct{}), late: make(chan struct{}), waiters: waiters}
	running.Lock()
	running.calls[c] = struct{}{}
	running.n.Add(1)
	running.Unlock()
	go func() {
		defer func() {
			cancel(nil)
			running.Lock()
			delete(running.calls, c)
			running.n.Add(-1)
			running.Unlock()
			close(c.ended)
		}()
		work(ctx, c)
	}()
	return c
}

// Within gives the work a budget, from now until it calls stop: its context ends then,
// with the cause overdue, and a moment later the call is [Call.Late]. 0 and less are no
// limit. Work calls it once at most.
func (c *Call) Within(ctx context.Context, budget time.Duration, overdue error) (limited context.Context, stop context.CancelFunc) {
	if budget <= 0 {
		return ctx, func() {}
	}
	limited, release := context.WithTimeoutCause(ctx, budget, overdue)
	giveUp := time.AfterFunc(budget+testhook.Limit(grace), func() { c.giveUp(overdue) })
	return limited, func() { release(); giveUp.Stop() }
}

// grace is how long work may take to return when its budget is spent.
const grace = 100 * time.Millisecond

func (c *Call) giveUp(overdue error) {
	c.mu.Lock()
	c.left = true
	c.mu.Unlock()
	c.overdue = overdue
	close(c.late)
}

// Late is closed a moment after the budget is spent, if the work has not returned by
// then because it does not heed its context: nobody should wait for it any longer.
func (c *Call) Late() <-chan struct{} { return c.late }

// Overdue is the cause of a call that is Late.
func (c *Call) Overdue() error { return c.overdue }

// Join adds a waiter, who owes a Leave. It reports false, and adds none, when the
// call has been given up.
func (c *Call) Join() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left {
		return false
	}
	c.waiters++
	return true
}

// Wanted reports whether anybody may still wait for the call. If not, its context has
// ended or is about to.
func (c *Call) Wanted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.left
}

// Leave takes one waiter away. The last one to leave ends the work's context; work
// that has returned does not notice.
func (c *Call) Leave() {
	c.mu.Lock()
	c.waiters--
	if c.waiters == 0 && !c.left {
		c.left = true
		c.cancel(ErrAbandoned)
	}
	c.mu.Unlock()
}

// CancelAll ends the context of every running call; what it returns waits until the
// work of each has returned. Work that does not heed its context is waited for no longer than
// patience, and only once: it must not cost whoever comes later anything.
func CancelAll() (await func(patience time.Duration)) {
	running.Lock()
	calls := make([]*Call, 0, len(running.calls))
	for c := range running.calls {
		calls = append(calls, c)
	}
	running.Unlock()
	for _, c := range calls { // all of them, before the end of one lets another begin
		c.mu.Lock()
		c.left = true
		c.mu.Unlock()
	}
	for _, c := range calls {
		c.cancel(ErrGrounded)
	}
	return func(patience time.Duration) { awaitAll(calls, patience) }
}

func awaitAll(calls []*Call, patience time.Duration) {
	patient := time.After(patience)
	for _, c := range calls {
		if c.deaf.Load() {
			continue
		}
		select {
		case <-c.ended:
		case <-patient:
			c.deaf.Store(true)
			patient = expired
		}
	}
}

// expired is for calls that are looked at after the patience is at its end.
var expired = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()

// Running is the number of calls whose work has not returned.
func Running() int { return int(running.n.Load()) }
