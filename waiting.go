package lambdacache

import (
	"sync"

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

// enter notes that the invocation waits for loads, until leave.
func (inv *invocation) enter() {
	if !environment.Freezes() {
		return
	}
	waiting.Lock()
	defer waiting.Unlock()
	inv.waits.Add(1)
	if !inv.ended {
		waiting.n++
	}
}

func (inv *invocation) leave() {
	if !environment.Freezes() {
		return
	}
	waiting.Lock()
	defer waiting.Unlock()
	inv.waits.Add(-1)
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
	waiting.n -= int(inv.waits.Load())
	inv.ended = true
	others := waiting.n
	waiting.Unlock()
	if others == 0 {
		flight.CancelAll(inv.Context)
	}
}
