package lambdacache

import (
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// waiting counts, in environments that freeze, the waits for loads on behalf of each
// invocation. One that finds everything fresh is not in it, which spares it the lock:
// it has nothing in flight that the end of another could cancel.
var waiting = struct {
	sync.Mutex
	invs map[*invocation]int
}{invs: make(map[*invocation]int)}

// waits notes that the invocation waits for loads, n = 1, or no longer, n = -1.
func (inv *invocation) waits(n int) {
	for inv.outer != nil {
		inv = inv.outer
	}
	waiting.Lock()
	defer waiting.Unlock()
	if waiting.invs[inv] += n; waiting.invs[inv] == 0 {
		delete(waiting.invs, inv)
	}
}

// end leaves the early loads that a handler which panicked did not wait for, then cancels
// and awaits the loads that still run when no other running invocation waits for one,
// because the environment may be frozen next. What an invocation that has ended left
// behind does not count.
func (inv *invocation) end(e *early) {
	if e != nil {
		e.leave()
	}
	if inv.outer != nil || !environment.Freezes() {
		return
	}
	inv.ended.Store(true)
	if flight.Running() > 0 {
		cancelAll()(inv.patience())
	}
}

// cancelAll holds the lock while it cancels: the loads of an invocation that begins to
// wait just then are not among those.
func cancelAll() (await func(patience time.Duration)) {
	waiting.Lock()
	defer waiting.Unlock()
	for inv := range waiting.invs {
		if !inv.ended.Load() {
			return func(time.Duration) {}
		}
	}
	return flight.CancelAll()
}

// maxPatience bounds how long the end of an invocation waits for loads that do not
// heed their cancellation.
const maxPatience = 200 * time.Millisecond

// patience leaves half of what is left of the invocation's time for its answer.
func (inv *invocation) patience() time.Duration {
	patience := maxPatience
	if deadline, limited := inv.Context.Deadline(); limited {
		patience = min(patience, time.Until(deadline)/2)
	}
	return max(patience, 10*time.Millisecond)
}
