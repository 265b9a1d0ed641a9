package awsconfig

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Packets that vanish are noticed long before an attempt ends, and what is sent again
// goes over a new connection, not over another one that is as dead.
func TestPacketsThatVanish(t *testing.T) {
	var mu sync.Mutex
	var open []net.Conn
	var together barrier
	parallel := 30 // one after the other they would take longer than ctx allows
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		together.wait(parallel)
		answerParameter(1, w, r)
	}))
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
		}
	}
	s.Start()
	defer s.Close()
	h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL, "AWS_MAX_ATTEMPTS": "1"}).host()
	h.attempt = time.Hour
	cfg := mustBuild(t, h).plain
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // Linux itself gives up after 15
	defer cancel()
	call := func() error { return getParameterCtx(ctx, cfg) }
	warm(t, parallel, call)
	mu.Lock()
	for _, c := range open {
		deafen(t, c)
	}
	mu.Unlock()
	parallel = 1
	start := time.Now()
	if err := call(); err != nil {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	t.Logf("noticed after %v", time.Since(start))
	mu.Lock()
	defer mu.Unlock()
	if len(open) != 31 {
		t.Errorf("%d connections, want one new one", len(open))
	}
}

// deafen makes every packet that comes for a connection vanish.
func deafen(t *testing.T, c net.Conn) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	drop := []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K, K: 0}}
	//lint:ignore SA1019 the module that replaces it is not one of ours
	if cerr := raw.Control(func(fd uintptr) { err = syscall.AttachLsf(int(fd), drop) }); cerr != nil || err != nil { //nolint:staticcheck // as above
		t.Fatal(cerr, err)
	}
}
