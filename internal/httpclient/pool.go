// Package httpclient is what the HTTP clients of this module have in common: one
// attempt is bounded in time, and a connection that was idle for too long, frozen time
// included, is never used again.
package httpclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// Pool keeps connections for the next request. It watches their age on the clocks
// of package clock, because the transport's own timer runs on the monotonic clock,
// which may miss the time an environment was frozen: the service has long hung up
// when that timer believes a second has passed.
type Pool struct {
	Dialer net.Dialer // makes the connections; may be changed before the first

	transport *http.Transport
	idle      time.Duration

	mu   sync.Mutex
	open map[*conn]clock.Reading // when each connection last carried anything
}

// NewPool makes the transport, which nothing else may use yet, keep its connections
// so: connect bounds a connection and again its TLS handshake, and idle is how long
// one may carry nothing.
func NewPool(transport *http.Transport, connect, idle time.Duration) *Pool {
	p := &Pool{
		transport: transport,
		Dialer:    net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second, Control: limitUnanswered},
		idle:      idle,
		open:      map[*conn]clock.Reading{},
	}
	transport.DialContext = p.dial
	// One request a connection at a time: with HTTP/2 a request that is broken off
	// leaves its connection, perhaps a dead one, to the attempt after it, and one that
	// hangs keeps it from ever being idle. The services speak HTTP/1.1.
	transport.ForceAttemptHTTP2 = false
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.TLSHandshakeTimeout = connect
	transport.IdleConnTimeout = idle
	transport.MaxIdleConnsPerHost = 50 // batches of one refresh run side by side
	return p
}

// DropIdle closes what lies idle if any connection has carried nothing for too
// long. Asking for the oldest one matters: ten batches leave ten connections, and a
// single call every few seconds keeps only one of them young. Closing the young
// ones too costs a handshake at worst; the transport offers no choice.
func (p *Pool) DropIdle() {
	now := clock.Now()
	p.mu.Lock()
	old := false
	for _, used := range p.open {
		old = old || p.isOld(used, now)
	}
	p.mu.Unlock()
	if old {
		p.Close()
	}
}

func (p *Pool) isOld(used, now clock.Reading) bool { return now.Since(used) >= p.idle }

// Close closes what lies idle.
func (p *Pool) Close() { p.transport.CloseIdleConnections() }

func (p *Pool) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := p.Dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	wrapped := &conn{Conn: c, pool: p}
	p.mu.Lock()
	p.open[wrapped] = clock.Now()
	p.mu.Unlock()
	return wrapped, nil
}

// conn notes when it was last used. Once it is old it stays so, and nothing is
// written to it any more: [Pool.DropIdle] cannot close a connection that is on its
// way back to the transport, and what arrives on an idle one, such as the other end's
// goodbye, does not make it young. The transport takes another connection for a
// request of which nothing was written.
type conn struct {
	net.Conn
	pool *Pool
}

var errOld = errors.New("the connection has been idle for too long")

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.use()
	}
	if err != nil && err != io.EOF && !errors.Is(err, net.ErrClosed) { //nolint:errorlint // a bare io.EOF is the orderly end
		// What broke this one may have broken the others: what is sent again goes over
		// a new one.
		c.pool.Close()
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if !c.use() {
		return 0, errOld
	}
	return c.Conn.Write(p)
}

func (c *conn) Close() error {
	c.pool.mu.Lock()
	delete(c.pool.open, c)
	c.pool.mu.Unlock()
	return c.Conn.Close()
}

// use reports whether the connection may still be used.
func (c *conn) use() bool {
	now := clock.Now()
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	used, open := c.pool.open[c]
	switch {
	case !open: // Conn itself says so
	case c.pool.isOld(used, now):
		return false
	default:
		c.pool.open[c] = now
	}
	return true
}
