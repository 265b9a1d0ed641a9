package cachetest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// The account, the Region and the caller that every answer of the fake names.
const (
	Account = "123456789012"
	Region  = "us-east-1"
	Caller  = "arn:aws:sts::" + Account + ":assumed-role/fn/fn"
)

// AWS is a fake of Parameter Store, Secrets Manager, S3, DynamoDB, AppConfig's data plane
// and STS behind one HTTP server on loopback. It speaks the services' own protocols, so any client can be pointed
// at it: the AWS SDKs, the aws CLI, the code under test.
//
//	aws := cachetest.NewAWS(t)
//	aws.SSM.Put("/app/key", "v1")
//	aws.Secrets.PutString("prod/db", `{"user":"app"}`)
//	aws.S3.Put("models", "fraud.bin", body)
//	aws.AppConfig.Put("shop", "prod", "flags", `{"new-checkout":{"enabled":true}}`)
//	aws.Dynamo.CreateTable("tenants", "pk")
//	aws.Dynamo.Put("tenants", map[string]any{"pk": "tenant#1", "limit": 10})
//
// It counts what it was asked ([AWS.Calls], [AWS.Requests], [AWS.Connections]),
// holds requests until the test lets them go ([AWS.Hold]), refuses what the test
// denies ([AWS.Deny]) and fails as told ([AWS.Fail]). It wants requests to be
// signed, but does not check the signature. All methods may be called at any time
// and from any goroutine.
type AWS struct {
	SSM       *SSM
	Secrets   *Secrets
	S3        *S3
	AppConfig *AppConfig
	Dynamo    *Dynamo
	STS       *STS

	addr     string // where to listen
	tls      bool
	noEnv    bool
	ca       []byte // PEM, with TLS
	caFile   string
	listener net.Listener
	server   *http.Server
	served   chan struct{} // closed when the server's goroutine has ended
	conns    connections
	log      requestLog
	policy   policy
	faults   faults
	held     func() *held // a function, or printing an AWS would show them
	closed   sync.Once
}

// AWSOption is an option of [NewAWS] and [StartAWS].
type AWSOption func(*AWS)

// TLS makes the fake listen with TLS (HTTP/1.1), under a certificate that it makes
// up. [AWS.CA] has the certificate to trust, and the environment names a file of
// it as AWS_CA_BUNDLE.
func TLS() AWSOption { return func(a *AWS) { a.tls = true } }

// NoEnv makes [NewAWS] leave the environment variables and the process alone, for tests that run
// in parallel. Point a client at [AWS.URL] then, or hand [AWS.Env] to a child
// process.
func NoEnv() AWSOption { return func(a *AWS) { a.noEnv = true } }

// Listen makes the fake listen on addr, such as "127.0.0.1:4566". Without it the
// fake takes a free port on 127.0.0.1. It checks no signature: keep it off
// addresses that others can reach.
func Listen(addr string) AWSOption { return func(a *AWS) { a.addr = addr } }

// NewAWS starts a fake AWS for one test and closes it when the test ends. It sets
// the environment variables of [AWS.Env] for the time of the test, and unsets
// those that would lead a client elsewhere (a profile, an endpoint for one
// service, FIPS, dual stack); and it resets the process, as [Reset] does, so that
// entries which are package variables load from this fake. Like t.Setenv, which it uses,
// it cannot be used in parallel tests, except with [NoEnv], which does none of that.
func NewAWS(t testing.TB, opts ...AWSOption) *AWS {
	t.Helper()
	a, err := StartAWS(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	if !a.noEnv {
		a.setenv(t)
		Reset(t)
	}
	return a
}

// StartAWS starts a fake AWS without a test, for programs and for TestMain. The
// caller closes it, and decides what becomes of [AWS.Env].
func StartAWS(opts ...AWSOption) (*AWS, error) {
	a := &AWS{addr: "127.0.0.1:0", served: make(chan struct{})}
	values := new(held)
	a.held = func() *held { return values }
	a.log.init()
	a.conns.init()
	a.policy.init()
	a.SSM = newSSM(a, place{Account, Region})
	a.Secrets = newSecrets(a, place{Account, Region})
	a.S3 = newS3(a)
	a.AppConfig = newAppConfig(a, place{Account, Region})
	a.STS = newSTS(a)
	a.Dynamo = newDynamo(a, place{Account, Region})
	for _, o := range opts {
		o(a)
	}
	if err := a.listen(); err != nil {
		return nil, fmt.Errorf("cachetest: start the fake AWS: %w", err)
	}
	return a, nil
}

func (a *AWS) listen() error {
	l, err := net.Listen("tcp", a.addr)
	if err != nil {
		return err
	}
	a.listener = l
	if a.tls {
		if l, err = a.secure(l); err != nil {
			return errors.Join(err, a.listener.Close())
		}
	}
	a.server = &http.Server{
		Handler:           http.HandlerFunc(a.serve),
		ReadHeaderTimeout: time.Minute,
		ConnContext:       a.conns.opened,
		ConnState:         a.conns.changed,
	}
	go func() {
		defer close(a.served)
		_ = a.server.Serve(l) // always an error, after Close always the same
	}()
	return nil
}

// Close ends the fake: it closes every connection, which ends requests that are
// held or hang, and waits until nothing of it runs any more. A hook of the test's
// own that is still running is waited for. Closing again does nothing.
func (a *AWS) Close() {
	a.closed.Do(func() {
		_ = a.server.Close()
		<-a.served
		a.conns.wait()
		if a.caFile != "" {
			_ = os.Remove(a.caFile)
		}
	})
}

// URL is the endpoint of every service: "http://127.0.0.1:41234", without a slash
// at the end. S3 answers there in path style (/bucket/key), which SDKs choose by
// themselves for an IP address; for the virtual-host style send the same address
// the Host bucket.localhost or bucket.s3.us-east-1.amazonaws.com.
func (a *AWS) URL() string {
	scheme := "http://"
	if a.tls {
		scheme = "https://"
	}
	return scheme + a.listener.Addr().String()
}

// CA is the certificate to trust as PEM, nil without [TLS].
func (a *AWS) CA() []byte { return a.ca }

// Env is what points an AWS client at the fake, as KEY=value for the environment
// of a child process: endpoint, Region and credentials, and the certificate with
// [TLS].
func (a *AWS) Env() []string {
	env := []string{
		"AWS_ENDPOINT_URL=" + a.URL(),
		"AWS_REGION=" + Region,
		"AWS_DEFAULT_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_SESSION_TOKEN=test",
	}
	if a.caFile != "" {
		env = append(env, "AWS_CA_BUNDLE="+a.caFile)
	}
	return env
}
