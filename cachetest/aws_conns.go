package cachetest

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// connections numbers the connections of a server, and knows which are open.
type connections struct {
	mu    sync.Mutex
	none  *sync.Cond // signalled when the last one closes
	open  map[net.Conn]http.ConnState
	count int // accepted since the start or the last reset
	last  int // the number of the newest
}

// connection is one of them, as the context of its requests carries it.
type connection struct {
	number int
	net.Conn
}

type connectionKey struct{}

func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

func (c *connections) init() {
	c.open = make(map[net.Conn]http.ConnState)
	c.none = sync.NewCond(&c.mu)
}

// opened is the server's ConnContext: it is called for a new connection before
// anything is read from it.
func (c *connections) opened(ctx context.Context, conn net.Conn) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	c.last++
	return context.WithValue(ctx, connectionKey{}, &connection{c.last, conn})
}

// changed is the server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state != http.StateClosed && state != http.StateHijacked {
		c.open[conn] = state
		return
	}
	delete(c.open, conn)
	if len(c.open) == 0 {
		c.none.Broadcast()
	}
}

// wait returns when no connection is open.
func (c *connections) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) > 0 {
		c.none.Wait()
	}
}

// Connections is how many connections clients have opened since the start or the
// last [AWS.ResetCounts].
func (a *AWS) Connections() int {
	a.conns.mu.Lock()
	defer a.conns.mu.Unlock()
	return a.conns.count
}

// CloseIdle closes the connections that clients keep open without a request on
// them, as a service does after a while. A client may or may not have noticed when
// it sends its next request: for the case that it certainly has not, let a request
// meet [ResetConnection].
func (a *AWS) CloseIdle() {
	a.conns.mu.Lock()
	var idle []net.Conn
	for conn, state := range a.conns.open {
		if state == http.StateIdle {
			idle = append(idle, conn)
		}
	}
	a.conns.mu.Unlock()
	for _, conn := range idle {
		_ = conn.Close()
	}
}
