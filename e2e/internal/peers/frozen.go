package peers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Frozen waits until the environment with this process id is stopped, as it is
// between invocations. It needs Linux's /proc.
func (h *FunHost) Frozen(ctx context.Context, pid int) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		state, err := state(pid)
		if err != nil {
			return fmt.Errorf("wait for environment %d to be stopped: %w", pid, err)
		}
		if state == 'T' {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for environment %d to be stopped: it is in state %c: %w", pid, state, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// state is the one letter the kernel has for what a process does; T is stopped.
func state(pid int) (byte, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The letter follows the program's name, which is in brackets and may hold some.
	_, rest, found := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" "))
	if !found || len(rest) == 0 {
		return 0, fmt.Errorf("no state in %q", stat)
	}
	return rest[0], nil
}
