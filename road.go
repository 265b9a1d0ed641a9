package lambdacache

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// This is the one road that every value comes by: what is due, grouped by origin, is
// loaded or joined in flight; then the values are read from the versions.

// ask is what somebody wants of entries.
type ask struct {
	now    clock.Reading // when the invocation began, or Get was called
	after  uint64        // the loads that had started by then: later ones are young enough, whatever the clocks say
	anew   bool          // nothing else will do (Refresh) …
	spaced bool          // … unless that was tried in vain a short while ago (Retry)
}

// asking is an ask from the moment now on. The loads are counted after the clocks were
// read: one that starts in between is judged by its age.
func asking(now clock.Reading) ask { return ask{now: now, after: started.Load()} }

// started numbers the loads of the process from 1 in the order of their start. No
// clock could tell a load that started after a Refresh from one that did just before.
var started atomic.Uint64

// resolve gives a view of entries that satisfies the ask, or a *LoadError.
func resolve(ctx context.Context, a ask, entries []*core) (*view, error) {
	return given{fixed: fixed.From(ctx)}.resolve(ctx, a, entries)
}

// given are the values that need no source: those a test has fixed, and those that
// an enclosing Wrap has put into this invocation's snapshot already.
type given struct {
	fixed fixed.Values
	outer *invocation
}

func (g given) value(c *core) any {
	if value, ok := g.fixed[c.entry]; ok {
		return value
	}
	if value := g.outer.value(c); value != nil {
		return value
	}
	return g.outer.part(c)
}

// any reports whether there may be given values at all.
func (g given) any() bool { return g.fixed != nil || g.outer != nil }

func (g given) resolve(ctx context.Context, a ask, entries []*core) (*view, error) {
	wants := wants{given: g}
	for _, c := range entries {
		wants.add(c)
	}
	wants.obtain(ctx, a)
	return wants.view(entries)
}

// wants are the keys of one ask.
type wants struct {
	given given
	list  []*want
	index map[*slot]*want // of those after the first few
}

// few wants are found by looking at each: the map would be the dearest part of a miss.
const few = 8

// of gives the want of a key, nil if there is none.
func (ws *wants) of(s *slot) *want {
	for _, w := range ws.list[:min(few, len(ws.list))] {
		if w.slot == s {
			return w
		}
	}
	return ws.index[s]
}

func (ws *wants) add(c *core) {
	if ws.given.any() && ws.given.value(c) != nil {
		return
	}
	if c.derived != nil {
		for _, child := range c.derived.children {
			ws.add(child)
		}
		return
	}
	w := ws.of(c.slot)
	if w == nil {
		w = &want{slot: c.slot}
		if len(ws.list) >= few {
			if ws.index == nil {
				ws.index = make(map[*slot]*want)
			}
			ws.index[c.slot] = w
		}
		ws.list = append(ws.list, w)
	}
	if !slices.Contains(w.entries, c) {
		w.entries = append(w.entries, c)
	}
}

// obtain finds a version for every want, or an error.
func (ws *wants) obtain(ctx context.Context, a ask) {
	var open []*want
	for _, w := range ws.list {
		if v := w.slot.cur.Load(); w.satisfied(v, a) {
			w.v = v
		} else {
			open = append(open, w)
		}
	}
	if len(open) == 0 {
		return
	}
	hurried, open, rest := hurry(ctx, a, open)
	defer rest()
	// Side by side also where a second load is needed: an object that takes its time must
	// not keep a parameter from its next load.
	var first func()
	var others sync.WaitGroup
	byOrigin(open, func(o *origin, group []*want) {
		if obtain := func() { o.obtain(ctx, hurried, a, group) }; first == nil {
			first = obtain
		} else {
			others.Go(obtain)
		}
	})
	if first != nil {
		first()
	}
	others.Wait()
	tellStale(ws.list)
}

// obtain finds a version for every want of one origin, or an error.
func (o *origin) obtain(ctx, hurried context.Context, a ask, open []*want) {
	for len(open) > 0 {
		if ctx.Err() != nil {
			for _, w := range open {
				w.err = gaveUp(ctx)
			}
			return
		}
		o.engage(ctx, a, open)
		back := o.stepAside(ctx, open)
		open = wait(ctx, hurried, a, open)
		back()
	}
}

// view reads the values of entries from what was obtained.
func (ws *wants) view(entries []*core) (*view, error) {
	v := &view{entries: entries, values: make([]any, len(entries)), due: clock.Never(), ahead: clock.Never()}
	var failures []*Failure
	var failed []*core
	fail := func(c *core, err error) {
		if !slices.Contains(failed, c) {
			failed = append(failed, c)
			failures = append(failures, &Failure{Entry: c.name, Source: c.source, Key: c.key, Err: err})
		}
	}
	for i, c := range entries {
		v.values[i] = ws.value(c, fail)
	}
	if failures != nil {
		return nil, &LoadError{Failures: failures}
	}
	for _, w := range ws.list {
		due, ahead := w.lasts()
		v.held = append(v.held, held{w.slot, w.entries, w.v, w.stale, ahead})
		v.due, v.ahead = v.due.Earliest(due), v.ahead.Earliest(ahead)
	}
	v.wake = v.due.Earliest(v.ahead)
	return v, nil
}

// value is the value of one entry, or nil after it has called fail.
func (ws *wants) value(c *core, fail func(*core, error)) any {
	switch value := ws.given.value(c).(type) {
	case nil:
	case fixed.Failure:
		fail(c, value.Err)
		return nil
	default:
		return value
	}
	if c.derived != nil {
		from := make([]any, len(c.derived.children))
		for i, child := range c.derived.children {
			from[i] = ws.value(child, fail)
		}
		if slices.Contains(from, nil) {
			return nil
		}
		value, err := c.derived.of(from)
		if err != nil {
			fail(c, err)
			return nil
		}
		return value
	}
	w := ws.of(c.slot)
	err := w.err
	if err == nil {
		// A part that is not of this version is good only for who reads no other
		// part, is satisfied with its age, and did not wait for this very load.
		p := w.v.part(c.part)
		if p.err == nil || w.load == nil {
			return p.value
		}
		err = p.err
	}
	fail(c, err)
	return nil
}
