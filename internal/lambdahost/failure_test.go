//go:build linux

package lambdahost

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// wantError checks an invocation's error and that the payload describes it.
func wantError(t *testing.T, r *Response, errorType, message string) {
	t.Helper()
	if r.Error == nil {
		t.Fatalf("no error, payload %s", r.Payload)
	}
	if r.Error.Type != errorType || !strings.Contains(r.Error.Message, message) {
		t.Errorf("error %q, want type %s and message %q", r.Error, errorType, message)
	}
	var object errorObject
	if err := json.Unmarshal(r.Payload, &object); err != nil || object.Type != errorType || object.Message != r.Error.Message {
		t.Errorf("payload %s does not tell of %q (%v)", r.Payload, r.Error, err)
	}
}

func TestHandlerErrorLeavesTheProcessAlone(t *testing.T) {
	h := newHost(t, nil)
	r := invoke(t, h, command{Do: "error"})
	wantError(t, r, "NotFound", "no user")
	if string(r.Payload) != `{"errorMessage":"no user","errorType":"NotFound","stackTrace":[]}` {
		t.Errorf("payload %s is not the function's own", r.Payload)
	}
	if got := ask[int](t, h, command{Do: "count"}); got != 2 || h.Starts() != 1 {
		t.Errorf("call %d after %d starts, want the second in the same process", got, h.Starts())
	}
}

func TestACrashLosesGlobalsAndKeepsTmp(t *testing.T) {
	for _, c := range []struct {
		command
		errorType, message string
	}{
		{command{Do: "exit", N: 2}, ErrorTypeExit, "Runtime exited with error: exit status 2"},
		{command{Do: "exit"}, ErrorTypeExit, "Runtime exited without providing a reason"},
		{command{Do: "panic"}, ErrorTypeExit, "Runtime exited with error: exit status 2"},
		{command{Do: "error and exit"}, "Panic", "nil map"},
	} {
		t.Run(c.Do, func(t *testing.T) {
			h := newHost(t, nil)
			ask[any](t, h, command{Do: "write", Path: "note"})
			pid := h.PID()
			r := invoke(t, h, c.command)
			wantError(t, r, c.errorType, c.message)
			if c.errorType == ErrorTypeExit && r.Error.Message != "RequestId: "+r.RequestID+" Error: "+c.message {
				t.Errorf("message %q", r.Error.Message)
			}
			again := invoke(t, h, command{Do: "count"})
			if string(again.Payload) != "1" || !again.ColdStart || h.PID() == pid || h.Starts() != 2 {
				t.Errorf("after the crash: %+v, pid %d and %d, %d starts", again, pid, h.PID(), h.Starts())
			}
			if got := ask[string](t, h, command{Do: "read", Path: "note"}); got != "kept" {
				t.Errorf("the tmp folder lost its file: %q", got)
			}
		})
	}
}

func TestKillBetweenInvocations(t *testing.T) {
	h := newHost(t, nil)
	h.Kill() // nothing to kill
	ask[any](t, h, command{Do: "write", Path: "note"})
	h.Kill()
	if h.Frozen() || h.PID() != 0 {
		t.Errorf("after Kill: frozen %v, pid %d", h.Frozen(), h.PID())
	}
	if got := ask[string](t, h, command{Do: "read", Path: "note"}); got != "kept" || h.Starts() != 2 {
		t.Errorf("read %q after %d starts", got, h.Starts())
	}
}

