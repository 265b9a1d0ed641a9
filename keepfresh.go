package lambdacache

import (
	"context"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// KeepFresh loads entries in the background, each in the last fifth of its max age, so
// that nobody who reads them waits. It returns when ctx is done: start it where a
// process runs on between its requests, in a container or on Managed Instances, and
// stop it by its context.
//
//	go lambdacache.KeepFresh(ctx, apiKey, db)
//
// Loads share calls as ever, and whoever reads meanwhile shares the loads. One that fails
// is not repeated before a pause has passed, as for [StaleIfError]; events tell it.
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
	for ctx.Err() == nil { // both may be ready below
		loadSoonDue(ctx, kept, 2*step)
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

// loadSoonDue loads what is due within d, and waits for it.
func loadSoonDue(ctx context.Context, entries []*core, d time.Duration) {
	then := clock.Now().Back(-d)
	var wants []*want
	index := make(map[*slot]*want)
	for _, c := range entries {
		v := c.slot.cur.Load()
		if p := v.part(c.part); p.fresh(then) {
			continue
		}
		if w := index[c.slot]; w != nil {
			w.entries = append(w.entries, c)
			continue
		}
		index[c.slot] = &want{slot: c.slot, entries: []*core{c}, v: v}
		wants = append(wants, index[c.slot])
	}
	var loads []*load
	byOrigin(wants, func(o *origin, group []*want) { loads = append(loads, o.loadEarly(ctx, group)...) })
	for _, l := range loads {
		_ = l.await(ctx) // what failed was told
		l.call.Leave()
	}
}
