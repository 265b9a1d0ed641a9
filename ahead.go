package lambdacache

import (
	"context"
	"errors"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// This is what RefreshAhead adds to the road: loads that an invocation starts beside
// its handler. They are loads like any other, for whoever asks meanwhile.

// early are the loads that an invocation has started beside its handler, and waits for
// when that has returned. They are not part of the invocation, which every hit makes.
type early struct {
	inv   *invocation
	loads []*load // nil when they are waited for no longer
}

// loadEarly starts loads of what the invocation may load early, and nobody else does; nil
// if it has none to wait for.
func (inv *invocation) loadEarly(now clock.Reading) *early {
	if !inv.view.ahead.Passed(now) {
		return nil
	}
	var wants []*want
	for _, h := range inv.view.held {
		if h.ahead.Passed(now) {
			wants = append(wants, &want{slot: h.slot, entries: h.entries, v: h.v})
		}
	}
	var loads []*load
	byOrigin(wants, func(o *origin, group []*want) {
		loads = append(loads, o.loadEarly(inv.Context, group)...)
	})
	if loads == nil || environment.NeverFreezes() {
		return nil // nobody waits: each load keeps the place of its waiter, and runs to its end
	}
	inv.waits(1)
	return &early{inv, loads}
}

func (o *origin) loadEarly(ctx context.Context, wants []*want) (batch []*load) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := clock.Now()
	for _, w := range wants {
		s := w.slot
		if s.loading != nil || s.cur.Load() != w.v || s.broken(w.v, w.entries) && s.failing.holds(now) {
			continue
		}
		l := s.next(now)
		l.maxAge = s.aheadAfter()
		batch = append(batch, l)
	}
	o.launch(ctx, batch)
	return batch
}

// join waits for the early loads when the handler has returned: for half of the time
// that the invocation has left.
func (e *early) join() {
	ctx := e.inv.Context
	if deadline, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/2))
		defer cancel()
	}
	for _, l := range e.loads {
		if err := l.await(ctx); err != nil && !errors.Is(e.inv.Context.Err(), context.Canceled) {
			o := l.slot.origin
			o.mu.Lock()
			l.late(err)
			o.mu.Unlock()
		}
	}
	e.leave()
}

// leave ends the waiting for early loads; those that still run are cancelled.
func (e *early) leave() {
	if e.loads == nil {
		return
	}
	for _, l := range e.loads {
		l.call.Leave()
	}
	e.loads = nil
	e.inv.waits(-1)
}
