package awsconfig

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// pool keeps connections for the next request. It watches their age on the clocks
// of package clock, because the transport's own timer runs on the monotonic clock,
// which may miss the time an environment was frozen: the service has long hung up
// when that timer believes a second has passed.
type pool struct {
	http      *http.Client
	transport *http.Transport
	dialer    net.Dialer
	idle      time.Duration

	mu   sync.Mutex
	open map[*conn]clock.Reading // when each connection last carried anything
}

func newPool(h *host, roots *x509.CertPool) *pool {
	p := &pool{
		dialer: net.Dialer{Timeout: h.connect, KeepAlive: 30 * time.Second, Control: limitUnanswered},
		idle:   h.idle,
		open:   map[*conn]clock.Reading{},
	}
	// The SDK's transport brings the proxy variables, TLS 1.2 and FIPS curves.
	p.transport = awshttp.NewBuildableClient().GetTransport()
	p.transport.DialContext = p.dial
	// One request a connection at a time: with HTTP/2 a request that is broken off
	// leaves its connection, perhaps a dead one, to the attempt after it, and one that
	// hangs keeps it from ever being idle. The services speak HTTP/1.1.
	p.transport.ForceAttemptHTTP2 = false
	p.transport.Protocols = new(http.Protocols)
	p.transport.Protocols.SetHTTP1(true)
	p.transport.TLSHandshakeTimeout = h.connect
	p.transport.TLSClientConfig.RootCAs = roots
	p.transport.IdleConnTimeout = h.idle
	p.transport.MaxIdleConnsPerHost = 50 // batches of one refresh run side by side
	p.http = &http.Client{Transport: p.transport, CheckRedirect: sameMethodOnly}
	return p
}

// dropIdle closes what lies idle if any connection has carried nothing for too
// long. Asking for the oldest one matters: ten batches leave ten connections, and a
// single call every few seconds keeps only one of them young. Closing the young
// ones too costs a handshake at worst; the transport offers no choice.
func (p *pool) dropIdle() {
	now := clock.Now()
	p.mu.Lock()
	old := false
	for _, used := range p.open {
		old = old || p.isOld(used, now)
	}
	p.mu.Unlock()
	if old {
		p.close()
	}
}

func (p *pool) isOld(used, now clock.Reading) bool { return now.Since(used) >= p.idle }

// close closes what lies idle.
func (p *pool) close() { p.transport.CloseIdleConnections() }

func (p *pool) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := p.dialer.DialContext(ctx, network, addr)
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
// written to it any more: [pool.dropIdle] cannot close a connection that is on its
// way back to the transport, and what arrives on an idle one, such as the other end's
// goodbye, does not make it young. The transport takes another connection for a
// request of which nothing was written.
type conn struct {
	net.Conn
	pool *pool
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
		c.pool.close()
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

// readRoots reads the certificates trusted instead of the system's; nil without a
// file.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of AWS_CA_BUNDLE: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("AWS_CA_BUNDLE names " + file + ", which holds no PEM certificate")
	}
	return roots, nil
}
