// Package link is a network between a client and a server that can lose the
// connections open at some moment, in the ways in which kept connections are lost
// while a function is frozen, and lets through those made later.
package link

import (
	"context"
	"net"
	"sync"
	"testing"
)

// Way is how connections are lost.
type Way int

const (
	// Swallow acknowledges what the client sends and never answers, as a machine
	// between the two does that has lost the server.
	Swallow Way = iota + 1
	// Reset answers what the client sends with a reset, as a NAT gateway does that
	// has forgotten the connection, or a server that was restarted.
	Reset
	// Close ends the connection when the client sends: the server's end of an idle
	// connection crosses the request.
	Close
	// Goodbye ends the connection at once. A client that runs learns of it before its
	// next request.
	Goodbye
	// Vanish makes the packets of the client vanish, unacknowledged. It needs Linux.
	Vanish
)

// Link listens in place of a server.
type Link struct {
	Address  string // host and port
	listener net.Listener
	upstream string
	ctx      context.Context
	done     sync.WaitGroup

	mu   sync.Mutex
	all  []*conn
	lost sync.WaitGroup // goodbyes the client has not answered
}

type conn struct {
	client, server net.Conn
	way            Way // 0: it carries
	written        int // bytes that came after it was lost
	said, ended    bool
}

// New links a free port to the server at upstream, host and port, until the test
// ends.
func New(t testing.TB, upstream string) *Link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	link := &Link{Address: l.Addr().String(), listener: l, upstream: upstream, ctx: t.Context()}
	link.done.Go(link.accept)
	t.Cleanup(link.close)
	return link
}

func (l *Link) close() {
	_ = l.listener.Close()
	l.mu.Lock()
	for _, c := range l.all {
		_ = c.client.Close()
		_ = c.server.Close()
	}
	l.mu.Unlock()
	l.done.Wait()
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(l.ctx, "tcp", l.upstream)
		if err != nil {
			_ = client.Close()
			continue
		}
		c := &conn{client: client, server: server}
		l.mu.Lock()
		l.all = append(l.all, c)
		l.mu.Unlock()
		l.done.Go(func() { l.up(c) })
		l.done.Go(func() { l.down(c) })
	}
}

// Connections is how many were made.
func (l *Link) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// Written is how many bytes the client has sent on connections after they were lost;
// those that vanished are not known of.
func (l *Link) Written() (bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		bytes += c.written
	}
	return bytes
}

// Lose loses every open connection. After Goodbye it returns when the client has
// ended them as well.
func (l *Link) Lose(t testing.TB, way Way) {
	t.Helper()
	l.lose(t, way)
	l.lost.Wait()
}

func (l *Link) lose(t testing.TB, way Way) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		if c.way != 0 || c.ended {
			continue
		}
		c.way = way
		switch way {
		case Goodbye:
			l.lost.Add(1)
			c.said = true
			_ = c.client.(*net.TCPConn).CloseWrite()
		case Vanish:
			deafen(t, c.client.(*net.TCPConn))
		}
	}
}

// up carries what the client sends.
func (l *Link) up(c *conn) {
	defer l.end(c)
	buf := make([]byte, 32<<10)
	for {
		n, err := c.client.Read(buf)
		l.mu.Lock()
		way := c.way
		if way != 0 {
			c.written += n
		}
		l.mu.Unlock()
		switch {
		case err != nil:
			return
		case way == Reset:
			_ = c.client.(*net.TCPConn).SetLinger(0)
			return
		case way == Close:
			_ = c.client.(*net.TCPConn).CloseWrite()
		case way == 0:
			if _, err := c.server.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

// down carries the answers.
func (l *Link) down(c *conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := c.server.Read(buf)
		l.mu.Lock()
		way := c.way
		l.mu.Unlock()
		if way != 0 {
			return
		}
		if _, werr := c.client.Write(buf[:n]); err != nil || werr != nil {
			l.end(c)
			return
		}
	}
}

func (l *Link) end(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.ended = true
	_ = c.client.Close()
	_ = c.server.Close()
	if c.said {
		c.said = false
		l.lost.Done()
	}
}
