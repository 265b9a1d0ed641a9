package peers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to start. It is generous: a Python that
// compiles its modules for the first time, on a busy machine.
const patience = time.Minute

// process is a child process and its children, which share its process group.
type process struct {
	cmd    *exec.Cmd
	output string        // the file that holds what it printed
	ended  chan struct{} // closed when the process has been waited for
}

// start runs cmd until the test ends. Its output goes to a file, not a pipe:
// a grandchild that keeps a pipe open would make Wait hang.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = childAttributes()

	p := &process{cmd: cmd, output: output.Name(), ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel ends the child when the thread that started it ends, so the
		// thread is held for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in ProcessState
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), p.printed())
		}
	})
	return p
}

// stop ends the process with its whole group and waits until it is gone. A stopped
// process does not heed SIGTERM, hence SIGKILL; nothing here has state to save.
func (p *process) stop() {
	// The group is named after the process, which holds the name until it is waited
	// for; one that ended by itself may have left children, which hold it as well.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

func (p *process) printed() string {
	b, err := os.ReadFile(p.output)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// serve starts a server on a free port and returns its endpoint once it answers
// GET path, with whatever status.
func serve(t testing.TB, path string, command func(address string) *exec.Cmd) string {
	t.Helper()
	for {
		address := freeAddress(t)
		p := start(t, command(address))
		err := p.answers(t.Context(), "http://"+address+path)
		if err == nil {
			return "http://" + address
		}
		// Another process may have taken the port since it was seen to be free.
		if !strings.Contains(strings.ToLower(p.printed()), "address already in use") {
			t.Fatalf("start %s: %v", filepath.Base(p.cmd.Path), err)
		}
	}
}

// answers waits until url answers.
func (p *process) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it did not answer for %v", patience))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := get(ctx, url); err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it ended before it answered: %v", p.cmd.ProcessState)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func get(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Close = true // leave no idle connection behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// freeAddress is a loopback address nobody listens on at this moment.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
