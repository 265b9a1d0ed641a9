package peers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// This test binary is also the function that it has fun run.
const actAsFunction = "PEERS_ACT_AS_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(actAsFunction) != "" {
		lambda.Start(function)
		return
	}
	os.Exit(m.Run())
}

type request struct {
	Fail  bool   // return an error
	Crash bool   // end the process
	Call  string // get this URL before answering
}

type response struct {
	PID      int
	Deadline time.Time
	Greeting string
}

func function(ctx context.Context, r request) (response, error) {
	switch {
	case r.Fail:
		return response{}, errors.New("told to fail")
	case r.Crash:
		os.Exit(7)
	case r.Call != "":
		if err := get(ctx, r.Call); err != nil {
			return response{}, err
		}
	}
	deadline, _ := ctx.Deadline()
	return response{PID: os.Getpid(), Deadline: deadline, Greeting: os.Getenv("GREETING")}, nil
}

// host starts fun with this test binary as its function.
func host(t *testing.T) *FunHost {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	return Fun(t, Function{
		Dir:     dir,
		Env:     map[string]string{actAsFunction: "yes", "GREETING": "hello"},
		Timeout: time.Minute,
	})
}

func invoke(t *testing.T, h *FunHost, r request) response {
	t.Helper()
	a := answer(t, h, r)
	if a.FunctionError != "" {
		t.Fatalf("invoke %+v: %s error: %s", r, a.FunctionError, a.Payload)
	}
	var got response
	if err := json.Unmarshal(a.Payload, &got); err != nil {
		t.Fatalf("invoke %+v: %v in %s", r, err, a.Payload)
	}
	return got
}

func answer(t *testing.T, h *FunHost, r request) Answer {
	t.Helper()
	payload, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestFunStopsTheEnvironmentBetweenInvocations(t *testing.T) {
	h := host(t)
	before := time.Now().Truncate(time.Millisecond)
	first := invoke(t, h, request{})
	if err := h.Frozen(t.Context(), first.PID); err != nil {
		t.Fatal(err)
	}
	second := invoke(t, h, request{})
	if err := h.Frozen(t.Context(), second.PID); err != nil {
		t.Fatal(err)
	}
	if first.PID != second.PID {
		t.Errorf("process %d, then %d: want one environment", first.PID, second.PID)
	}
	if first.Greeting != "hello" {
		t.Errorf("greeting %q: the function did not get its variable", first.Greeting)
	}
	if first.Deadline.Before(before.Add(time.Minute)) {
		t.Errorf("deadline %v, want at least a minute after %v", first.Deadline, before)
	}
	if second.Deadline.Before(first.Deadline) {
		t.Errorf("deadline %v, then %v", first.Deadline, second.Deadline)
	}
}

func TestFunKeepsTheEnvironmentAfterAnError(t *testing.T) {
	h := host(t)
	first := invoke(t, h, request{})
	if a := answer(t, h, request{Fail: true}); a.FunctionError != "Handled" || !strings.Contains(string(a.Payload), "told to fail") {
		t.Errorf("answer %q %s, want the handler's error", a.FunctionError, a.Payload)
	}
	if second := invoke(t, h, request{}); first.PID != second.PID {
		t.Errorf("process %d, then %d: want one environment", first.PID, second.PID)
	}
}

func TestFunReplacesACrashedEnvironment(t *testing.T) {
	h := host(t)
	first := invoke(t, h, request{})
	if a := answer(t, h, request{Crash: true}); a.FunctionError != "Unhandled" {
		t.Errorf("answer %q %s, want an unhandled error", a.FunctionError, a.Payload)
	}
	second := invoke(t, h, request{})
	got, err := h.Environments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Environment{{PID: first.PID, Ended: true}, {PID: second.PID}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("environments %+v, want %+v", got, want)
	}
}

func TestFunStartsAnEnvironmentForEachInvocationAtOnce(t *testing.T) {
	const n = 3
	var mu sync.Mutex
	arrived, all := 0, make(chan struct{})
	meeting := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if arrived++; arrived == n {
			close(all)
		}
		mu.Unlock()
		select { // answers nobody before all are there
		case <-all:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(meeting.Close)

	h := host(t)
	payload, err := json.Marshal(request{Call: meeting.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pids := make(chan int, n)
	for range n {
		go func() {
			a, err := h.Invoke(ctx, payload)
			var got response
			if err == nil {
				err = json.Unmarshal(a.Payload, &got)
			}
			if err != nil || a.FunctionError != "" {
				t.Errorf("invoke: %v, %s error in %s", err, a.FunctionError, a.Payload)
				cancel() // the others would wait for it in vain
			}
			pids <- got.PID
		}()
	}
	seen := map[int]bool{}
	for range n {
		seen[<-pids] = true
	}
	if len(seen) != n {
		t.Errorf("%d processes ran %d invocations at once", len(seen), n)
	}
}

func TestFunLeavesNoEnvironmentBehind(t *testing.T) {
	var pid int
	t.Run("running", func(t *testing.T) { pid = invoke(t, host(t), request{}).PID })
	if pid == 0 {
		return // skipped
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signalling environment %d after its test: %v, want no such process", pid, err)
	}
}
