package awsconfig

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func TestMain(m *testing.M) {
	if os.Getenv(proxyChild) != "" {
		os.Exit(runProxyChild())
	}
	testhook.Patient() // a busy machine is no service that does not answer
	leftover.Main(m)
}

// env is what Lambda sets, and more.
type env map[string]string

func lambdaEnv(more env) env {
	e := env{
		"AWS_REGION":            "us-east-1",
		"AWS_ACCESS_KEY_ID":     "AKID",
		"AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_SESSION_TOKEN":     "token",
	}
	for name, value := range more {
		e[name] = value
	}
	return e
}

// host has the limits of Lambda and hardly waits between attempts.
func (e env) host() *host {
	h := lambda()
	h.getenv = func(name string) string { return e[name] }
	h.backoffCeiling = time.Millisecond
	return h
}

func mustBuild(t *testing.T, h *host) *set {
	t.Helper()
	s, err := build(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// setenv puts e into the process's environment, without anything else of AWS.
func (e env) setenv(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it afterwards
			os.Unsetenv(name)
		}
	}
	for name, value := range e {
		t.Setenv(name, value)
	}
	forget()
	t.Cleanup(forget)
}

func getParameter(cfg aws.Config) error {
	return getParameterCtx(context.Background(), cfg)
}

func getParameterCtx(ctx context.Context, cfg aws.Config) error {
	_, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a")})
	return err
}

const parameterJSON = `{"Parameter":{"Name":"/a","Value":"v"}}`

// server counts what reaches it.
type server struct {
	*httptest.Server
	requests, connections atomic.Int32
}

// serve runs a server; handle gets the number of the request, from 1.
func serve(t *testing.T, handle func(n int32, w http.ResponseWriter, r *http.Request)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server notice that a client left
		handle(s.requests.Add(1), w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func answerParameter(_ int32, w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, parameterJSON)
}

func hang(r *http.Request) { <-r.Context().Done() }

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		c.Close()
	}
}

// clocks stand still until moved, each by itself.
type clocks struct{ mono, wall atomic.Int64 }

func replaceClock(t *testing.T) *clocks {
	c := &clocks{}
	c.wall.Store(time.Now().UnixNano())
	t.Cleanup(clock.Replace(func() (mono, wall int64) { return c.mono.Load(), c.wall.Load() }))
	return c
}

func (c *clocks) forward(d time.Duration) {
	c.mono.Add(int64(d))
	c.wall.Add(int64(d))
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// transport answers in place of a server.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
