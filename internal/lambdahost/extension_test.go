//go:build linux

package lambdahost

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// withExtensions configures extensions of the given names, all of one mode.
func withExtensions(t *testing.T, mode, events string, names ...string) func(*Config) {
	return func(c *Config) {
		for _, name := range names {
			c.Extensions = append(c.Extensions, link(t, name))
		}
		c.Env["EXTENSION"], c.Env["EVENTS"] = mode, events
	}
}

// lines returns the journal's lines that start with the prefix, without it.
func lines(t *testing.T, h *Host, prefix string) (found []string) {
	t.Helper()
	for _, line := range journal(t, h) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			found = append(found, rest)
		}
	}
	return found
}

func TestTheRuntimeStartsAfterAllExtensionsRegistered(t *testing.T) {
	doors := t.TempDir()
	one, two := gate(t, doors, "one"), gate(t, doors, "two")
	configure := withExtensions(t, "registers late", "INVOKE SHUTDOWN", "one", "two")
	h := newHost(t, func(c *Config) {
		configure(c)
		c.Env["GATE"] = doors + "/"
	})
	done := make(chan error, 1)
	go func() { done <- h.Init(t.Context()) }()
	open(t, one)
	eventually(t, "one has registered", func() bool { return len(lines(t, h, "one register 200")) == 1 })
	// Another environment starts from nothing meanwhile: a runtime that does not wait
	// for the second extension would have started by then.
	invoke(t, newHost(t, nil), command{Do: "count"})
	open(t, two)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	all := journal(t, h)
	start := slices.Index(all, "runtime started")
	if start < slices.Index(all, "one registers") || start < slices.Index(all, "two registers") || start < 2 {
		t.Errorf("out of order: %q", all)
	}
	if !strings.Contains(strings.Join(all, "\n"), `{"accountId":"123456789012","functionName":"function","functionVersion":"$LATEST","handler":"bootstrap"}`) {
		t.Errorf("no register reply in %q", all)
	}
	if !h.Frozen() {
		t.Error("not frozen after Init")
	}
}

func TestInvokeEventAndSpindown(t *testing.T) {
	now := time.Now().Add(time.Hour).Truncate(time.Second)
	configure := withExtensions(t, "", "INVOKE SHUTDOWN", "collector")
	h := newHost(t, func(c *Config) {
		configure(c)
		c.Now = func() time.Time { return now }
		c.Timeout = time.Minute
		c.Env["INTERNAL"] = "exits"
	})
	r, err := h.InvokeEvent(t.Context(), Event{Payload: payload(command{Do: "count"}), TraceID: "Root=1"})
	if err != nil {
		t.Fatal(err)
	}
	events := lines(t, h, "collector {")
	if len(events) != 1 {
		t.Fatalf("events %q", events)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte("{"+events[0]), &got); err != nil {
		t.Fatal(err)
	}
	tracing, _ := got["tracing"].(map[string]any)
	if got["eventType"] != "INVOKE" || got["requestId"] != r.RequestID || got["invokedFunctionArn"] != h.cfg.functionARN() ||
		got["deadlineMs"] != float64(now.Add(time.Minute).UnixMilli()) || tracing["value"] != "Root=1" {
		t.Errorf("event %v", got)
	}
	h.retire(spinDown) // as Close does, but the journal stays
	all := journal(t, h)
	shutdown := slices.IndexFunc(all, func(line string) bool {
		return strings.Contains(line, "SHUTDOWN") && strings.HasPrefix(line, "collector {")
	})
	if term := slices.Index(all, "SIGTERM"); term < 0 || shutdown < term {
		t.Errorf("SIGTERM must come, and before SHUTDOWN: %q", all)
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(all[shutdown], "collector ")), &got); err != nil {
		t.Fatal(err)
	}
	if got["shutdownReason"] != "spindown" || got["deadlineMs"] != float64(now.Add(2*time.Second).UnixMilli()) {
		t.Errorf("event %v", got)
	}
}

