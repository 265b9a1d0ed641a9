package lambdacache

import (
	"context"
	"slices"
)

// A source may read entries, of its own origin as well: a function that makes one key of
// a family of another. If its call kept its place while what it waits for is in the
// line, all places could end up with calls that wait for each other.

// placeKey finds the batch, in whose call somebody reads, in his context.
type placeKey struct{ _ byte }

// within marks the context of a batch's call.
func (b *batch) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, (*placeKey)(nil), b)
}

// stepAside makes the call that waits for wants, if a call does, give its place away
// until back is called, and those of them that wait for a place the next to get one.
func (o *origin) stepAside(ctx context.Context, wants []*want) (back func()) {
	b, _ := ctx.Value((*placeKey)(nil)).(*batch)
	if b == nil || !o.hasten(wants) {
		return func() {}
	}
	b.away(1)
	return func() { b.away(-1) }
}

// hasten puts the loads of wants first in the line, and reports whether any was there.
func (o *origin) hasten(wants []*want) (lined bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range wants {
		if w.load == nil || w.load.begun() {
			continue
		}
		lined = true
		if i := slices.IndexFunc(o.waiting, func(b *batch) bool { return b.call == w.load.call }); i > 0 {
			first := o.waiting[i]
			o.waiting = slices.Insert(slices.Delete(o.waiting, i, i+1), 0, first)
		}
	}
	return lined
}

// away counts what the batch's call waits for. It comes back also if that makes one
// call too many: until then it had none.
func (b *batch) away(n int) {
	b.origin.mu.Lock()
	defer b.origin.mu.Unlock()
	stayed := b.waits == 0
	b.waits += n
	switch {
	case b.left:
	case stayed:
		b.origin.next()
	case b.waits == 0:
		b.origin.inFlight++
	}
}

// leave gives the place of a call that has ended to the next.
func (b *batch) leave() {
	b.origin.mu.Lock()
	defer b.origin.mu.Unlock()
	if !b.left && b.waits == 0 {
		b.origin.next()
	}
	b.left = true
}
