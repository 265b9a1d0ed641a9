package lambdacache

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/fixed"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// This is the one road that every value comes by: what is due, grouped by origin, is
// loaded or joined in flight; then the values are read from the versions.

// ask is what somebody wants of entries.
type ask struct {
	now   clock.Reading // when the invocation began, or Get was called
	anew  bool          // only loads that started after that number will do (Refresh) …
	after uint64        // … rather than those that are young enough
}

// started numbers the loads of the process from 1 in the order of their start. No
// clock could tell a load that started after a Refresh from one that did just before.
var started atomic.Uint64

// want is one key that an ask needs.
type want struct {
	slot    *slot
	entries []*core // that the ask reads from it

	load   *load    // the one waited for …
	joined bool     // … for its result, or else only for its end
	v      *version // what to read from
	err    error    // why there is none
}

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
	return g.outer.value(c)
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
	index map[*slot]*want
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
	w := ws.index[c.slot]
	if w == nil {
		w = &want{slot: c.slot}
		if ws.index == nil {
			ws.index = make(map[*slot]*want)
		}
		ws.index[c.slot] = w
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
	for len(open) > 0 {
		if ctx.Err() != nil {
			for _, w := range open {
				w.err = gaveUp(ctx)
			}
			return
		}
		byOrigin(open, func(o *origin, group []*want) { o.engage(ctx, a, group) })
		open = wait(ctx, open)
	}
}

// byOrigin calls f with the wants of each origin, in the order of their first.
func byOrigin(wants []*want, f func(*origin, []*want)) {
	for len(wants) > 0 {
		o := wants[0].slot.origin
		var group, rest []*want
		for _, w := range wants {
			if w.slot.origin == o {
				group = append(group, w)
			} else {
				rest = append(rest, w)
			}
		}
		f(o, group)
		wants = rest
	}
}

// satisfied reports whether a version will do: young enough for every entry, and the
// same version for all of them.
func (w *want) satisfied(v *version, a ask) bool {
	if v == nil {
		return false
	}
	for _, c := range w.entries {
		p := v.part(c.part)
		switch {
		case p.err != nil && (a.anew || len(w.entries) > 1): // an older version's
			return false
		case a.anew && (p.value == nil || v.load <= a.after):
			return false
		case !a.anew && !p.fresh(a.now):
			return false
		}
	}
	return true
}

// accepts reports whether a load in flight started late enough to be shared.
func (w *want) accepts(l *load, a ask) bool {
	if a.anew {
		return l.number > a.after
	}
	for _, c := range w.entries {
		if !a.now.Accepts(l.start, c.maxAge) {
			return false
		}
	}
	return true
}

// engage sees to it that every want has a load to wait for: the one in flight if it
// may be shared, else, when none is in flight, a new one.
func (o *origin) engage(ctx context.Context, a ask, wants []*want) {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := clock.Now()
	var batch []*load
	for _, w := range wants {
		if v := w.slot.cur.Load(); w.satisfied(v, a) { // somebody was quicker
			w.v, w.load = v, nil
			continue
		}
		if l := w.slot.loading; l != nil {
			w.load, w.joined = l, w.slot.epoch == l.epoch && w.accepts(l, a) && l.call.Join()
			continue
		}
		l := &load{
			slot: w.slot, number: started.Add(1), start: start, base: w.slot.cur.Load(),
			have: w.slot.have(), epoch: w.slot.epoch, done: make(chan struct{}),
		}
		if !a.anew {
			l.maxAge = w.maxAge()
		}
		w.slot.loading, w.load, w.joined = l, l, true
		batch = append(batch, l)
	}
	for _, chunk := range o.chunks(batch) {
		timeout := time.Duration(0)
		for i, l := range chunk {
			if t := l.slot.loadTimeout(); t == 0 || i == 0 || timeout != 0 && t > timeout {
				timeout = t
			}
		}
		call := flight.Go(ctx, len(chunk), timeout, overdue(timeout), func(ctx context.Context) { o.run(ctx, chunk) })
		for _, l := range chunk {
			l.call = call
		}
	}
}

// maxAge is that of the strictest entry.
func (w *want) maxAge() time.Duration {
	strictest := Forever
	for _, c := range w.entries {
		strictest = min(strictest, c.maxAge)
	}
	return strictest
}

// chunks splits loads into calls: by the most keys a call takes, and a key that
// spoiled a batch in a call of its own.
func (o *origin) chunks(loads []*load) (chunks [][]*load) {
	var batch []*load
	for _, l := range loads {
		if l.slot.alone || o.fallback {
			chunks = append(chunks, []*load{l})
		} else {
			batch = append(batch, l)
		}
	}
	return slices.AppendSeq(chunks, slices.Chunk(batch, o.maxKeys))
}

// overdue is the cause of a load that took too long.
func overdue(timeout time.Duration) error {
	return fmt.Errorf("no answer within %v (lambdacache.LoadTimeout): %w", timeout, context.DeadlineExceeded)
}

// wait waits until every want's load has ended, or ctx is done, and gives the wants
// that need another load.
func wait(ctx context.Context, wants []*want) (again []*want) {
	for _, w := range wants {
		if w.load == nil {
			continue
		}
		select {
		case <-w.load.done:
		case <-ctx.Done():
			select {
			case <-w.load.done: // both: an answer is better than an error
			default:
				w.err = gaveUp(ctx)
			}
		}
		if w.joined {
			w.load.call.Leave()
		}
		switch {
		case w.err != nil:
		case !w.joined || !w.settle():
			again = append(again, w)
		}
	}
	return again
}

// gaveUp is the error of who could not wait for a load.
func gaveUp(ctx context.Context) error {
	return fmt.Errorf("gave up waiting for the load: %w", context.Cause(ctx))
}

// settle takes the result of the load waited for. It reports false if the load knew
// nothing of an entry that was declared while it ran.
func (w *want) settle() bool {
	if w.load.err != nil {
		w.err = w.load.err
		return true
	}
	for _, c := range w.entries {
		if c.part >= len(w.load.v.parts) {
			return false
		}
	}
	w.v = w.load.v
	return true
}

// view reads the values of entries from what was obtained.
func (ws *wants) view(entries []*core) (*view, error) {
	v := &view{entries: entries, values: make([]any, len(entries)), due: clock.Never()}
	var failures []*Failure
	failed := make(map[*core]bool)
	fail := func(c *core, err error) {
		if !failed[c] {
			failed[c] = true
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
		for _, c := range w.entries {
			v.due = v.due.Earliest(w.v.parts[c.part].due)
		}
	}
	return v, nil
}

// value is the value of one entry, or nil after it has called fail.
func (ws *wants) value(c *core, fail func(*core, error)) any {
	if value := ws.given.value(c); value != nil {
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
	w := ws.index[c.slot]
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
