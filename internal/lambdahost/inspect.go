//go:build linux

package lambdahost

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Process is what the kernel says of the function's process.
type Process struct {
	PID     int
	Threads int
	Stopped bool          // every thread is stopped
	CPU     time.Duration // used so far, user and system, in steps of 10 ms
	RSS     int64         // resident memory in bytes
	PeakRSS int64         // the largest it has been, VmHWM
	Sockets int           // open sockets, those to the Runtime API among them
}

// PID is the process id of the function's process, 0 while there is none.
func (h *Host) PID() int {
	if s := h.sandbox.Load(); s != nil && s.alive() {
		if p := s.runtimeProcess(); p != nil {
			return p.pid
		}
	}
	return 0
}

// Process inspects the function's process.
func (h *Host) Process() (Process, error) {
	pid := h.PID()
	if pid == 0 {
		return Process{}, errors.New("lambdahost: the function has no process; invoke it first")
	}
	p, err := inspect(pid)
	if err != nil {
		return Process{}, fmt.Errorf("lambdahost: inspect process %d: %w", pid, err)
	}
	return p, nil
}

func inspect(pid int) (Process, error) {
	p := Process{PID: pid}
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return p, err
	}
	p.RSS, p.PeakRSS = kilobytes(status, "VmRSS:"), kilobytes(status, "VmHWM:")
	if _, p.CPU, err = threadStat(dir + "/stat"); err != nil {
		return p, err
	}
	if p.Threads, p.Stopped, err = threads(dir); err != nil {
		return p, err
	}
	p.Sockets, err = sockets(dir)
	return p, err
}

// kilobytes reads a line such as "VmHWM:     1234 kB" and returns bytes.
func kilobytes(status []byte, name string) int64 {
	_, after, _ := bytes.Cut(status, []byte("\n"+name))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(line)), " kB"), 10, 64)
	return n << 10
}

// threads counts the process's threads and tells whether all are stopped.
func threads(dir string) (n int, stopped bool, err error) {
	tasks, err := filepath.Glob(dir + "/task/*/stat")
	if err != nil {
		return 0, false, err
	}
	stopped = len(tasks) > 0
	for _, task := range tasks {
		state, _, err := threadStat(task)
		if errors.Is(err, os.ErrNotExist) {
			continue // ended meanwhile
		}
		if err != nil {
			return 0, false, err
		}
		stopped = stopped && state == "T"
	}
	return len(tasks), stopped, nil
}

// threadStat reads the state and the used CPU time from a stat file of /proc.
func threadStat(path string) (state string, cpu time.Duration, err error) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return "", 0, err
	}
	// The name, in brackets, may hold spaces and brackets; all after it may not.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return "", 0, fmt.Errorf("%s has an unknown form", path)
	}
	const tick = time.Second / 100 // USER_HZ is 100 wherever Go runs
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return fields[0], time.Duration(user+system) * tick, nil
}

func sockets(dir string) (int, error) {
	fds, err := os.ReadDir(dir + "/fd")
	if err != nil {
		return 0, err
	}
	n := 0
	for _, fd := range fds {
		target, err := os.Readlink(dir + "/fd/" + fd.Name())
		if err == nil && strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n, nil
}
