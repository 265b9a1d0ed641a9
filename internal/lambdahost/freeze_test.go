//go:build linux

package lambdahost

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// ticks reads the counter that a child keeps in a file.
func ticks(t *testing.T, path string) uint64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || len(b) < 8 {
		return 0
	}
	return binary.NativeEndian.Uint64(b)
}

// TestAFrozenProcessStandsStill runs the same ticking goroutine in a frozen and in a
// running environment: while the one ticks on, the other must not tick at all.
func TestAFrozenProcessStandsStill(t *testing.T) {
	frozen := newHost(t, nil)
	running := newHost(t, func(c *Config) { c.NoFreeze = true })
	still, moving := filepath.Join(t.TempDir(), "still"), filepath.Join(t.TempDir(), "moving")
	ask[any](t, frozen, command{Do: "tick", Path: still})
	ask[any](t, running, command{Do: "tick", Path: moving})

	before, ticked := mustInspect(t, frozen), ticks(t, still)
	if !frozen.Frozen() || !before.Stopped {
		t.Fatalf("Frozen %v, threads all stopped %v", frozen.Frozen(), before.Stopped)
	}
	if running.Frozen() || mustInspect(t, running).Stopped || running.Freezes() != 0 {
		t.Fatal("the environment with NoFreeze was frozen")
	}
	from := ticks(t, moving)
	eventually(t, "the running one ticks on", func() bool { return ticks(t, moving) > from+200 })

	after := mustInspect(t, frozen)
	if got := ticks(t, still); got != ticked {
		t.Errorf("%d ticks while frozen", got-ticked)
	}
	if after.CPU != before.CPU || !after.Stopped {
		t.Errorf("used %v of CPU while frozen, all stopped %v", after.CPU-before.CPU, after.Stopped)
	}

	door := gate(t, t.TempDir(), "door")
	stream, err := frozen.InvokeStream(t.Context(), Event{Payload: payload(command{Do: "wait", Path: door})})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the thawed one ticks on", func() bool { return ticks(t, still) > ticked+5 })
	if frozen.Frozen() {
		t.Error("frozen in the middle of an invocation")
	}
	open(t, door)
	if _, err := stream.Response(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !frozen.Frozen() || frozen.Freezes() != 2 || frozen.Starts() != 1 {
		t.Errorf("frozen %v, %d freezes, %d starts", frozen.Frozen(), frozen.Freezes(), frozen.Starts())
	}
}

func mustInspect(t *testing.T, h *Host) Process {
	t.Helper()
	p, err := h.Process()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEveryReturnFindsTheEnvironmentStopped repeats what a race would spoil now and
// then: Invoke must not return before the last thread has stopped.
func TestEveryReturnFindsTheEnvironmentStopped(t *testing.T) {
	h := newHost(t, nil)
	path := filepath.Join(t.TempDir(), "ticks")
	ask[any](t, h, command{Do: "tick", Path: path})
	for i := range 300 {
		ask[int](t, h, command{Do: "count"})
		before := ticks(t, path)
		if p := mustInspect(t, h); !p.Stopped || !h.Frozen() {
			t.Fatalf("round %d: %+v, Frozen %v", i, p, h.Frozen())
		}
		if after := ticks(t, path); after != before {
			t.Fatalf("round %d: ticked on", i)
		}
	}
	if h.Freezes() != 301 || h.Starts() != 1 {
		t.Errorf("%d freezes, %d starts", h.Freezes(), h.Starts())
	}
}

// TestKillRacesWithFreeze kills while the host freezes or thaws; whatever wins, the
// environment must come back.
func TestKillRacesWithFreeze(t *testing.T) {
	h := newHost(t, nil)
	for range 30 {
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			h.Kill()
		}()
		r := invoke(t, h, command{Do: "count"})
		if r.Error != nil && r.Error.Type != ErrorTypeExit {
			t.Fatalf("unexpected: %v", r.Error)
		}
		<-killed
	}
	if got := invoke(t, h, command{Do: "count"}); got.Error != nil {
		t.Errorf("after all: %v", got.Error)
	}
}

// TestWhatTheFunctionStartsSharesItsFate: it belongs to the same process group.
func TestWhatTheFunctionStartsSharesItsFate(t *testing.T) {
	h := newHost(t, nil)
	pid := ask[int](t, h, command{Do: "start", Path: link(t, "idler")})
	stat := fmt.Sprintf("/proc/%d/stat", pid)
	eventually(t, "it is stopped too", func() bool {
		state, _, err := threadStat(stat)
		return err == nil && state == "T"
	})
	invoke(t, h, command{Do: "exit"})
	eventually(t, "it is gone too", func() bool {
		state, _, err := threadStat(stat)
		return err != nil || state == "Z" // nobody may be there to reap it
	})
}
