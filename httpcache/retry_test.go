package httpcache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// What is broken is asked for again, twice.
func TestBrokenIsTriedAgain(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, test := range map[string]struct {
		do   func(http.Handler) http.Handler
		text string
	}{
		"dropped":      {cachetest.DropConnection(), ": EOF, 3 attempts"},
		"no HTTP":      {site.Raw("hunter2\r\n\r\n"), "what answers does not speak HTTP as it should, 3 attempts"},
		"broken off":   {cachetest.TruncateBody(70_000), " broke off after 70000 of its 100000 bytes: unexpected EOF, 3 attempts"},
		"bad chunk":    {site.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n"), "broke off after 0 bytes: invalid byte in chunk length, 3 attempts"},
		"out of order": {site.Answer(500, "hunter2"), "HTTP status 500 Internal Server Error, 3 attempts"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.Put("/d", long)
			l.Fail(2, test.do)
			want(t, "value", get(t, URL[string](l.URL+"/d")), long)
			want(t, "requests", l.Calls(), 3)

			l = newLab(t) // without a kept connection, on which net/http tries once more
			l.Put("/d", long)
			l.Fail(0, test.do)
			err := failure(t, URL[string](l.URL+"/d"), strings.TrimPrefix(l.URL, "http://"), test.text)
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("quotes the answer:", err)
			}
			want(t, "requests", l.Calls(), 3)
		})
	}
}

// What the network itself says is told, and stays reachable.
func TestNobodyListens(t *testing.T) {
	l := newLab(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	host := conn.LocalAddr().String() // taken, so that nobody else will listen there
	err = failure(t, URL[string]("http://"+host+"/d?token=hunter2"), "no answer from "+host+": dial tcp "+host+": connect: connection refused, 3 attempts")
	if network, ok := errors.AsType[*net.OpError](err); !ok || network.Op != "dial" {
		t.Errorf("the network's own error is not reachable: %v", err)
	}
}

// short are limits that do not make a test wait.
func short(t *testing.T, l limits) lambdacache.Option {
	client, closeIdle := newClient(l)
	t.Cleanup(closeIdle)
	return clientOption.With(client)
}

// As in package awsconfig.
func TestDefaultLimits(t *testing.T) {
	defer testhook.Patience(1)()
	want(t, "limits", lambda(), limits{attempt: 1500 * time.Millisecond, connect: time.Second, idle: 10 * time.Second})
}

func TestSilence(t *testing.T) {
	testlab.Patiently(t, 50*time.Millisecond, func(t *testing.T, limit time.Duration) (enough bool) {
		l := newLab(t)
		hurried := lambda()
		hurried.attempt = limit
		l.Fail(0, cachetest.Hang())
		failure(t, URL[string](l.URL+"/d", short(t, hurried)), fmt.Sprintf("%s: no answer within %v, 3 attempts", strings.TrimPrefix(l.URL, "http://"), limit))
		return l.Calls() == 3
	})
}

func TestSilenceInTheMiddle(t *testing.T) {
	testlab.Patiently(t, 50*time.Millisecond, func(t *testing.T, limit time.Duration) (enough bool) {
		l := newLab(t)
		l.Put("/d", strings.Repeat("x", 100_000))
		hurried := lambda()
		hurried.attempt = limit
		l.Fail(0, cachetest.NewGate().HoldBody(7000))
		err := failure(t, URL[string](l.URL+"/d", short(t, hurried)))
		t.Log(err)
		return l.Calls() == 3 && strings.Contains(err.Error(), fmt.Sprintf("broke off after 7000 of its 100000 bytes: no more of the answer for %v, 3 attempts", limit))
	})
}

// The time of a load ends it, whatever is left of its tries.
func TestLoadTimeout(t *testing.T) {
	testlab.Patiently(t, 50*time.Millisecond, func(t *testing.T, limit time.Duration) (enough bool) {
		l := newLab(t)
		l.Fail(0, cachetest.Hang())
		e := URL[string](l.URL+"/d", lambdacache.LoadTimeout(limit))
		err := failure(t, e, fmt.Sprintf("no answer within %v (lambdacache.LoadTimeout): given up: context deadline exceeded", limit))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		return l.Calls() == 1
	})
}

// A timeout of the user's own client is not a context's.
func TestTimeoutOfAnOwnClient(t *testing.T) {
	l := newLab(t)
	l.Fail(0, cachetest.Hang())
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	err := failure(t, URL[string](l.URL+"/d?token=hunter2", Client(&http.Client{Timeout: 20 * time.Millisecond, Transport: transport})), "Client.Timeout exceeded while awaiting headers), 3 attempts")
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// given is a Transport that gives up by itself.
type given struct{ up error }

func (g given) RoundTrip(*http.Request) (*http.Response, error) { return nil, g.up }

// Nor is what its Transport calls a context's: no caller has left.
func TestTransportThatGivesUp(t *testing.T) {
	l := newLab(t)
	for _, up := range []error{context.Canceled, context.DeadlineExceeded} {
		err := failure(t, URL[string](l.URL+"/d", Client(&http.Client{Transport: given{up}})), up.Error()+", 3 attempts")
		want(t, "a caller's", errors.Is(err, up), false)
	}
}

func TestCallerLeaves(t *testing.T) {
	l := newLab(t)
	gate := cachetest.NewGate()
	l.Fail(0, gate.Hold())
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- lambdacache.Prefetch(ctx, URL[string](l.URL+"/d")) }()
	gate.Wait(1)
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	gate.WaitEmpty()
	want(t, "requests", l.Calls(), 1)
}

func TestCertificateIsNotTriedAgain(t *testing.T) {
	newLab(t)
	s := site.NewTLS(t)
	failure(t, URL[string](s.URL+"/d?token=hunter2"), "no answer from "+strings.TrimPrefix(s.URL, "https://")+": tls: failed to verify certificate: x509: certificate signed by unknown authority")
	want(t, "connections", s.Connections(), 1)
	want(t, "requests", s.Calls(), 0)
	s.Put("/d", "one")
	trusting := lambda()
	trusting.roots = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	want(t, "with its root", get(t, URL[string](s.URL+"/d", short(t, trusting))), "one")
}

// A kept connection serves the next load, unless it was idle for 10 s by the largest of
// three clocks.
func TestConnectionsAreKeptWhileYoung(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one")
	e := URL[string](l.URL+"/d", lambdacache.MaxAge(0))
	for i, step := range []struct {
		idle        time.Duration
		connections int
	}{{0, 1}, {9 * time.Second, 1}, {9 * time.Second, 1}, {10 * time.Second, 2}, {time.Hour, 3}} {
		l.clock.Advance(step.idle)
		get(t, e)
		if n := l.Connections(); n != step.connections {
			t.Errorf("step %d, idle for %v: %d connections, want %d", i, step.idle, n, step.connections)
		}
	}
	l.Remove("/d")
	failure(t, e, "404")
	failure(t, e, "404")
	want(t, "connections after short errors", l.Connections(), 3)
}

func TestConcurrentLoads(t *testing.T) {
	l := newLab(t)
	var wg sync.WaitGroup
	for i := range 8 {
		path := "/" + string(rune('a'+i))
		l.Put(path, path)
		e := URL[string](l.URL + path)
		for range 4 {
			wg.Go(func() { want(t, "value", get(t, e), path) })
		}
	}
	wg.Wait()
	want(t, "requests", l.Calls(), 8)
}
