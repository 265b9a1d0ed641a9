package cachetest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault says which requests meet an [Effect]: those that match Operation, Key and
// Match, from the one after After on, Times times.
//
//	// the first call is throttled, the second meets a dead connection, the third works
//	aws.Fail(cachetest.Fault{Operation: "GetParameters", Times: 1, Do: cachetest.Throttle()})
//	aws.Fail(cachetest.Fault{Operation: "GetParameters", Times: 1, Do: cachetest.ResetConnection()})
//
// A request goes through the faults in the order in which they were scripted, and
// takes one of the Times of a fault only when it gets there: the faults before it
// passed the request on, as [Delay] does and [Throttle] does not.
type Fault struct {
	Operation string             // "GetParameters"; "" for every one
	Key       string             // only requests that name this key, as CallsFor means it; "" for all
	Match     func(Request) bool // a further condition, such as the connection; nil for none

	After int // lets so many matching requests pass first
	Times int // then applies to so many; 0 for all that follow
	Do    Effect
}

// Effect is what happens to a request: a middleware around the fake's own answer.
// It may answer itself, wait, or change what next writes. The effects of this
// package cover most needs; a test may bring its own.
type Effect func(next http.Handler) http.Handler

// Chain combines effects, the first one outermost.
func Chain(effects ...Effect) Effect {
	return func(next http.Handler) http.Handler {
		for _, e := range slices.Backward(effects) {
			next = e(next)
		}
		return next
	}
}

// faults is what was scripted, in order.
type faults struct {
	mu      sync.Mutex
	list    []*scripted
	latency time.Duration
}

type scripted struct {
	Fault
	seen    int // matching requests that got here
	removed bool
}

// Fail scripts a fault for the requests that arrive from now on, and returns what
// takes it back. It panics if Do is missing or the fake does not have the
// Operation.
func (a *AWS) Fail(f Fault) (remove func()) {
	if f.Do == nil {
		panic("cachetest: a Fault without Do: say what happens, as in Do: cachetest.Throttle()")
	}
	if f.After < 0 || f.Times < 0 {
		panic("cachetest: a Fault with a negative After or Times")
	}
	a.known(f.Operation)
	s := &scripted{Fault: f}
	a.faults.mu.Lock()
	defer a.faults.mu.Unlock()
	a.faults.list = append(a.faults.list, s)
	return func() { a.faults.remove(s) }
}

// Heal takes back every fault and the latency. Requests that wait at a [Gate] wait
// on; denied permissions stay denied.
func (a *AWS) Heal() {
	a.faults.mu.Lock()
	defer a.faults.mu.Unlock()
	for _, s := range a.faults.list {
		s.removed = true
	}
	a.faults.list = nil
	a.faults.latency = 0
}

// Latency makes every request wait for d before anything else happens to it; 0
// takes it back. It is for demonstrations and measurements: a test that wants to
// see something happen meanwhile is better served by [AWS.Hold].
func (a *AWS) Latency(d time.Duration) {
	a.faults.mu.Lock()
	defer a.faults.mu.Unlock()
	a.faults.latency = d
}

func (f *faults) remove(s *scripted) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.removed = true
	f.list = slices.DeleteFunc(f.list, func(o *scripted) bool { return o == s })
}

// meet puts the faults between a request and last.
func (f *faults) meet(q Request, last http.Handler) http.Handler {
	f.mu.Lock()
	list, latency := slices.Clone(f.list), f.latency
	f.mu.Unlock()
	next := last
	for _, s := range slices.Backward(list) {
		rest := next
		next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if f.take(s, q) {
				s.Do(rest).ServeHTTP(w, r)
				return
			}
			rest.ServeHTTP(w, r)
		})
	}
	if latency > 0 {
		next = Delay(latency)(next)
	}
	return next
}

// take reports whether s applies to a request that got to it.
func (f *faults) take(s *scripted, q Request) bool {
	if !q.is(s.Operation, s.Key) || s.Match != nil && !s.Match(q) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.removed {
		return false
	}
	s.seen++
	return s.seen > s.After && (s.Times == 0 || s.seen <= s.After+s.Times)
}
