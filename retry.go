package lambdacache

import (
	"context"
	"slices"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// Retry runs fn with e's newest value, as [Entry.Get] gives it. If fn fails with an
// error that isAuthError recognises as the refusal of an old credential, Retry gets a
// newer value and runs fn once more: the first value that is held by then if it is
// not the one that fn had, else what the source answers to a load.
//
//	rows, err := lambdacache.Retry(ctx, db, query, isAuthError)
//
// The load is shared by all who ask for one at the same time. If it brings the version
// that fn had, fn is not run again: another refused login could lock the account. Loads
// in vain, after which fn is not run or is refused again, are spaced, for each key, by a
// pause that doubles from 1 s to 30 s, a part of it drawn by chance; until it is over the
// refusal is returned at once.
//
// The error is that of the last fn, untouched, or a [*LoadError] if there was no value
// to begin with; that a load in between failed is told by an [EventFailed]. fn runs
// at most twice, one after the other, on the caller's goroutine; it must be safe to
// repeat, and gets ctx as it is. Within an invocation [Entry.Value] stays what it was.
// A nil fn and a nil isAuthError panic.
func Retry[T, R any](ctx context.Context, e *Entry[T], fn func(ctx context.Context, value T) (R, error), isAuthError func(error) bool) (R, error) {
	checkRetry("Retry", fn == nil || isAuthError == nil)
	return retry(ctx, &e.core, fn, isAuthError)
}

func checkRetry(name string, lacks bool) {
	if lacks {
		panic("lambdacache: " + name + ": a function and what recognises its authentication errors are required")
	}
}

func retry[T, R any](ctx context.Context, c *core, fn func(context.Context, T) (R, error), isAuthError func(error) bool) (R, error) {
	had, err := c.look(ctx, asking(clock.Now()))
	if err != nil {
		var zero R
		return zero, err
	}
	result, err := fn(ctx, *had.values[0].(*T))
	if err == nil || !isAuthError(err) {
		return result, err
	}
	newer := c.newer(ctx, had)
	if newer == nil {
		return result, err
	}
	result, err = fn(ctx, *newer.values[0].(*T))
	if err == nil || !isAuthError(err) {
		c.leaves(func(l *core) { l.slot.rotated() })
	}
	return result, err
}

// newer gives a view of another value than had's, nil if there is none to be had now.
func (c *core) newer(ctx context.Context, had *view) *view {
	if had.held == nil { // a test has fixed it
		return nil
	}
	refused := asking(clock.Now())
	now, err := c.look(ctx, refused)
	// A load in flight will do, whenever it began. If that one began before the refusal
	// and brought nothing new, the rotation may have come after it.
	for _, after := range []uint64{now.lastLoad(), refused.after} {
		if err != nil || now.differs(had) || now.lastLoad() > refused.after {
			break
		}
		now, err = c.look(ctx, ask{now: refused.now, after: after, anew: true, spaced: true})
	}
	if err != nil || !now.differs(had) {
		return nil
	}
	return now
}

// inVain reports whether a load that nothing but a refused credential calls for should
// not be made, because one was in vain a short while ago; if it should, it notes that it
// is. It needs the origin's lock.
func (w *want) inVain(v *version, a ask, now clock.Reading) bool {
	a.anew = false
	if w.slot.forced.holds(now) && (w.satisfied(v, a) || w.usable(v, a)) {
		return true
	}
	w.slot.forced.extend(now, lastBackoff)
	return false
}

// rotated forgets the loads that were asked for in vain.
func (s *slot) rotated() {
	s.origin.mu.Lock()
	s.forced = backoff{}
	s.origin.mu.Unlock()
}

// parts are those that a view's one entry is made of.
func (v *view) parts(f func(*part)) {
	v.entries[0].leaves(func(l *core) {
		for _, h := range v.held {
			if h.slot == l.slot {
				f(h.v.part(l.part))
			}
		}
	})
}

// lastLoad is the number of the load that brought the newest version.
func (v *view) lastLoad() (number uint64) {
	if v == nil {
		return 0
	}
	for _, h := range v.held {
		number = max(number, h.v.load)
	}
	return number
}

// differs reports whether two views of one entry are of different versions: by their
// names, and where the source has none, by the loads that brought them.
func (v *view) differs(o *view) bool {
	if v.values[0] == o.values[0] {
		return false
	}
	var ids, others []string
	v.parts(func(p *part) { ids = append(ids, p.id) })
	o.parts(func(p *part) { others = append(others, p.id) })
	return slices.Contains(ids, "") || !slices.Equal(ids, others)
}
