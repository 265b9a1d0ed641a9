//go:build linux

package lambdahost

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// logDrain bounds the wait for the log of a dead process: somebody outside its
// group may hold the other end of the pipe.
const logDrain = 2 * time.Second

// process is a child process that leads a process group of its own. Signals go to
// the group, never after the process was reaped: its number may be another's then.
type process struct {
	name string
	pid  int
	cmd  *exec.Cmd
	// exited is closed when the process was reaped, its group killed, its log
	// copied and its end reported.
	exited chan struct{}

	mu   sync.Mutex
	gone bool
}

// startProcess starts cmd. ended is called once, when the process has ended.
func startProcess(name string, cmd *exec.Cmd, ended func(*process)) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = logDrain
	p := &process{name: name, cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go p.live(started, ended)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// live starts the process and stays with it to its end, on one thread: the kernel
// sends the parent-death signal when the thread ends that started the child.
func (p *process) live(started chan<- error, ended func(*process)) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	if err != nil {
		started <- err
		return
	}
	p.pid = p.cmd.Process.Pid
	started <- nil

	awaitChild(p.pid, syscall.WEXITED)
	p.mu.Lock()
	p.gone = true
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // what it left behind in its group
	p.mu.Unlock()
	_ = p.cmd.Wait() // the exit status is read from ProcessState
	ended(p)
	close(p.exited)
}

// signal sends sig to the process group, or to nobody once the process has ended.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		_ = syscall.Kill(-p.pid, sig)
	}
}

// kill ends the process group and waits for its end. It works on a stopped group.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// terminate asks the process to end and kills it when the grace is over.
func (p *process) terminate(grace <-chan time.Time) {
	p.signal(syscall.SIGTERM)
	p.awaitExit(grace)
}

// awaitExit waits for the process to end by itself and kills it when the grace is over.
func (p *process) awaitExit(grace <-chan time.Time) {
	select {
	case <-p.exited:
	case <-grace:
		p.kill()
	}
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// exitStatus is the end of the process as Lambda words it: "exit status 2",
// "signal: killed". Only after exited.
func (p *process) exitStatus() string { return p.cmd.ProcessState.String() }
