package lambdacache_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// toldEvent is an event, and when.
type toldEvent struct {
	lc.Event
	tick int
}

// serving is an old value that somebody was given.
type serving struct {
	e    *modelEntry
	tick int // when he asked
}

func (w *world) observe() {
	lc.Observe(func(e lc.Event) {
		tick := w.next()
		if e.Kind == lc.EventStale && (len(e.Entries) == 0 || e.Err == nil) {
			w.failf("told of an old value without its entries or its cause: %+v", e)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, toldEvent{e, tick})
		if e.Kind == lc.EventFailed && e.Calls == 0 && (errors.Is(e.Err, flight.ErrGrounded) || errors.Is(e.Err, flight.ErrAbandoned)) {
			// It waited for its place: no source can know.
			w.trouble[e.Key], w.cancelled, w.troubled[e.Key] = tick, tick, true
		}
	})
	w.t.Cleanup(func() { lc.Observe(nil) })
}

// checkEvents checks that old values are told of: each since the entry was last known to be
// good, and of none more often than there were loads.
func (w *world) checkEvents() {
	for _, s := range w.servings {
		told := false
		for _, e := range slices.Backward(w.events) {
			if e.Key != s.e.key {
				continue
			}
			good := e.Kind == lc.EventLoaded || e.Kind == lc.EventUnchanged
			if good && e.tick < s.tick && slices.Contains(e.Entries, s.e.Name()) {
				break
			}
			told = told || e.Kind == lc.EventStale && slices.Contains(e.Entries, s.e.Name())
		}
		if !told {
			w.failf("%v was given an old value (%d), and it was not told: %v", s.e, s.tick, w.eventsOf(s.e.key))
		}
	}
	loads, stale, key := map[string]int{}, map[string]int{}, map[string]string{}
	for _, e := range w.events {
		switch e.Kind {
		case lc.EventStale:
			if !strings.HasPrefix(e.Err.Error(), "too little time is left") { // no load was begun
				for _, name := range e.Entries {
					stale[name]++
					key[name] = e.Key
				}
			}
		case lc.EventLoaded, lc.EventUnchanged, lc.EventFailed:
			loads[e.Key]++
		}
	}
	for name, n := range stale {
		if n > loads[key[name]] {
			w.failf("%s: %d old values told, of %d loads", name, n, loads[key[name]])
		}
	}
}

func (w *world) eventsOf(key string) (list []string) {
	for _, e := range w.events {
		if e.Key == key {
			list = append(list, fmt.Sprint("\n", e.tick, " ", line(e.Event)))
		}
	}
	return list
}