func TestTheAnswerWaitsForTheExtensions(t *testing.T) {
	door := gate(t, t.TempDir(), "collector")
	configure := withExtensions(t, "works on", "INVOKE SHUTDOWN", "collector")
	h := newHost(t, func(c *Config) {
		configure(c)
		c.Env["GATE"] = filepath.Dir(door) + "/"
	})
	stream, err := h.InvokeStream(t.Context(), Event{Payload: payload(command{Do: "count"})})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := stream.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Fatalf("%d bytes: %v", n, err)
	}
	select {
	case <-stream.inv.finished:
		t.Error("over before the extension asked for the next event")
	default:
	}
	if h.Frozen() {
		t.Error("frozen before the extension asked for the next event")
	}
	open(t, door)
	if r, err := stream.Response(t.Context()); err != nil || r.Error != nil || !h.Frozen() {
		t.Errorf("%+v, %v, frozen %v", r, err, h.Frozen())
	}
}

func TestAnExtensionCanUseUpTheTime(t *testing.T) {
	defer testhook.Patience(1)() // it does not end
	configure := withExtensions(t, "works on", "INVOKE SHUTDOWN", "collector")
	h := newHost(t, func(c *Config) {
		configure(c)
		c.Env["GATE"] = filepath.Dir(gate(t, t.TempDir(), "collector")) + "/" // never opened
		c.Timeout = 300 * time.Millisecond
	})
	if err := h.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantError(t, invoke(t, h, command{Do: "count"}), ErrorTypeTimeout, "timed out")
}

func TestShutdownReasons(t *testing.T) {
	for _, c := range []struct {
		do, reason string
		timeout    time.Duration
	}{
		{"exit", `"shutdownReason":"failure"`, patience},
		{"hang", `"shutdownReason":"timeout"`, 300 * time.Millisecond},
	} {
		t.Run(c.do, func(t *testing.T) {
			configure := withExtensions(t, "", "SHUTDOWN", "collector")
			h := newHost(t, func(cfg *Config) {
				configure(cfg)
				cfg.Timeout = c.timeout
			})
			if err := h.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r := invoke(t, h, command{Do: c.do}); r.Error == nil {
				t.Error("no error")
			}
			if events := lines(t, h, "collector {"); len(events) != 1 || !strings.Contains(events[0], c.reason) {
				t.Errorf("events %q", events)
			}
		})
	}
}

func TestAnExtensionThatIgnoresShutdownIsKilled(t *testing.T) {
	testlab.Patiently(t, shutdownGrace, func(t *testing.T, grace time.Duration) (enough bool) {
		defer testhook.Patience(int64(grace / shutdownGrace))()
		h := newHost(t, withExtensions(t, "stays", "SHUTDOWN", "collector"))
		if err := h.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := h.sandbox.Load()
		h.retire(spinDown)
		for _, p := range s.processes() {
			if p.alive() {
				t.Errorf("%s is still there", p.name)
			}
		}
		return len(lines(t, h, "collector {")) == 1 // SHUTDOWN came
	})
}

func TestExtensionFailures(t *testing.T) {
	for _, c := range []struct{ mode, errorType, message string }{
		{"crashes", ErrorTypeCrash, "extension collector: exit status 9"},
		{"exit error", "Extension.NoLicence", "extension collector: no licence"},
		{"init error", "Extension.NoLicence", "extension collector: no licence"},
		{"dies at once", ErrorTypeCrash, "extension collector: exit status 4"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			h := newHost(t, withExtensions(t, c.mode, "INVOKE", "collector"))
			// The function hangs, so that the invocation cannot win the race.
			wantError(t, invoke(t, h, command{Do: "hang"}), c.errorType, c.message)
			if h.PID() != 0 {
				t.Error("the environment was not reset")
			}
		})
	}
}

func TestAnExtensionThatCannotRun(t *testing.T) {
	h := newHost(t, func(c *Config) { c.Extensions = []string{noProgram(t)} })
	wantError(t, invoke(t, h, command{Do: "count"}), ErrorTypeLaunch, "exec format error")
}
