//go:build linux

package lambdahost

import (
	"sync"
	"time"
)

// Event is what a function is invoked with. Only the payload is needed.
type Event struct {
	Payload []byte
	// RequestID must differ from those of all other invocations. Empty: a new UUID.
	RequestID string
	// TraceID is the X-Ray trace header. Empty: a new one, not sampled.
	TraceID         string
	ClientContext   string // JSON, of the mobile SDKs
	CognitoIdentity string // JSON
	TenantID        string // tenant isolation mode
}

// invocation is one event on its way through the function. Several parties decide
// its end: the Runtime API's handlers, the process's exit, the clock, Close.
type invocation struct {
	Event
	deadline time.Time // on the host's clock; what the function is told
	limit    time.Time // on the real clock; when the host loses patience

	answered chan struct{} // closed when the response, or an error instead, is complete
	finished chan struct{} // closed when result may be read
	result   Response
	err      error // why there is no result

	mu      sync.Mutex
	more    *sync.Cond // body has grown, or ended
	open    bool       // the response has begun and not ended
	begun   bool       // the response has begun, or ended
	ended   bool
	body    []byte
	failure *FunctionError
	handed  time.Time
	stop    error // why there will be no response: see abandon
	head    Response
}

func newInvocation(e Event) *invocation {
	e.RequestID = or(e.RequestID, newUUID())
	e.TraceID = or(e.TraceID, newTraceID())
	inv := &invocation{Event: e, answered: make(chan struct{}), finished: make(chan struct{})}
	inv.more = sync.NewCond(&inv.mu)
	inv.head.RequestID = e.RequestID
	return inv
}

// startClock sets the deadline, unless an init within the invocation did already.
func (inv *invocation) startClock(c *Config) {
	if inv.limit.IsZero() {
		inv.deadline = c.Now().Add(c.Timeout)
		inv.limit = time.Now().Add(c.Timeout)
	}
}

// handOver notes the moment from which the timings count.
func (inv *invocation) handOver(cold bool, initDuration time.Duration) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	inv.handed = time.Now()
	if cold {
		inv.head.ColdStart, inv.head.InitDuration = true, initDuration
	}
}

// respond begins the response. It returns false if one was begun, or the
// invocation has failed, before.
func (inv *invocation) respond(contentType string, streaming bool) bool {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if inv.begun {
		return false
	}
	inv.begun, inv.open = true, true
	inv.head.ContentType, inv.head.Streaming = contentType, streaming
	return true
}

// write adds to the response. What comes after the invocation failed is dropped.
func (inv *invocation) write(chunk []byte) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if !inv.open || len(chunk) == 0 {
		return
	}
	inv.markFirstByte()
	inv.body = append(inv.body, chunk...)
	inv.more.Broadcast()
}

func (inv *invocation) markFirstByte() {
	if inv.head.FirstByte == 0 {
		inv.head.FirstByte = time.Since(inv.handed)
	}
}

func (inv *invocation) markLastByte() {
	inv.markFirstByte()
	inv.head.LastByte = time.Since(inv.handed)
}

// complete ends the response; fe is the error of its trailers, if any.
func (inv *invocation) complete(fe *FunctionError) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if inv.open {
		inv.markLastByte()
		inv.end(fe)
	}
}

// report ends the invocation with an error of the function's own.
func (inv *invocation) report(fe *FunctionError) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if !inv.ended {
		inv.markLastByte()
		inv.end(fe)
	}
}

// fail ends the invocation with an error that Lambda noticed, if it has not ended. It
// reports whether it did.
func (inv *invocation) fail(fe *FunctionError) bool {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if inv.ended {
		return false
	}
	inv.end(fe)
	return true
}

// end is called once, with mu held.
func (inv *invocation) end(fe *FunctionError) {
	inv.begun, inv.open, inv.ended = true, false, true
	inv.failure = fe
	close(inv.answered)
	inv.more.Broadcast()
}

// overrule replaces even a complete response by an error: the environment ran out
// of time before it was idle again.
func (inv *invocation) overrule(fe *FunctionError) {
	if inv.fail(fe) {
		return
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	inv.failure = fe
	inv.body = nil
}

// finish makes the result known.
func (inv *invocation) finish() {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	inv.result = inv.head
	inv.result.Payload, inv.result.Error = inv.body, inv.failure
	if inv.failure != nil && len(inv.body) == 0 {
		inv.result.Payload = inv.failure.Payload
	}
	if !inv.handed.IsZero() {
		inv.result.Done = time.Since(inv.handed)
	}
	close(inv.finished)
}

// abandon ends the invocation without a result.
func (inv *invocation) abandon(err error) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	inv.err, inv.stop = err, err
	inv.begun, inv.open, inv.ended = true, false, true
	inv.more.Broadcast()
	close(inv.finished)
}
