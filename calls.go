package lambdacache

import (
	"context"
	"slices"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// defaultMaxCalls is how many calls an origin makes at once. What one ask needs departs
// together, up to that; but what a batched call could take waits as soon as a quarter of
// them is in flight: when one of those ends, whoever waits by then shares the next.
const defaultMaxCalls = 16

func (o *origin) busy() bool { return o.inFlight >= max(1, o.maxCalls/4) }

// batch is the loads of one call, which may have to wait for another to end.
type batch struct {
	loads  []*load
	single bool // of a key that is asked for in a call of its own
	call   *flight.Call
	budget time.Duration
	place  chan struct{} // closed when it departs

	origin *origin
	waits  int  // for other loads, of what its source reads
	left   bool // its place is another's
}

// launch sees to loads, as few calls as they need, side by side. Each has one waiter.
func (o *origin) launch(ctx context.Context, loads []*load) {
	quiet := !o.busy()
	for _, b := range o.batches(loads) {
		if o.inFlight < o.maxCalls && (quiet || b.single) {
			o.start(ctx, b)
			o.inFlight++
			o.depart(b)
		} else {
			o.line(ctx, b)
		}
	}
}

// batches splits loads into calls: by the most keys a call takes, and a key that
// spoiled a batch in a call of its own.
func (o *origin) batches(loads []*load) (list []*batch) {
	var together []*load
	for _, l := range loads {
		if l.slot.alone || o.fallback != nil || o.maxKeys == 1 {
			list = append(list, &batch{origin: o, loads: []*load{l}, single: true})
		} else {
			together = append(together, l)
		}
	}
	for chunk := range slices.Chunk(together, o.maxKeys) {
		list = append(list, &batch{origin: o, loads: slices.Clip(chunk)})
	}
	return list
}

// line makes a batch wait, its loads in a call that waits already as far as that has
// room for them.
func (o *origin) line(ctx context.Context, b *batch) {
	if !b.single {
		for _, w := range slices.Backward(o.waiting) {
			if w.single {
				continue
			}
			for len(b.loads) > 0 && len(w.loads) < o.maxKeys && w.call.Join() {
				b.loads[0].call = w.call
				w.loads, b.loads = append(w.loads, b.loads[0]), b.loads[1:]
			}
			break
		}
	}
	if len(b.loads) > 0 {
		o.start(ctx, b)
		o.waiting = append(o.waiting, b)
	}
}

// start makes the batch's call, which waits for its place.
func (o *origin) start(ctx context.Context, b *batch) {
	b.place = make(chan struct{})
	b.call = flight.Go(ctx, len(b.loads), func(ctx context.Context, c *flight.Call) { o.travel(ctx, c, b) })
	for _, l := range b.loads {
		l.call = b.call
	}
}

// depart begins the loads of a batch that has a place.
func (o *origin) depart(b *batch) {
	now := clock.Now()
	for i, l := range b.loads {
		l.begin(now)
		if t := l.slot.loadTimeout(); t == 0 || i == 0 || b.budget != 0 && t > b.budget {
			b.budget = t
		}
	}
	close(b.place)
}

// travel is the goroutine of a batch: it waits for a place, loads, and gives the place
// to the next.
func (o *origin) travel(ctx context.Context, c *flight.Call, b *batch) {
	select {
	case <-b.place:
	case <-ctx.Done():
	}
	if !c.Wanted() {
		<-ctx.Done()
	}
	if err := context.Cause(ctx); err != nil { // nobody waits any longer, so no call is made
		if departed := o.withdraw(b); departed {
			defer b.leave()
		}
		for _, l := range b.loads {
			defer o.finish(l, answer{Result: Result[struct{}]{Err: err}}) // each, whatever an observer does
		}
		return
	}
	defer b.leave()
	// Whatever still knows the context, such as a connection that is kept, must not keep
	// what was loaded.
	defer func() { b.loads = nil }()
	ctx, stop := c.Within(ctx, b.budget, overdue(b.budget))
	defer stop()
	// A source that does not heed the end of its context must not keep the place.
	heed := context.AfterFunc(ctx, func() { time.AfterFunc(deafAfter, b.leave) })
	defer heed()
	o.run(b.within(ctx), b.loads)
}

// deafAfter is how long a call may take to return when its context has ended, before
// others depart in its place.
const deafAfter = 100 * time.Millisecond

// withdraw takes a batch out of the line, so that no load is added to it any more. It
// reports whether the batch has departed meanwhile.
func (o *origin) withdraw(b *batch) (departed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.Index(o.waiting, b)
	if i < 0 {
		return true
	}
	o.waiting = slices.Delete(o.waiting, i, i+1)
	return false
}

// next gives a place to the batch that waits longest. It needs the lock.
func (o *origin) next() {
	if len(o.waiting) == 0 || o.inFlight > o.maxCalls {
		o.inFlight--
		return
	}
	b := o.waiting[0]
	o.waiting = slices.Delete(o.waiting, 0, 1)
	o.depart(b)
}
