package lambdacache

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
	"weak"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// Wrap returns a handler that, before it calls h, loads those entries that are due,
// with as few calls as their sources allow and all side by side. h reads them with
// [Entry.Value]. Give the result to lambda.Start in place of h:
//
//	lambda.Start(lambdacache.Wrap(handler, apiKey, db))
//
// If an entry cannot be loaded h does not run, and the error is a [*LoadError] that
// names every entry and cause. Otherwise response and error are h's own, untouched.
// Wrap keeps what aws-lambda-go makes of h's types: streamed responses, content type
// and JSON options.
//
// What [RefreshAhead] loads beside the handler is waited for before Wrap returns, but on
// Managed Instances. When the last running invocation ends of an environment that will be
// frozen, Wrap cancels the loads that still run and waits for them, so that no request is
// frozen half-way. A load that does not heed its context is waited for 0.2 s at most, and
// only once.
//
// Wraps may nest; an entry has one value in one invocation. A nil handler, a nil
// entry, and two entries named alike, by [Name] or by a constructor that takes a name
// ([New], [Derive], ssmcache.Parameters), panic.
func Wrap[E, R any](h func(ctx context.Context, event E) (R, error), entries ...Cached) func(context.Context, E) (R, error) {
	if h == nil {
		panic("lambdacache: Wrap: the handler is nil")
	}
	w := newWrapper(entries)
	return func(ctx context.Context, event E) (R, error) {
		inv, early, err := w.begin(ctx, true)
		if err != nil {
			var zero R
			return zero, err
		}
		defer inv.end(early)
		response, err := h(inv, event)
		if early != nil {
			early.join()
		}
		return response, err
	}
}

// wrapper is what one Wrap keeps between invocations.
type wrapper struct {
	entries []*core
	latest  atomic.Pointer[view]
	changes atomic.Uint64 // of what is held of the entries' keys
}

// wraps counts the Wraps of the process: one alone cannot be inside another.
var wraps atomic.Int64

func newWrapper(entries []Cached) *wrapper {
	w := &wrapper{entries: cores("Wrap", entries)}
	for i, c := range w.entries {
		c.hint.Store(int32(i))
		for _, d := range w.entries[:i] {
			if c.named && d.named && c.name == d.name {
				panic(ambiguous(c.name, d, c))
			}
		}
	}
	for _, c := range w.entries {
		c.leaves(func(leaf *core) {
			o := leaf.slot.origin
			o.mu.Lock()
			leaf.slot.watched = append(leaf.slot.watched, weak.Make(w))
			o.mu.Unlock()
		})
	}
	wraps.Add(1)
	return w
}

func ambiguous(name string, a, b *core) misuse {
	return misuse(fmt.Sprintf("lambdacache: two entries are named %q: %s %s and %s %s; give one of them another name with lambdacache.Name",
		name, a.source, a.key, b.source, b.key))
}

// maxReserve bounds the part of an invocation's time, else a tenth, that is kept for
// reporting which entries could not be loaded: Lambda's own timeout would not say.
const maxReserve = 100 * time.Millisecond

// begin makes the invocation's context, which owes an end unless there is an error, and
// gives the loads that have been started beside the handler, nil for none. The deadline of
// ctx tells the host's time if it is Lambda's.
func (w *wrapper) begin(ctx context.Context, lambdas bool) (*invocation, *early, error) {
	var g given
	if wraps.Load() > 1 {
		g.outer = invocationOf(ctx)
	}
	g.fixed = fixed.From(ctx)
	deadline, limited := ctx.Deadline()
	var now clock.Reading
	if limited && lambdas && g.outer == nil && environment.HasHostDeadlines() {
		now = clock.Begin(deadline)
	} else {
		now = clock.Now() // an inner deadline may be anybody's
	}
	inv := &invocation{Context: ctx, view: w.latest.Load(), outer: g.outer, began: now}
	if g.outer != nil {
		inv.began = g.outer.began
	}
	if v := inv.view; v != nil && v.changes == w.changes.Load() && !g.any() {
		if !v.wake.Passed(now) {
			return inv, nil, nil
		}
		if !v.due.Passed(now) {
			return inv, inv.loadEarly(now), nil
		}
	}
	if err := w.refresh(inv, g, now, deadline); err != nil {
		return nil, nil, err
	}
	return inv, inv.loadEarly(now), nil
}

// refresh is the slow half of begin: something is due, or newer than the last view.
// If it fails the invocation has ended.
func (w *wrapper) refresh(inv *invocation, g given, now clock.Reading, deadline time.Time) error {
	begun := false
	inv.waits(1)
	defer func() {
		inv.waits(-1)
		if !begun {
			inv.end(nil)
		}
	}()
	ctx := inv.Context
	if !deadline.IsZero() {
		reserve := max(0, min(maxReserve, time.Until(deadline)/10))
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-reserve), errTimeUp)
		defer cancel()
	}
	v, err := g.resolve(ctx, asking(now), w.entries)
	if err != nil {
		return err
	}
	if !g.any() {
		// Counted before it is checked: what is held anew meanwhile makes the view old.
		v.changes = w.changes.Load()
		if v.newest() {
			w.latest.Store(v)
		}
	}
	inv.view, begun = v, true
	return nil
}

var errTimeUp = fmt.Errorf("the invocation's time is up: %w", context.DeadlineExceeded)
