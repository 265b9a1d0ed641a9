package httpcache

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/httpclient"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// doer makes one request and follows no redirect.
type doer interface {
	Do(req *http.Request) (*http.Response, error)
}

var clientOption = lambdacache.NewOptionKind[doer]("httpcache.Client")

// Client makes an entry load with c in place of the default client: with other
// certificates, proxies or timeouts. Its Transport, Jar and Timeout are used as they are;
// redirects are followed by the rules of this package, not by its CheckRedirect. Entries
// with the same client share loads. A Transport that adds credentials of its own adds
// them to every request, also to those behind a redirect to another host: [Header] does
// not. A nil client panics.
func Client(c *http.Client) lambdacache.Option {
	if c == nil {
		panic("lambdacache: httpcache.Client was given nil: give it a client, or leave the option out for the default one")
	}
	return clientOption.With(own{c})
}

// own is a user's client.
type own struct{ client *http.Client }

func (o own) Do(req *http.Request) (*http.Response, error) {
	c := *o.client
	c.CheckRedirect = unfollowed
	return c.Do(req)
}

func unfollowed(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// limits are those of the default client, which tests make shorter.
type limits struct {
	attempt time.Duration // to the first byte, and again without progress
	connect time.Duration // a connection, and again its TLS handshake
	idle    time.Duration // how long a connection may lie idle
	roots   *x509.CertPool
}

func lambda() limits {
	return limits{attempt: testhook.Limit(1500 * time.Millisecond), connect: testhook.Limit(time.Second), idle: 10 * time.Second}
}

// newClient makes a client like that of package awsconfig, which this one must not
// import: it would link the AWS SDK.
func newClient(l limits) (client *httpclient.Client, closeIdle func()) {
	transport := &http.Transport{
		Proxy:                  proxy,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: l.roots},
		MaxIdleConns:           100,
		MaxResponseHeaderBytes: 256 << 10,
	}
	pool := httpclient.NewPool(transport, l.connect, l.idle)
	return &httpclient.Client{
		HTTP:   &http.Client{Transport: transport, CheckRedirect: unfollowed},
		Before: pool.DropIdle, Silent: pool.Close, Limit: l.attempt, Streaming: true,
	}, pool.Close
}

var errProxy = errors.New("HTTPS_PROXY or HTTP_PROXY is not the URL of a proxy")

// proxy is that of the environment. net/http's error would quote its URL, which may
// have a password in it.
func proxy(req *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(req)
	if err != nil {
		return nil, errProxy
	}
	return u, nil
}

// defaults is the default client, made at the first load and not before.
var defaults struct {
	sync.Mutex
	client doer
	close  func()
}

func init() {
	testhook.OnReset(func() {
		defaults.Lock()
		defer defaults.Unlock()
		if defaults.client != nil {
			defaults.close()
			defaults.client = nil
		}
	})
}

func defaultClient() doer {
	defaults.Lock()
	defer defaults.Unlock()
	if defaults.client == nil {
		defaults.client, defaults.close = newClient(lambda())
	}
	return defaults.client
}

// originKey is what an origin's entries have in common. The query is part of it and
// not of their keys, which are shown.
type originKey struct {
	client  doer // nil for the default one
	headers string
	limit   int
	query   string
}

var origins = struct {
	sync.Mutex
	all map[originKey]origin
}{all: make(map[originKey]origin)}

// origin is one with its source.
type origin struct {
	*lambdacache.Origin[[]byte]
	source *source
}

// take gives the origin that opts are for, and those that are left. The locations of a
// family have no query in common.
func take(query string, opts []lambdacache.Option) (origin, []lambdacache.Option) {
	client, _, opts := clientOption.Take(opts)
	limit, limited, opts := sizeLimit.Take(opts)
	if !limited {
		limit = DefaultSizeLimit
	}
	headers, opts := takeHeaders(opts)
	key := originKey{client, headers.identity(), limit, query}
	origins.Lock()
	defer origins.Unlock()
	o, ok := origins.all[key]
	if !ok {
		s := newSource(client, headers, limit, query)
		o = origin{lambdacache.NewOrigin("http", s), s}
		origins.all[key] = o
	}
	return o, opts
}