func TestKillInAnInvocation(t *testing.T) {
	h := newHost(t, nil)
	stream, _ := startStream(t, h, "stream") // it runs, and waits
	h.Kill()
	r, err := stream.Response(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Error == nil || r.Error.Type != ErrorTypeExit || !strings.Contains(r.Error.Message, "signal: killed") {
		t.Errorf("error %v", r.Error)
	}
}

func TestTimeoutWithoutExtensionKillsAtOnce(t *testing.T) {
	h := newHost(t, func(c *Config) {
		c.Timeout = 300 * time.Millisecond
		c.Env["INTERNAL"] = "unregistered" // would note a SIGTERM
	})
	if err := h.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := invoke(t, h, command{Do: "hang"})
	wantError(t, r, ErrorTypeTimeout, "RequestId: "+r.RequestID+" Error: Task timed out after 0.30 seconds")
	if h.PID() != 0 {
		t.Error("the process outlived the timeout")
	}
	if slices.Contains(journal(t, h), "SIGTERM") {
		t.Error("SIGTERM came though no extension has registered")
	}
	if r.FirstByte != 0 || r.LastByte != 0 || r.Done < 300*time.Millisecond {
		t.Errorf("timings of a response that never came: %+v", r.Timings)
	}
	h.cfg.Timeout = patience
	if got := ask[int](t, h, command{Do: "count"}); got != 1 || h.Starts() != 2 {
		t.Errorf("call %d after %d starts", got, h.Starts())
	}
}

func TestTimeoutWithInternalExtensionSendsSIGTERM(t *testing.T) {
	sendsSIGTERM := func(t *testing.T, mode string) (came bool) {
		h := newHost(t, func(c *Config) {
			c.Timeout = 300 * time.Millisecond
			c.Env["INTERNAL"] = mode
		})
		if err := h.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantError(t, invoke(t, h, command{Do: "hang"}), ErrorTypeTimeout, "timed out")
		if h.PID() != 0 {
			t.Error("the process outlived the timeout")
		}
		return slices.Contains(journal(t, h), "SIGTERM")
	}
	t.Run("exits", func(t *testing.T) { // by itself
		if !sendsSIGTERM(t, "exits") {
			t.Error("no SIGTERM came")
		}
	})
	t.Run("stays", func(t *testing.T) { // and is killed after its grace
		testlab.Patiently(t, internalGrace, func(t *testing.T, grace time.Duration) (enough bool) {
			defer testhook.Patience(int64(grace / internalGrace))()
			return sendsSIGTERM(t, "stays")
		})
	})
}

func TestInitErrorIsReportedAndRepeated(t *testing.T) {
	h := newHost(t, func(c *Config) { c.Env["INIT"] = "error" })
	var failed *FunctionError
	if err := h.Init(t.Context()); !errors.As(err, &failed) || failed.Type != "NoTable" || failed.Message != "no table" {
		t.Errorf("Init: %v, want the function's own error", err)
	}
	wantError(t, invoke(t, h, command{Do: "count"}), "NoTable", "no table")
	if h.Starts() != 2 {
		t.Errorf("%d starts, want one by Init and one by Invoke", h.Starts())
	}
}

func TestAFailedInitIsRepeatedWithinTheInvocation(t *testing.T) {
	h := newHost(t, func(c *Config) { c.Env["INIT"] = "exit once" })
	r := invoke(t, h, command{Do: "count"})
	if r.Error != nil || string(r.Payload) != "1" || h.Starts() != 2 {
		t.Errorf("%+v after %d starts", r, h.Starts())
	}
}

func TestInitHasItsOwnLimitAndThenTheFunctions(t *testing.T) {
	h := newHost(t, func(c *Config) {
		c.Env["INIT"] = "hang"
		c.InitTimeout, c.Timeout = 200*time.Millisecond, 300*time.Millisecond
	})
	var failed *FunctionError
	if err := h.Init(t.Context()); !errors.As(err, &failed) || failed.Type != ErrorTypeTimeout ||
		failed.Message != "Error: Init timed out after 0.20 seconds" {
		t.Errorf("Init: %v", err)
	}
	wantError(t, invoke(t, h, command{Do: "count"}), ErrorTypeTimeout, "Task timed out after 0.30 seconds")
}

func TestABootstrapThatCannotRun(t *testing.T) {
	h := newHost(t, func(c *Config) { c.Bootstrap = noProgram(t) })
	wantError(t, invoke(t, h, command{Do: "count"}), ErrorTypeEntrypoint, "exec format error")
	if h.Starts() != 0 {
		t.Errorf("%d starts", h.Starts())
	}
}

// noProgram makes a file that is executable by its mode only.
func noProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "collector")
	if err := os.WriteFile(path, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
