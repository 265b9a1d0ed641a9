//go:build linux

package lambdahost

import (
	"syscall"
	"unsafe"
)

// freeze stops every process of the sandbox and returns when the kernel has
// reported each of them as stopped, all threads. A process that ends meanwhile
// is left to the next invocation to find.
func (h *Host) freeze(s *sandbox) {
	if !h.cfg.freezes() {
		return
	}
	for _, p := range s.processes() {
		if !p.stop() {
			return
		}
	}
	h.frozen.Store(true)
	h.freezes.Add(1)
}

// thaw lets a frozen sandbox go on.
func (h *Host) thaw(s *sandbox) {
	h.frozen.Store(false)
	s.resume()
}

// resume continues every process of the sandbox; it does nothing to running ones.
func (s *sandbox) resume() {
	for _, p := range s.processes() {
		p.signal(syscall.SIGCONT)
	}
}

// stop freezes the process group and reports whether the process is stopped now.
func (p *process) stop() bool {
	p.signal(syscall.SIGSTOP)
	return awaitChild(p.pid, syscall.WSTOPPED|syscall.WEXITED) == childStopped
}

// childStopped is CLD_STOPPED: the kernel reports it to the parent when the last
// thread of the process has stopped, where /proc/<pid>/stat tells of the first alone.
const childStopped = 5

// awaitChild blocks until the child has changed state as options say, leaves it to
// be waited for again, and returns the kernel's code of the change; 0 when there is
// no such child any more.
func awaitChild(pid, options int) int32 {
	const byPID = 1 // P_PID
	var info struct {
		signo, errno, code int32
		_                  [116]byte // siginfo_t takes 128 bytes
	}
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid),
			uintptr(unsafe.Pointer(&info)), uintptr(options|syscall.WNOWAIT), 0, 0)
		switch errno {
		case 0:
			return info.code
		case syscall.EINTR:
		default:
			return 0
		}
	}
}
