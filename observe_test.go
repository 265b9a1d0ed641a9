package lambdacache_test

import (
	"sync"
	"testing"

	lc "github.com/lambda-cache/lambdacache"
)

// recorded are the events of a test.
type recorded struct {
	mu   sync.Mutex
	list []lc.Event
}

func observe(t *testing.T) *recorded {
	r := new(recorded)
	lc.Observe(func(e lc.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.list = append(r.list, e)
	})
	t.Cleanup(func() { lc.Observe(nil) })
	return r
}

func (r *recorded) of(kind lc.EventKind) (events []lc.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.list {
		if e.Kind == kind {
			events = append(events, e)
		}
	}
	return events
}

func (r *recorded) count(kind lc.EventKind) int { return len(r.of(kind)) }

func (r *recorded) first(kind lc.EventKind) lc.Event {
	if events := r.of(kind); len(events) > 0 {
		return events[0]
	}
	return lc.Event{}
}

// calls adds up the calls of all events.
func (r *recorded) calls() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.list {
		n += e.Calls
	}
	return n
}
