package lambdacache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

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

// engage sees to it that every want has a load to wait for: the one in flight if it
// may be shared, else, when none is in flight, a new one.
func (o *origin) engage(ctx context.Context, a ask, wants []*want) {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := clock.Now()
	var batch []*load
	for _, w := range wants {
		if !w.served(a, start) && !w.join(a) && !w.spared(a, start) {
			batch = append(batch, w.begin(a, start))
		}
	}
	o.launch(ctx, batch)
}

// served ends a want that is satisfied, because somebody was quicker, or waits a pause of
// its source out with an old value. It needs the origin's lock, like those below.
func (w *want) served(a ask, now clock.Reading) bool {
	v := w.slot.cur.Load()
	switch {
	case w.satisfied(v, a):
		w.v, w.load = v, nil
		return true
	case w.waitsOut(v, a, now):
		w.setStale(a, v, w.slot.failure.nth, w.slot.failure.err)
		return true
	}
	return false
}

// join waits for the load in flight, if there is one: for its result, or if that will not
// do for its end.
func (w *want) join(a ask) bool {
	l := w.slot.loading
	if l == nil {
		return false
	}
	w.load, w.joined = l, w.accepts(l, a) && l.call.Join()
	if w.joined && !l.begun() && a.anew {
		l.maxAge = 0
	}
	return true
}

// spared ends a want whose key need not be asked for: it was asked for in vain, or was a
// miss, a short while ago.
func (w *want) spared(a ask, now clock.Reading) bool {
	v := w.slot.cur.Load()
	switch {
	case a.spaced && w.inVain(v, a, now):
		w.v, w.load = v, nil
	case !w.missed(a, now):
		return false
	case w.usable(v, a):
		w.setStale(a, v, w.slot.failure.nth, w.slot.miss.err)
	default:
		w.err, w.load = w.slot.miss.err, nil
	}
	return true
}

// begin makes the load that a want waits for.
func (w *want) begin(a ask, now clock.Reading) *load {
	l := w.slot.next(now)
	if !a.anew {
		l.maxAge = w.slot.maxAge()
	}
	w.load, w.joined = l, true
	return l
}

// next makes the slot's next load; there must be none.
func (s *slot) next(now clock.Reading) *load {
	s.loads++
	s.loading = &load{slot: s, nth: s.loads, start: now, done: make(chan struct{})}
	return s.loading
}

// begin stamps a load that departs.
func (l *load) begin(now clock.Reading) {
	l.number, l.start = started.Add(1), now
	l.base, l.have, l.epoch = l.slot.cur.Load(), l.slot.have(), l.slot.epoch
	l.maxAge = min(l.maxAge, l.slot.maxAge()) // of an entry that was declared while it waited
}

// begun reports whether a load has departed, or else still waits for a place.
func (l *load) begun() bool { return l.number != 0 }

// overdue is the cause of a load that took too long.
type overdue time.Duration

func (d overdue) Error() string {
	return "no answer within " + time.Duration(d).String() + " (lambdacache.LoadTimeout)"
}

func (overdue) Unwrap() error { return context.DeadlineExceeded }

// wait waits until every want's load has ended, or ctx is done, and gives the wants
// that need another load. Who has an old value to go on with waits by hurried.
func wait(ctx, hurried context.Context, a ask, wants []*want) (again []*want) {
	for _, w := range wants {
		if w.load == nil {
			continue
		}
		waiting, usable := ctx, w.usable(w.slot.cur.Load(), a)
		if usable {
			waiting = hurried
		}
		l := w.load
		err := l.await(waiting)
		switch {
		case err != nil && errors.Is(ctx.Err(), context.Canceled): // the caller wants nothing any more
			w.err = err
		case err != nil:
			if w.goOn(a, err); w.err != nil && ctx.Err() == nil && usable {
				w.err = nil // what he would have gone on with was forgotten: he waits as others do
				again = append(again, w)
			}
		case !w.joined || !w.settle(a):
			again = append(again, w)
		}
		if w.joined {
			l.call.Leave()
		}
	}
	return again
}

// await waits for the end of a load, and no longer than ctx allows or a load may
// take. An error means that it has not ended.
func (l *load) await(ctx context.Context) (err error) {
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		err = gaveUp(ctx)
	case <-l.call.Late():
		err = l.call.Overdue()
	}
	select {
	case <-l.done: // after all: an answer is better than an error
		return nil
	default:
		return err
	}
}

// gaveUp is the error of who could not wait for a load.
func gaveUp(ctx context.Context) error {
	return fmt.Errorf("gave up waiting for the load: %w", context.Cause(ctx))
}
