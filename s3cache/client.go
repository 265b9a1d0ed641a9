package s3cache

import (
	"context"
	"errors"
	"net"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"weak"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// API is what this package calls of an S3 client. *s3.Client implements it.
type API interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// standard serves every entry that was given no client.
var standard = newService(defaultClient.get)

// defaultClient is made of awsconfig at the first load.
var defaultClient lazyClient

func init() { testhook.OnReset(defaultClient.forget) }

type lazyClient struct {
	mu     sync.Mutex
	client *s3.Client // nil until made
}

// get returns the client or why there is none. An error is not kept: the next load
// tries again.
func (l *lazyClient) get() (API, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		cfg, err := awsconfig.Streaming("s3cache")
		if err != nil {
			return nil, err
		}
		l.client = s3.NewFromConfig(cfg, tune)
	}
	return l.client, nil
}

func (l *lazyClient) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client = nil
}

func tune(o *s3.Options) {
	// Some objects, such as those uploaded in parts, have no checksum of the whole.
	// There is nothing to be done about it, so there is nothing to log.
	o.DisableLogOutputChecksumValidationSkipped = true
	// AWS tells buckets apart by host name. A server on this machine has only one.
	o.UsePathStyle = o.UsePathStyle || o.BaseEndpoint != nil && isLocal(*o.BaseEndpoint)
}

func isLocal(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return net.ParseIP(host) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// usable reports what is wrong with a user's client.
func usable(c API) error {
	v := reflect.ValueOf(c)
	switch {
	case c == nil, v.Kind() == reflect.Pointer && v.IsNil():
		return errors.New("the client is nil: leave the option out for the default client")
	case !v.Comparable():
		return errors.New("the client cannot be compared with others: give a pointer to it")
	}
	return nil
}

// services knows the service of each client that users have given, as long as an
// entry keeps it alive.
var services = registry{known: make(map[API]weak.Pointer[service])}

type registry struct {
	mu    sync.Mutex
	known map[API]weak.Pointer[service]
}

func (r *registry) of(c API) *service {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.known[c].Value(); s != nil {
		return s
	}
	for other, s := range r.known {
		if s.Value() == nil {
			delete(r.known, other)
		}
	}
	s := newService(func() (API, error) { return c, nil })
	r.known[c] = weak.Make(s)
	return s
}
