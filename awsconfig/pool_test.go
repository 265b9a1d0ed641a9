package awsconfig

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

func TestIdleConnection(t *testing.T) {
	for name, forward := range map[string]func(*clocks, time.Duration){
		"all clocks":      (*clocks).forward,
		"monotonic clock": func(c *clocks, d time.Duration) { c.mono.Add(int64(d)) },
		"wall clock":      func(c *clocks, d time.Duration) { c.wall.Add(int64(d)) }, // frozen
		"host's clock": func(c *clocks, d time.Duration) { // paused: both stand still
			clock.Begin(hostTime.Add(d))
			hostTime = hostTime.Add(d)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := replaceClock(t)
			clock.Begin(hostTime)
			s := serve(t, answerParameter)
			cfg := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()).plain
			for i, step := range []struct {
				idle time.Duration
				want int32 // connections so far
			}{{0, 1}, {0, 1}, {9 * time.Second, 1}, {9 * time.Second, 1}, {10 * time.Second, 2}, {time.Hour, 3}, {time.Second, 3}} {
				forward(c, step.idle)
				if err := getParameter(cfg); err != nil {
					t.Fatal(err)
				}
				if n := s.connections.Load(); n != step.want {
					t.Fatalf("step %d, after %v: %d connections, want %d", i, step.idle, n, step.want)
				}
			}
		})
	}
}

var hostTime = time.Now().Add(time.Hour)

// A call must not lose its connection to the speed of the answer: see inOnePiece of
// package httpclient, without which at least one of forty calls does. One run of three is
// enough: net/http gives its writer 50 ms to say that the request was written, and a busy
// machine may take longer.
func TestWarmConnectionStays(t *testing.T) {
	var connections []int32
	for range 3 {
		s := serve(t, answerParameter)
		cfg := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()).plain
		for range 500 {
			if err := getParameter(cfg); err != nil {
				t.Fatal(err)
			}
		}
		n := s.connections.Load()
		if n == 1 {
			return
		}
		connections = append(connections, n)
	}
	t.Errorf("%d connections for calls one after the other, in three runs", connections)
}

// cachetest.Reset leaves no idle connection behind, nor its goroutines.
func TestResetClosesConnections(t *testing.T) {
	s := serve(t, answerParameter)
	lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).setenv(t)
	cfg, err := Default("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, reset := range []func(){func() {}, forget, func() {}} {
		reset()
		if err := getParameter(cfg); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.connections.Load(); n != 2 {
		t.Errorf("%d connections for a call before and two after", n)
	}
}

// barrier holds each request until a number of them are there.
type barrier struct {
	mu      sync.Mutex
	waiting int
	open    chan struct{}
}

func (b *barrier) wait(n int) {
	b.mu.Lock()
	if b.open == nil {
		b.open = make(chan struct{})
	}
	open := b.open
	if b.waiting++; b.waiting == n {
		close(open)
		b.waiting, b.open = 0, nil
	}
	b.mu.Unlock()
	<-open
}

func TestParallelCallsReuseConnections(t *testing.T) {
	c := replaceClock(t)
	const batches = 10
	var together barrier
	parallel := batches
	s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		together.wait(parallel)
		answerParameter(n, w, r)
	})
	cfg := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()).plain
	refresh := func(n int) {
		parallel = n
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				if err := getParameter(cfg); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	for range 3 {
		refresh(batches)
	}
	if n := s.connections.Load(); n != batches {
		t.Errorf("%d connections for %d calls at a time", n, batches)
	}

	// One call keeps one connection young; the nine others grow old unseen.
	c.forward(6 * time.Second)
	refresh(1)
	c.forward(6 * time.Second)
	before := s.connections.Load()
	refresh(batches)
	if n := s.connections.Load() - before; n != batches {
		t.Errorf("%d new connections, want %d: an old one was used", n, batches)
	}
}

func TestRunningRequestSurvivesDroppingIdle(t *testing.T) {
	c := replaceClock(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			close(arrived)
			<-release
		}
		answerParameter(n, w, r)
	})
	h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()
	h.attempt = time.Minute
	cfg := mustBuild(t, h).plain
	first := make(chan error)
	go func() { first <- getParameter(cfg) }()
	<-arrived
	c.forward(time.Minute)
	if err := getParameter(cfg); err != nil {
		t.Error(err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if n := s.requests.Load(); n != 2 {
		t.Errorf("%d requests: the running one was broken off", n)
	}
}

func TestCABundle(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answerParameter(1, w, r) }))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	defer s.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	with := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL, "AWS_CA_BUNDLE": bundle})
	if err := getParameter(mustBuild(t, with.host()).plain); err != nil {
		t.Errorf("with the bundle: %v", err)
	}
	without := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL})
	if err := getParameter(mustBuild(t, without.host()).plain); !isUnknownAuthority(err) {
		t.Errorf("without the bundle: %v", err)
	}
}

func isUnknownAuthority(err error) bool {
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	return ok
}

func TestCABundleThatIsNone(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		empty:              "AWS_CA_BUNDLE names " + empty + ", which holds no PEM certificate",
		empty + "/nowhere": "read the certificates of AWS_CA_BUNDLE: ",
	} {
		_, err := build(lambdaEnv(env{"AWS_CA_BUNDLE": file}).host())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

const proxyChild = "AWSCONFIG_TEST_PROXY_CHILD"

// runProxyChild calls a host that does not exist: only a proxy can answer. net/http
// reads the proxy variables once a process, hence the child.
func runProxyChild() int {
	cfg, err := Default("test")
	if err == nil {
		err = getParameter(cfg)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func TestProxy(t *testing.T) {
	proxy := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "ssm.invalid" {
			t.Errorf("the proxy was asked for %q", r.URL)
		}
		answerParameter(n, w, r)
	})
	// Credentials come from a loopback endpoint, which the proxy must not see.
	credentials := serve(t, func(_ int32, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, keysJSON) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = []string{
		proxyChild + "=1",
		"HTTP_PROXY=" + proxy.URL,
		"AWS_REGION=us-east-1",
		"AWS_ENDPOINT_URL=http://ssm.invalid",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + credentials.URL,
	}
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if proxy.requests.Load() != 1 || credentials.requests.Load() != 1 {
		t.Errorf("%d requests by the proxy, %d for credentials", proxy.requests.Load(), credentials.requests.Load())
	}
}
