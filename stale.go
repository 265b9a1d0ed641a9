package lambdacache

import (
	"context"
	"errors"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// This is what StaleIfError makes of the road: where a load ends in an error, or would
// be made too soon after one that did, an old value within its limit is served.

// usable reports whether a version may be served although it is due: no entry's limit
// has passed, and they all read the same version.
func (w *want) usable(v *version, a ask) bool {
	if v == nil || a.anew {
		return false
	}
	for _, c := range w.entries {
		p := v.part(c.part)
		if p.value == nil || p.load != v.part(w.entries[0].part).load || p.limit.Passed(a.now) {
			return false
		}
	}
	return true
}

// goOn ends a want that the source did not satisfy: with what is held, if that will
// do, else with the error.
func (w *want) goOn(a ask, err error) {
	s := w.slot
	s.origin.mu.Lock()
	defer s.origin.mu.Unlock()
	switch v := s.cur.Load(); {
	case w.satisfied(v, a): // just now
		w.v, w.load = v, nil
	case w.usable(v, a):
		nth := uint64(0)
		if l := w.load; l != nil {
			nth = l.nth
			l.late(err)
		}
		w.setStale(a, v, nth, err)
	default:
		w.err = err
	}
}

// late notes that the load was too slow for somebody. It is the source's failure if
// everybody leaves because of it; others may have the time. It needs the origin's lock.
func (l *load) late(err error) {
	if l.slot.loading == l {
		l.tooLate = err
	}
}

// waitsOut reports whether the source should not be asked for the want's key now: it
// has failed a short while ago, or somebody is finding out whether it still does, and
// an old value will do meanwhile.
func (w *want) waitsOut(v *version, a ask, now clock.Reading) bool {
	s := w.slot
	return s.broken(v, w.entries) && (s.loading != nil || s.failing.holds(now)) && w.usable(v, a)
}

func (w *want) makeDo(a ask, v *version, nth uint64, why error) {
	w.slot.origin.mu.Lock()
	defer w.slot.origin.mu.Unlock()
	w.setStale(a, v, nth, why)
}

// setStale makes v do in place of what the slot's nth load did not bring, 0 if none was made.
// It needs the origin's lock, like waitsOut.
func (w *want) setStale(a ask, v *version, nth uint64, why error) {
	w.v, w.load = v, nil
	w.stale, w.until, w.why = true, w.slot.failing.until, why
	for _, c := range w.entries {
		switch p := v.part(c.part); {
		case p.fresh(a.now):
			w.until = w.until.Earliest(p.due) // then it is to be told of as well
		case nth == 0 || nth > c.told:
			c.told = max(nth, c.told)
			w.untold = append(w.untold, c)
		}
	}
}

// minTry is the least time to wait for a load that an old value can stand in for.
const minTry = 100 * time.Millisecond

var (
	errHurry  = errors.New("half of the time that was left is over, and an old value may be served")
	errNoTime = errors.New("too little time is left for a load, and an old value may be served")
)

// hurry gives the context by which those wait who have an old value to go on with: they
// leave half of the caller's time to the caller. If that is too little for a load they
// go on at once; open are the others.
func hurry(ctx context.Context, a ask, wants []*want) (hurried context.Context, open []*want, stop context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited || errors.Is(ctx.Err(), context.Canceled) {
		return ctx, wants, func() {}
	}
	half := time.Until(deadline) / 2
	if half >= minTry {
		hurried, stop = context.WithDeadlineCause(ctx, deadline.Add(-half), errHurry)
		return hurried, wants, stop
	}
	for _, w := range wants {
		if w.usable(w.slot.cur.Load(), a) {
			w.goOn(a, errNoTime)
		}
		if w.v == nil { // also of what was forgotten just now
			w.err = nil
			open = append(open, w)
		}
	}
	return ctx, open, func() {}
}

// tellStale counts and reports, for each entry once for each load that failed, that an old
// value is served in its place.
func tellStale(wants []*want) {
	for _, w := range wants {
		for _, c := range w.untold {
			c.stats.stale.Add(1)
		}
		if f := observer.Load(); f != nil && w.untold != nil {
			(*f)(Event{
				Kind: EventStale, Source: w.slot.origin.name, Key: w.slot.key,
				Entries: names(w.untold), Age: oldest(w.untold, clock.Now()), Err: w.why,
			})
		}
	}
}
