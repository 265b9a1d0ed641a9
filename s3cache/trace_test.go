//go:build linux && (amd64 || arm64)

package s3cache

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// traced is a child that is stopped before each of its system calls that concerns the
// library's folders and files. What happens to it there happens at every point of a
// load that differs from any other: between two such calls nothing changes.
type traced struct {
	t   *testing.T
	pid int
	in  io.WriteCloser
	out *bufio.Reader
	mem *os.File // the child's memory

	mu     sync.Mutex
	before func(call string) (kill bool) // may be nil
	ended  chan struct{}
}

// fileCalls are the calls that concern files: those with a file descriptor, and those
// with a folder's and a name.
var fileCalls = map[uint64]struct {
	name  string
	named bool
}{
	syscall.SYS_OPENAT:     {"open", true},
	syscall.SYS_MKDIRAT:    {"mkdir", true},
	syscall.SYS_UNLINKAT:   {"unlink", true},
	syscall.SYS_RENAMEAT:   {"rename", true},
	statAt[runtime.GOARCH]: {"stat", true},
	syscall.SYS_WRITE:      {"write", false},
	syscall.SYS_PWRITE64:   {"pwrite", false},
	syscall.SYS_CLOSE:      {"close", false},
	syscall.SYS_FSTAT:      {"fstat", false},
	syscall.SYS_FLOCK:      {"flock", false},
	syscall.SYS_GETDENTS64: {"readdir", false},
}

var statAt = map[string]uint64{"amd64": 262, "arm64": 79}

// What package syscall does not name.
const (
	ptraceGetSyscallInfo = 0x420e
	ptraceTraceSeccomp   = 0x80
	ptraceExitKill       = 0x100000 // the child ends with the thread that traces it
	ptraceEventSeccomp   = 7
	prSetNoNewPrivs      = 38
	seccompFilter        = 1
	seccompAllThreads    = 1
	seccompTrace         = 0x7ff00000
	seccompAllow         = 0x7fff0000
)

var seccompCall = map[string]uintptr{"amd64": 317, "arm64": 277}

// stopAtFileCalls has the kernel stop this process, which is traced, before each of
// fileCalls and at nothing else, which would take longer.
func stopAtFileCalls() error {
	load := syscall.SockFilter{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS} // the call's number
	filter := []syscall.SockFilter{load}
	for number := range fileCalls {
		filter = append(filter,
			syscall.SockFilter{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, K: uint32(number), Jf: 1},
			syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: seccompTrace})
	}
	filter = append(filter, syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: seccompAllow})
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	_, _, errno := syscall.RawSyscall(seccompCall[runtime.GOARCH], seccompFilter, seccompAllThreads, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

func init() { prepareTraced = stopAtFileCalls }

// trace starts a child that downloads uri.
func (l *lab) trace(uri string, before func(call string) (kill bool)) *traced {
	l.t.Helper()
	c := &traced{t: l.t, before: before, ended: make(chan struct{})}
	started := make(chan error)
	go func() { // only the thread that has started the child may trace it
		runtime.LockOSThread() // and ends with this goroutine
		defer close(c.ended)
		defer func() { c.mem.Close() }()
		err := c.start(uri)
		started <- err
		if err == nil {
			c.follow()
		}
	}()
	if err := <-started; err != nil {
		l.t.Skipf("a child cannot be traced here: %v", err)
	}
	l.t.Cleanup(c.kill)
	return c
}

func (c *traced) start(uri string) error {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childURI+"="+uri, childTraced+"=1", "GOMAXPROCS=1") // collections take half as long
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	c.pid, c.in, c.out = cmd.Process.Pid, in, bufio.NewReader(out)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(c.pid, &status, syscall.WALL, nil); err != nil {
		return err
	}
	if c.mem, err = os.Open(fmt.Sprintf("/proc/%d/mem", c.pid)); err != nil {
		return err
	}
	options := ptraceTraceSeccomp | syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEEXEC | ptraceExitKill
	if err := syscall.PtraceSetOptions(c.pid, options); err != nil {
		return err
	}
	return syscall.PtraceCont(c.pid, 0)
}

// follow lets the child go from call to call until it ends.
func (c *traced) follow() {
	var status syscall.WaitStatus
	for {
		thread, err := syscall.Wait4(-1, &status, syscall.WALL|syscall.WNOTHREAD, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return
		case status.Exited(), status.Signaled():
			if thread == c.pid {
				return
			}
			continue
		}
		deliver := 0
		switch signal := status.StopSignal(); {
		case signal == syscall.SIGTRAP && status.TrapCause() == ptraceEventSeccomp:
			c.meet(thread)
		case signal == syscall.SIGTRAP, signal == syscall.SIGSTOP: // a new program, a new thread
		default:
			deliver = int(signal)
		}
		_ = syscall.PtraceCont(thread, deliver) // it may have been killed
	}
}

// meet does what is to be done before a call.
func (c *traced) meet(thread int) {
	call := c.callOf(thread)
	c.mu.Lock()
	defer c.mu.Unlock()
	if call != "" && c.before != nil && c.before(call) {
		_ = syscall.Kill(c.pid, syscall.SIGKILL)
	}
}

// callOf names the call a thread is about to make, "" if it concerns no file of the
// library.
func (c *traced) callOf(thread int) string {
	var info struct {
		op   uint8
		_    [3]uint8
		arch uint32
		_    [2]uint64
		call uint64
		args [6]uint64
	}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, ptraceGetSyscallInfo, uintptr(thread),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	call, ok := fileCalls[info.call]
	if errno != 0 || !ok {
		return ""
	}
	const ours = "lambdacache-s3-"
	name := ""
	if call.named {
		var text [512]byte
		n, _ := c.mem.ReadAt(text[:], int64(info.args[1])) // ptrace gives eight bytes a call
		name, _, _ = strings.Cut(string(text[:n]), "\x00")
	}
	folder, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", c.pid, int32(info.args[0])))
	if !strings.Contains(name, ours) && !strings.Contains(folder, ours) {
		return ""
	}
	return call.name
}

// on replaces what happens before each call.
func (c *traced) on(before func(call string) (kill bool)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.before = before
}

func (c *traced) kill() {
	_ = syscall.Kill(c.pid, syscall.SIGKILL)
	<-c.ended
}

// line is what the child says next, "" if it has ended.
func (c *traced) line() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		return ""
	}
	if strings.HasPrefix(line, "untraced:") {
		c.t.Skipf("a child cannot be stopped at its calls here: %s", line)
	}
	return strings.TrimSpace(line)
}

// tell gives the child a line.
func (c *traced) tell(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Error(err)
	}
}

// again has the child load anew and tells what it says.
func (c *traced) again() string {
	c.t.Helper()
	c.tell("again")
	return c.line()
}

// holds fails the test unless what the child said is the path of a file with a body.
func (c *traced) holds(what, said string, body []byte) {
	c.t.Helper()
	if got, err := os.ReadFile(said); err != nil || !bytes.Equal(got, body) {
		c.t.Errorf("%s: the child said %q: %d bytes, %v, want %d", what, said, len(got), err, len(body))
	}
}
