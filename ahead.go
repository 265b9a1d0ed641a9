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

// loadEarly starts loads of what the invocation may load early, and nobody else does.
func (inv *invocation) loadEarly(now clock.Reading) {
	if !inv.view.ahead.Passed(now) {
		return
	}
	var wants []*want
	for _, h := range inv.view.held {
		if h.ahead.Passed(now) {
			wants = append(wants, &want{slot: h.slot, entries: h.entries, v: h.v})
		}
	}
	byOrigin(wants, func(o *origin, group []*want) {
		inv.early = append(inv.early, o.loadEarly(inv.Context, group)...)
	})
	switch {
	case inv.early == nil:
	case environment.NeverFreezes(): // nobody waits: each load keeps the place of its waiter, and runs to its end
		inv.early = nil
	default:
		inv.waits(1)
	}
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
		l := s.begin(now)
		l.maxAge = s.aheadAfter()
		batch = append(batch, l)
	}
	o.launch(ctx, batch)
	return batch
}

// join waits for the early loads when the handler has returned: for half of the time
// that the invocation has left.
func (inv *invocation) join() {
	if inv.early == nil {
		return
	}
	ctx := inv.Context
	if deadline, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/2))
		defer cancel()
	}
	for _, l := range inv.early {
		if err := l.await(ctx); err != nil && !errors.Is(inv.Context.Err(), context.Canceled) {
			o := l.slot.origin
			o.mu.Lock()
			l.late(err)
			o.mu.Unlock()
		}
	}
	inv.leaveEarly()
}

// leaveEarly ends the waiting for early loads; those that still run are cancelled.
func (inv *invocation) leaveEarly() {
	if inv.early == nil {
		return
	}
	for _, l := range inv.early {
		l.call.Leave()
	}
	inv.early = nil
	inv.waits(-1)
}
