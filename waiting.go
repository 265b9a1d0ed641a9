package lambdacache

import (
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// waiting counts, in environments that freeze, the waits for loads on behalf of
// invocations that run. Invocations that find everything fresh are not counted,
// which spares them two atomic writes: they have nothing in flight that the end of
// another could cancel.
var waiting struct {
	sync.Mutex
	n int
}

// enter notes that the invocation waits for loads, and reports whether it counts: not
// once it has ended, for what a handler leaves behind must not keep later
// invocations from ending what runs. It owes a leave.
func (inv *invocation) enter() (counted bool) {
	if !environment.Freezes() {
		return false
	}
	waiting.Lock()
	defer waiting.Unlock()
	if inv.ended || inv.Context.Err() != nil { // Lambda cancels the context of an invocation that is over
		return false
	}
	inv.waits++
	waiting.n++
	return true
}

func (inv *invocation) leave(counted bool) {
	if !counted {
		return
	}
	waiting.Lock()
	defer waiting.Unlock()
	inv.waits--
	if !inv.ended {
		waiting.n--
	}
}

// end cancels and awaits the loads that still run when no other invocation waits for
// one, because the environment may be frozen next. What waits on behalf of this
// invocation has outlived its handler.
func (inv *invocation) end() {
	if !environment.Freezes() || inv.outer != nil || flight.Running() == 0 {
		return
	}
	waiting.Lock()
	waiting.n -= inv.waits
	inv.ended = true
	others := waiting.n
	waiting.Unlock()
	if others == 0 {
		flight.CancelAll(inv.patience())
	}
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
