package cachetest_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache/cachetest"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	fake := start(t, cachetest.TLS())
	fake.SSM.Put("/app/key", "v1")
	got, err := get(t.Context(), ssmClient(t, fake), "/app/key")
	noError(t, err)
	want(t, "value", got, "v1")

	env := fake.Env()
	i := slices.IndexFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "AWS_CA_BUNDLE=") })
	if i < 0 {
		t.Fatal("the environment names no CA bundle")
	}
	file := strings.TrimPrefix(env[i], "AWS_CA_BUNDLE=")
	pem, err := os.ReadFile(file)
	noError(t, err)
	want(t, "CA bundle", string(pem), string(fake.CA()))
	fake.Close()
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the CA bundle is still there after Close: %v", err)
	}
}

func TestListenOnAGivenAddress(t *testing.T) {
	t.Parallel()
	first, err := cachetest.StartAWS()
	noError(t, err)
	addr := strings.TrimPrefix(first.URL(), "http://")
	if _, err := cachetest.StartAWS(cachetest.Listen(addr)); err == nil {
		t.Fatal("two fakes on one address")
	}
	first.Close()
	second, err := cachetest.StartAWS(cachetest.Listen(addr))
	noError(t, err)
	defer second.Close()
	want(t, "URL", second.URL(), "http://"+addr)
}

// A connection counts when it is made. The SDK's default client now and then loses one
// that it could keep, so this asks without it.
func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	fake := start(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	ask := func() {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fake.URL(), http.NoBody)
		noError(t, err)
		resp, err := transport.RoundTrip(req)
		noError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		noError(t, err)
		noError(t, resp.Body.Close())
	}
	ask()
	ask()
	want(t, "connections", fake.Connections(), 1)
	fake.ResetCounts()
	ask()
	want(t, "new connections since the reset", fake.Connections(), 0)
	transport.CloseIdleConnections()
	ask()
	want(t, "new connections since they were closed", fake.Connections(), 1)
}

func TestIdleConnectionsCanBeClosed(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	conn := dialed(t, fake)
	status, _ := roundTrip(t, conn, getParameter(fake, "/a"))
	want(t, "status", status, 200)
	fake.WaitIdle()
	ended := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	for { // the server takes a moment to call the connection idle
		fake.CloseIdle()
		select {
		case err := <-ended:
			want(t, "end of the connection", err, io.EOF)
			return
		default:
			runtime.Gosched()
		}
	}
}

func TestCloseEndsWhatIsHeld(t *testing.T) { // not parallel: it looks at all goroutines
	fake, err := cachetest.StartAWS()
	noError(t, err)
	fake.SSM.Put("/a", "1")
	gate := fake.Hold("GetParameter")
	fake.Fail(cachetest.Fault{Operation: "GetParameters", Do: cachetest.Hang()})
	c := ssmClient(t, fake)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := get(t.Context(), c, "/a"); err == nil {
			t.Error("a held request was answered")
		}
	})
	wg.Go(func() {
		if _, err := c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/a"}}); err == nil {
			t.Error("a hanging request was answered")
		}
	})
	gate.Wait(1)
	fake.Close()
	wg.Wait()
	want(t, "waiting after Close", gate.Waiting(), 0)
	fake.Close() // again
	patience := time.Now().Add(20 * time.Second)
	for stacks := ""; ; runtime.Gosched() {
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "net/http.(*conn).serve") && !strings.Contains(stacks, "net/http.(*Server).Serve") {
			return
		}
		if time.Now().After(patience) {
			t.Fatalf("goroutines of the fake after Close:\n%s", stacks)
		}
	}
}
