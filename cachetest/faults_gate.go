package cachetest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// Gate stops requests until the test lets them go, which makes concurrency
// deterministic: the test knows who waits, and acts.
//
//	gate := aws.Hold("GetParameters")
//	go first()
//	gate.Wait(1) // first's request is at the service
//	...
//	gate.Release()
//
// Requests whose client leaves leave the gate. Closing the fake empties it.
type Gate struct {
	mu      sync.Mutex
	changed *sync.Cond
	queue   []chan struct{} // of the requests that wait, in the order of arrival
	open    bool
}

// NewGate returns a gate to be used in faults of one's own; [AWS.Hold] covers the
// plain case.
func NewGate() *Gate {
	g := &Gate{}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// Hold stops the requests for an operation ("" for any), if given only those that
// name one of the keys, before the service looks at its data: what is answered is
// what the service holds at the release. To hold made answers back use
// [Gate.HoldBody].
func (a *AWS) Hold(operation string, keys ...string) *Gate {
	g := NewGate()
	f := Fault{Operation: operation, Do: g.Hold()}
	if len(keys) > 0 {
		f.Match = func(q Request) bool {
			return slices.ContainsFunc(keys, func(key string) bool { return q.is(operation, key) })
		}
	}
	a.Fail(f)
	return g
}

// Hold is the effect of stopping a request at the gate before it is answered.
func (g *Gate) Hold() Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.stop(r.Context())
			next.ServeHTTP(w, r)
		})
	}
}

// HoldBody is the effect of stopping an answer at the gate when n bytes of its body
// have been sent; with n = 0 when it is made and nothing of it sent, not even its
// header.
func (g *Gate) HoldBody(n int) Effect {
	return atByte(n, func(r *http.Request) { g.stop(r.Context()) })
}

// Wait returns when at least n requests wait at the gate. It panics after half a
// minute, saying how many do.
func (g *Gate) Wait(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	waitUntil(g.changed, func() bool { return len(g.queue) >= n }, func() string {
		return fmt.Sprintf("%d requests wait at the gate, not %d", len(g.queue), n)
	})
}

// WaitEmpty returns when no request waits at the gate: all were let go, or their
// clients have left. It panics after half a minute.
func (g *Gate) WaitEmpty() {
	g.mu.Lock()
	defer g.mu.Unlock()
	waitUntil(g.changed, func() bool { return len(g.queue) == 0 }, func() string {
		return fmt.Sprintf("%d requests still wait at the gate", len(g.queue))
	})
}

// Waiting is how many requests wait at the gate now.
func (g *Gate) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
}

// Pass lets the n requests go that have waited longest, or as many as there are.
// The gate stays shut for those that come later.
func (g *Gate) Pass(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pass(min(n, len(g.queue)))
}

// Release opens the gate for good: requests that wait go on, later ones do not
// stop. Releasing again does nothing.
func (g *Gate) Release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	g.pass(len(g.queue))
}

func (g *Gate) pass(n int) {
	for _, turn := range g.queue[:n] {
		close(turn)
	}
	g.queue = g.queue[n:]
	g.changed.Broadcast()
}

// stop waits at the gate. If the client leaves meanwhile the request ends here.
func (g *Gate) stop(ctx context.Context) {
	turn := g.enter()
	if turn == nil {
		return
	}
	select {
	case <-turn:
	case <-ctx.Done():
		g.leave(turn)
		abort()
	}
}

// enter joins the queue, or returns nil if the gate is open.
func (g *Gate) enter() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open {
		return nil
	}
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	g.changed.Broadcast()
	return turn
}

func (g *Gate) leave(turn chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = slices.DeleteFunc(g.queue, func(t chan struct{}) bool { return t == turn })
	g.changed.Broadcast()
}
