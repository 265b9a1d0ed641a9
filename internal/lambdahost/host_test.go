//go:build linux

package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestOneProcessServesAllInvocations(t *testing.T) {
	h := newHost(t, nil)
	if h.Starts() != 0 || h.PID() != 0 {
		t.Fatalf("before the first invocation: %d starts, pid %d", h.Starts(), h.PID())
	}
	for want := 1; want <= 3; want++ {
		r := invoke(t, h, command{Do: "count"})
		if string(r.Payload) != strconv.Itoa(want) {
			t.Errorf("invocation %d answered %s", want, r.Payload)
		}
		if cold := want == 1; r.ColdStart != cold || (r.InitDuration > 0) != cold {
			t.Errorf("invocation %d: cold start %v, init %v", want, r.ColdStart, r.InitDuration)
		}
		if r.FirstByte <= 0 || r.LastByte < r.FirstByte || r.Done < r.LastByte {
			t.Errorf("timings out of order: %+v", r.Timings)
		}
	}
	if h.Starts() != 1 {
		t.Errorf("%d starts, want 1", h.Starts())
	}
}

func TestInitAheadOfTheFirstInvocation(t *testing.T) {
	h := newHost(t, nil)
	for range 2 { // the second does nothing
		if err := h.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !h.Frozen() || h.Starts() != 1 {
		t.Errorf("after Init: frozen %v, %d starts", h.Frozen(), h.Starts())
	}
	if r := invoke(t, h, command{Do: "count"}); !r.ColdStart || r.InitDuration <= 0 || h.Starts() != 1 {
		t.Errorf("first invocation: %+v, %d starts", r.Timings, h.Starts())
	}
}

func TestEventHeaders(t *testing.T) {
	ahead := 3 * time.Hour
	h := newHost(t, func(c *Config) {
		c.FunctionName, c.Region = "orders", "eu-west-1"
		c.Timeout = time.Minute
		c.Now = func() time.Time { return time.Now().Add(ahead) }
	})
	before := time.Now()
	r, err := h.InvokeEvent(t.Context(), Event{
		Payload: payload(command{Do: "head"}), RequestID: "request-1", TraceID: "Root=1-2-3",
		ClientContext: `{"a":1}`, CognitoIdentity: `{"b":2}`, TenantID: "blue",
	})
	if err != nil {
		t.Fatal(err)
	}
	var head map[string][]string
	if err := json.Unmarshal(r.Payload, &head); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Lambda-Runtime-Aws-Request-Id":       "request-1",
		"Lambda-Runtime-Trace-Id":             "Root=1-2-3",
		"Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders",
		"Lambda-Runtime-Client-Context":       `{"a":1}`,
		"Lambda-Runtime-Cognito-Identity":     `{"b":2}`,
		"Lambda-Runtime-Aws-Tenant-Id":        "blue",
	} {
		if got := head[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	ms, _ := strconv.ParseInt(head["Lambda-Runtime-Deadline-Ms"][0], 10, 64)
	deadline := time.UnixMilli(ms)
	if low, high := before.Add(ahead), time.Now().Add(ahead); deadline.Before(low.Add(time.Minute-time.Millisecond)) || deadline.After(high.Add(time.Minute)) {
		t.Errorf("deadline %v is not a minute from the host's clock", deadline)
	}
	if r.RequestID != "request-1" {
		t.Errorf("response of request %q", r.RequestID)
	}
}

func TestEnvironmentOfTheProcess(t *testing.T) {
	t.Setenv("OF_THE_PARENT", "secret")
	h := newHost(t, func(c *Config) {
		c.FunctionName, c.MemorySize = "orders", 512
		c.Env["TABLE"] = "users"
		c.Env["AWS_ACCESS_KEY_ID"] = "given"
		c.Env["AWS_LAMBDA_RUNTIME_API"] = "elsewhere"
	})
	got := ask[struct {
		Env []string
		Dir string
		Tmp string
	}](t, h, command{Do: "environ"})
	for _, want := range []string{
		"AWS_LAMBDA_FUNCTION_NAME=orders", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "_HANDLER=bootstrap", "TABLE=users",
		"AWS_ACCESS_KEY_ID=given", "LAMBDA_TASK_ROOT=" + h.cfg.Dir, "TMPDIR=" + h.TmpDir(),
	} {
		if !slices.Contains(got.Env, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, pair := range got.Env {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "OF_THE_PARENT", "AWS_EXECUTION_ENV", "AWS_LAMBDA_MAX_CONCURRENCY":
			t.Errorf("%s is set", name)
		}
	}
	if got.Tmp != h.TmpDir() || got.Dir != filepath.Dir(h.cfg.Bootstrap) {
		t.Errorf("tmp folder %s, working directory %s", got.Tmp, got.Dir)
	}
}

func TestACallerWhoLeavesDoesNotStopTheFunction(t *testing.T) {
	h := newHost(t, nil)
	door := gate(t, t.TempDir(), "door")
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := h.InvokeStream(ctx, Event{Payload: payload(command{Do: "wait", Path: door})})
	if err != nil {
		t.Fatal(err)
	}
	queued, leave := context.WithCancel(t.Context())
	leave()
	if _, err := h.Invoke(queued, payload(command{Do: "count"})); !errors.Is(err, context.Canceled) {
		t.Errorf("a queued invocation: %v, want context.Canceled", err)
	}
	cancel()
	if _, err := stream.Response(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the running invocation: %v, want context.Canceled", err)
	}
	open(t, door)
	r, err := stream.Response(t.Context())
	if err != nil || string(r.Payload) != `"late"` {
		t.Errorf("the invocation did not run to its end: %+v, %v", r, err)
	}
	if got := ask[int](t, h, command{Do: "count"}); got != 2 {
		t.Errorf("%d invocations reached the function, want 2", got)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	goroutines, socketsBefore := runtime.NumGoroutine(), ownSockets(t)
	h := newHost(t, nil)
	stream, err := h.InvokeStream(t.Context(), Event{Payload: payload(command{Do: "hang"})})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the function runs", func() bool { return h.PID() != 0 })
	pid := h.PID()
	var closers sync.WaitGroup
	for range 3 {
		closers.Go(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	closers.Wait()
	if _, err := stream.Response(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("the running invocation: %v, want ErrClosed", err)
	}
	if _, err := h.Invoke(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a new invocation: %v, want ErrClosed", err)
	}
	if err := h.Init(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a new init: %v, want ErrClosed", err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
	if _, err := os.Stat(h.TmpDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the tmp folder is still there: %v", err)
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	if n := ownSockets(t); n > socketsBefore {
		t.Errorf("%d sockets, %d before", n, socketsBefore)
	}
}

func ownSockets(t *testing.T) int {
	t.Helper()
	n, err := sockets("/proc/self")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAKilledHostTakesTheFunctionAlong(t *testing.T) {
	cmd := exec.Command(link(t, "parent"))
	cmd.Env = append(os.Environ(), childMark+"=1", "BOOTSTRAP="+link(t, "bootstrap"), "TMPDIR="+t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the function's process %d does not run: %v", pid, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "the function died with the host", func() bool {
		state, _, err := threadStat("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || state == "Z" // nobody may be there to reap it
	})
}

func TestConfigIsChecked(t *testing.T) {
	bootstrap := link(t, "bootstrap")
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"no bootstrap":       {},
		"a missing file":     {Bootstrap: plain + "x"},
		"not executable":     {Bootstrap: plain},
		"a folder":           {Bootstrap: t.TempDir()},
		"no such extension":  {Bootstrap: bootstrap, Extensions: []string{plain + "x"}},
		"extensions alike":   {Bootstrap: bootstrap, Extensions: []string{link(t, "x"), link(t, "x")}},
		"no such folder":     {Bootstrap: bootstrap, Dir: plain},
		"negative timeout":   {Bootstrap: bootstrap, Timeout: -1},
		"negative limit":     {Bootstrap: bootstrap, MaxConcurrency: -1},
		"tmp cannot be made": {Bootstrap: bootstrap, TmpDir: plain},
	} {
		if h, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
			_ = h.Close()
		}
	}
}

func TestInspectingTheProcess(t *testing.T) {
	h := newHost(t, nil)
	if _, err := h.Process(); err == nil {
		t.Error("a process before the first invocation")
	}
	invoke(t, h, command{Do: "count"})
	p, err := h.Process()
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != h.PID() || p.Threads < 2 || p.RSS < 1<<20 || p.PeakRSS < p.RSS || p.Sockets < 1 || !p.Stopped {
		t.Errorf("implausible: %+v", p)
	}
}
