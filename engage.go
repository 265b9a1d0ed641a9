package lambdacache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/flight"
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
		v := w.slot.cur.Load()
		if w.satisfied(v, a) { // somebody was quicker
			w.v, w.load = v, nil
			continue
		}
		if w.waitsOut(v, a, start) {
			w.setStale(a, v, w.slot.failure.load, w.slot.failure.err)
			continue
		}
		if l := w.slot.loading; l != nil {
			w.load, w.joined = l, w.slot.epoch == l.epoch && w.accepts(l, a) && l.call.Join()
			continue
		}
		if a.spaced && w.inVain(v, a, start) {
			w.v, w.load = v, nil
			continue
		}
		l := w.slot.begin(start)
		if !a.anew {
			l.maxAge = w.slot.maxAge()
		}
		w.load, w.joined = l, true
		batch = append(batch, l)
	}
	o.launch(ctx, batch)
}

// begin makes the slot's next load; there must be none in flight.
func (s *slot) begin(start clock.Reading) *load {
	s.loading = &load{
		slot: s, number: started.Add(1), start: start, base: s.cur.Load(),
		have: s.have(), epoch: s.epoch, done: make(chan struct{}),
	}
	return s.loading
}

// launch starts loads, as few calls as they need, side by side. Each has one waiter.
func (o *origin) launch(ctx context.Context, batch []*load) {
	for _, chunk := range o.chunks(batch) {
		timeout := time.Duration(0)
		for i, l := range chunk {
			if t := l.slot.loadTimeout(); t == 0 || i == 0 || timeout != 0 && t > timeout {
				timeout = t
			}
		}
		call := flight.Go(ctx, len(chunk), timeout, overdue(timeout), func(ctx context.Context) { o.run(ctx, chunk) })
		for _, l := range chunk {
			l.call, l.overdue = call, overdue(timeout)
		}
	}
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
		err = l.overdue
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
