//go:build linux

package lambdahost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience ends a test that would hang for ever; no result depends on it.
const patience = 60 * time.Second

// link makes the test binary available under another name.
func link(t testing.TB, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// newHost makes a host of the test function, closed at the end of the test.
func newHost(t *testing.T, change func(*Config)) *Host {
	t.Helper()
	log := &logBuffer{}
	cfg := Config{
		Bootstrap: link(t, "bootstrap"),
		Env:       childEnv(),
		TmpDir:    t.TempDir(),
		Timeout:   patience,
		Stdout:    log,
		Stderr:    log,
	}
	if change != nil {
		change(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log of the function:\n%s", log)
		}
	})
	return h
}

// childEnv makes the test binary act as a child. One built with the race detector
// would rest for a second before it exits.
func childEnv() map[string]string {
	return map[string]string{childMark: "1", "GORACE": "atexit_sleep_ms=0"}
}

// logBuffer relies on the host to write from one goroutine at a time, as promised.
type logBuffer struct{ bytes.Buffer }

func payload(c command) []byte {
	b, _ := json.Marshal(c)
	return b
}

// invoke runs a command that must not fail the host.
func invoke(t *testing.T, h *Host, c command) *Response {
	t.Helper()
	r, err := h.Invoke(t.Context(), payload(c))
	if err != nil {
		t.Fatalf("%s: %v", c.Do, err)
	}
	return r
}

// ask runs a command that must succeed and decodes its answer.
func ask[T any](t *testing.T, h *Host, c command) (answer T) {
	t.Helper()
	r := invoke(t, h, c)
	if r.Error != nil {
		t.Fatalf("%s: %v", c.Do, r.Error)
	}
	if err := json.Unmarshal(r.Payload, &answer); err != nil {
		t.Fatalf("%s: %q: %v", c.Do, r.Payload, err)
	}
	return answer
}

// gate makes a named pipe that a child waits at.
func gate(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open lets the child pass that waits at the gate, or will come to it.
func open(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("."), 0o600); err != nil {
		t.Fatal(err)
	}
}

// journal is what the children of the environment have recorded.
func journal(t *testing.T, h *Host) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(h.TmpDir(), "journal"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

// eventually waits for something outside this process to come true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("not so: %s", what)
		}
	}
}
