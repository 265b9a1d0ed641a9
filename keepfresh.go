package lambdacache

import (
	"context"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// KeepFresh loads entries in the background before they are due, so that nobody who
// reads them waits: it looks ten times within the shortest max age among them, every 10 s
// at least, and loads what would be due two looks later. It returns when ctx is done and nobody of its own waits any more:
// start it where a process runs on between its requests, in a container or on Managed
// Instances, and stop it by its context.
//
//	go lambdacache.KeepFresh(ctx, apiKey, db)
//
// Loads share calls as ever, and whoever reads meanwhile shares the loads. One that fails
// is not repeated before a pause has passed, as for [StaleIfError]; events tell it. A
// source that forbids asking, as AppConfig does within its poll interval, is asked when
// it may be, and what a source makes due sooner than it is looked at is waited for.
// Entries under [Forever] are loaded once. [MaxAge](0) cannot be kept fresh and panics.
//
// Where Lambda freezes the environment between invocations nothing can run in the
// background: KeepFresh returns at once there, so that the same code does for both.
func KeepFresh(ctx context.Context, entries ...Cached) {
	var kept []*core
	shortest := Forever
	for _, c := range cores("KeepFresh", entries) {
		c.leaves(func(leaf *core) {
			if leaf.maxAge == 0 {
				panic("lambdacache: KeepFresh: " + leaf.name + " has MaxAge(0): every reader loads; leave it out")
			}
			kept, shortest = append(kept, leaf), min(shortest, leaf.freshFor())
		})
	}
	if environment.Freezes() {
		return
	}
	step := min(max(shortest/looks, time.Millisecond), longestStep)
	tick := time.NewTicker(step)
	defer tick.Stop()
	var waits sync.WaitGroup // each load's own: a long one keeps no other from its time
	defer waits.Wait()
	for ctx.Err() == nil { // both may be ready below
		for _, l := range loadSoonDue(ctx, kept, 2*step) {
			waits.Go(func() {
				_ = l.await(ctx) // what failed was told
				l.call.Leave()
			})
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// KeepFresh looks so often within the shortest max age, and at least so often.
const (
	looks       = 10
	longestStep = 10 * time.Second
)

// loadSoonDue starts loads of what is due within d and may be asked for by now. Each has
// one waiter.
func loadSoonDue(ctx context.Context, entries []*core, d time.Duration) (loads []*load) {
	now := clock.Now()
	then := now.Back(-d)
	var wants []*want
	index := make(map[*slot]*want)
	for _, c := range entries {
		v := c.slot.cur.Load()
		if p := v.part(c.part); p.fresh(then) || !p.again.Passed(now) {
			continue
		}
		if w := index[c.slot]; w != nil {
			w.entries = append(w.entries, c)
			continue
		}
		index[c.slot] = &want{slot: c.slot, entries: []*core{c}, v: v}
		wants = append(wants, index[c.slot])
	}
	byOrigin(wants, func(o *origin, group []*want) { loads = append(loads, o.loadEarly(ctx, group)...) })
	return loads
}
