//go:build linux

package lambdahost

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func managed(n int) func(*Config) {
	return func(c *Config) { c.MaxConcurrency = n }
}

func TestInvocationsRunAtOnceInOneProcess(t *testing.T) {
	const n = 8
	h := newHost(t, managed(n))
	pids := make([]string, n)
	var callers sync.WaitGroup
	for i := range n {
		callers.Go(func() {
			// None of them answers before all have arrived.
			r, err := h.Invoke(t.Context(), payload(command{Do: "meet", N: n}))
			if err != nil || r.Error != nil {
				t.Errorf("%+v, %v", r, err)
				return
			}
			pids[i] = string(r.Payload)
		})
	}
	callers.Wait()
	if slices.Sort(pids); pids[0] != pids[n-1] || pids[0] != strconv.Itoa(h.PID()) || h.Starts() != 1 {
		t.Errorf("process ids %v, %d starts", pids, h.Starts())
	}
	if h.Frozen() || h.Freezes() != 0 || mustInspect(t, h).Stopped {
		t.Error("a Managed Instances environment was frozen")
	}
}

func TestMoreCallersThanWorkersQueue(t *testing.T) {
	h := newHost(t, managed(2))
	var callers sync.WaitGroup
	var mu sync.Mutex
	var answers []int
	cold := 0
	for range 100 {
		callers.Go(func() {
			r, err := h.Invoke(t.Context(), payload(command{Do: "count"}))
			if err != nil || r.Error != nil {
				t.Errorf("%+v, %v", r, err)
				return
			}
			n, _ := strconv.Atoi(string(r.Payload))
			mu.Lock()
			defer mu.Unlock()
			answers = append(answers, n)
			if r.ColdStart {
				cold++
			}
		})
	}
	callers.Wait()
	slices.Sort(answers)
	for i, n := range answers {
		if n != i+1 {
			t.Fatalf("answers %v", answers)
		}
	}
	if h.Starts() != 1 || cold != 1 || len(answers) != 100 {
		t.Errorf("%d starts, %d cold starts, %d answers", h.Starts(), cold, len(answers))
	}
}

func TestManagedEnvironmentVariables(t *testing.T) {
	h := newHost(t, managed(16))
	got := ask[struct{ Env []string }](t, h, command{Do: "environ"})
	for _, want := range []string{"AWS_LAMBDA_MAX_CONCURRENCY=16", "AWS_LAMBDA_INITIALIZATION_TYPE=lambda-managed-instances"} {
		if !slices.Contains(got.Env, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestATimeoutThereFailsOneInvocationOnly(t *testing.T) {
	testlab.Patiently(t, 200*time.Millisecond, timeoutThere)
}

func timeoutThere(t *testing.T, limit time.Duration) (enough bool) {
	door := gate(t, t.TempDir(), "door")
	h := newHost(t, managed(2))
	if err := h.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.cfg.Timeout = limit
	wantError(t, invoke(t, h, command{Do: "wait", Path: door}), ErrorTypeTimeout, fmt.Sprintf("timed out after %.2f seconds", limit.Seconds()))
	h.cfg.Timeout = patience
	got := ask[int](t, h, command{Do: "count"})
	if h.Starts() != 1 {
		t.Errorf("%d starts", h.Starts())
	}
	if got != 2 { // the first did not reach the function in time, or comes later
		return false
	}
	open(t, door) // its answer comes now, and is told that it is late
	eventually(t, "the late answer was refused", func() bool { return slices.Contains(journal(t, h), "refused 410") })
	invoke(t, h, command{Do: "count"})
	return true
}

func TestACrashThereFailsAllThatRun(t *testing.T) {
	h := newHost(t, managed(3))
	if err := h.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	var streams []*Stream
	for range 2 {
		stream, err := h.InvokeStream(t.Context(), Event{Payload: payload(command{Do: "hang"})})
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, stream)
	}
	s := h.sandbox.Load()
	eventually(t, "both run", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.running) == 2
	})
	wantError(t, invoke(t, h, command{Do: "exit", N: 5}), ErrorTypeExit, "exit status 5")
	for _, stream := range streams {
		r, err := stream.Response(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, r, ErrorTypeExit, "RequestId: "+stream.RequestID()+" Error: Runtime exited with error: exit status 5")
	}
	if got := ask[int](t, h, command{Do: "count"}); got != 1 || h.Starts() != 2 {
		t.Errorf("call %d after %d starts", got, h.Starts())
	}
}

func TestExtensionsThereMayNotSubscribeToInvoke(t *testing.T) {
	configure := withExtensions(t, "", "INVOKE SHUTDOWN", "collector")
	h := newHost(t, func(c *Config) {
		configure(c)
		c.MaxConcurrency = 2
	})
	ask[int](t, h, command{Do: "count"})
	replies := lines(t, h, "collector register ")
	if len(replies) != 2 || !strings.HasPrefix(replies[0], "403") || !strings.Contains(replies[0], "Extension.InvalidEventType") || replies[1] != "200" {
		t.Errorf("replies %q", replies)
	}
	h.retire(spinDown)
	if events := lines(t, h, "collector {"); len(events) != 1 || !strings.Contains(events[0], `"shutdownReason":"spindown"`) {
		t.Errorf("events %q", events)
	}
}

// BenchmarkInvoke is the host's overhead and the test function's own net/http client.
func BenchmarkInvoke(b *testing.B) {
	for name, change := range map[string]func(*Config){
		"frozen":   nil,
		"unfrozen": func(c *Config) { c.NoFreeze = true },
		"managed":  managed(16),
	} {
		b.Run(name, func(b *testing.B) {
			cfg := Config{Bootstrap: link(b, "bootstrap"), Env: childEnv(), Timeout: patience}
			if change != nil {
				change(&cfg)
			}
			h, err := New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			event := payload(command{Do: "count"})
			if err := h.Init(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(8)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if r, err := h.Invoke(b.Context(), event); err != nil || r.Error != nil {
						b.Errorf("%+v, %v", r, err)
					}
				}
			})
		})
	}
}
