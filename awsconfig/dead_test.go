package awsconfig

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/httpclient"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// secondUse runs ends for the requests that come on a kept connection, once there
// are as many connections as told, and answers the others.
func secondUse(t *testing.T, connections int32, ends func(http.ResponseWriter, *http.Request)) *server {
	t.Helper()
	var together barrier
	seen := make(map[string]bool)
	var mu sync.Mutex
	return serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		kept := seen[r.RemoteAddr]
		seen[r.RemoteAddr] = true
		first := int32(len(seen)) <= connections
		mu.Unlock()
		switch {
		case kept:
			ends(w, r)
			return
		case first:
			together.wait(int(connections))
		}
		answerParameter(n, w, r)
	})
}

func warm(t *testing.T, n int, call func() error) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// All connections end when they are used again: no attempt is spent on them.
func TestKeptConnectionsThatEnd(t *testing.T) {
	for name, ends := range map[string]func(http.ResponseWriter, *http.Request){
		"closed": func(w http.ResponseWriter, _ *http.Request) { hangUp(w) },
		"half-closed": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
				c.Close()
			}
		},
		"reset": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := secondUse(t, 3, ends)
			cfg := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL, "AWS_MAX_ATTEMPTS": "1"}).host()).plain
			call := ssmClient(cfg)
			warm(t, 3, call)
			if err := call(); err != nil {
				t.Error(err)
			}
			if n := s.connections.Load(); n != 4 {
				t.Errorf("%d connections, want one new one", n)
			}
		})
	}
}

// Three connections go silent: only the first costs an attempt.
func TestKeptConnectionsThatHang(t *testing.T) {
	testlab.Patiently(t, 50*time.Millisecond, keptConnectionsThatHang)
}

func keptConnectionsThatHang(t *testing.T, limit time.Duration) (enough bool) {
	s := secondUse(t, 3, func(_ http.ResponseWriter, r *http.Request) { hang(r) })
	h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL, "AWS_MAX_ATTEMPTS": "2"}).host()
	h.attempt = time.Minute // for those that are answered, however slow the machine
	built := mustBuild(t, h)
	call := ssmClient(built.plain)
	warm(t, 3, call)
	client := built.plain.HTTPClient.(*httpclient.Client)
	client.Limit = limit
	attempts := 0
	before := client.Before
	client.Before = func() {
		if attempts++; attempts == 2 {
			client.Limit = time.Minute
		}
		before()
	}
	if err := call(); err != nil {
		t.Error(err)
	}
	requests, connections := s.requests.Load(), s.connections.Load()
	if requests == 5 && connections != 4 {
		t.Errorf("%d requests on %d connections, want 4: the second attempt on a new one", requests, connections)
	}
	return requests == 5
}

// A connection that DropIdle has missed, because it was on its way back to the
// transport, is not written to.
func TestOldConnectionIsNotWrittenTo(t *testing.T) {
	c := replaceClock(t)
	s := secondUse(t, 3, func(http.ResponseWriter, *http.Request) { t.Error("a request came on an old connection") })
	built := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL, "AWS_MAX_ATTEMPTS": "1"}).host())
	built.plain.HTTPClient.(*httpclient.Client).Before = nil
	call := ssmClient(built.plain)
	warm(t, 3, call)
	c.forward(10 * time.Second)
	if err := call(); err != nil {
		t.Error(err)
	}
	if n := s.connections.Load(); n != 4 {
		t.Errorf("%d connections, want one new one", n)
	}
}

// With HTTP/2 the attempt after one that was broken off would use its connection.
func TestOneRequestAConnection(t *testing.T) {
	protocols := make(chan string, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocols <- r.Proto
		answerParameter(1, w, r)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	built := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host())
	h := built.plain.HTTPClient.(*httpclient.Client)
	h.HTTP.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if err := getParameter(built.plain); err != nil {
		t.Fatal(err)
	}
	if got := <-protocols; got != "HTTP/1.1" {
		t.Errorf("%s", got)
	}
}

// The mark that makes net/http send a request again is not sent itself.
func TestNoIdempotencyKeyIsSent(t *testing.T) {
	s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		if _, sent := r.Header["Idempotency-Key"]; sent || r.ContentLength <= 0 {
			t.Error("the header came, in a request of " + strconv.FormatInt(r.ContentLength, 10) + " bytes")
		}
		answerParameter(n, w, r)
	})
	if err := getParameter(mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()).plain); err != nil {
		t.Error(err)
	}
}
