//go:build linux

package lambdahost

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// sandbox is one life of the environment: the function's process, its extensions'
// processes, and the API they talk to, on a port of its own. A crash ends it; the
// next sandbox shares only the tmp folder with it.
type sandbox struct {
	cfg *Config
	tmp string

	addr    string
	server  *http.Server
	serving sync.WaitGroup // the accept loop and every connection

	// workers hands out the runtime's requests for the next event.
	workers chan chan<- *invocation
	// failed is closed when failure is set.
	failed chan struct{}

	initDuration time.Duration // set before the first event

	mu         sync.Mutex
	changed    chan struct{} // closed at the next change; nil if nobody watches
	procs      []*process
	runtime    *process
	waiting    int  // requests for the next event that wait
	invoked    bool // an event was handed over
	running    map[string]*invocation
	late       map[string]bool // timed out, and may still be answered
	extensions []*extension
	expected   map[string]bool // external extensions yet to register
	sealed     bool            // no extension may register any more
	ending     bool            // processes end because they are told to
	failure    *failure
}

func newSandbox(cfg *Config, tmp string) (*sandbox, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sandbox{
		cfg: cfg, tmp: tmp,
		addr:     listener.Addr().String(),
		workers:  make(chan chan<- *invocation),
		failed:   make(chan struct{}),
		running:  map[string]*invocation{},
		late:     map[string]bool{},
		expected: map[string]bool{},
	}
	for _, path := range cfg.Extensions {
		s.expected[filepath.Base(path)] = true
	}
	s.server = &http.Server{
		Handler:   s.routes(),
		ErrorLog:  log.New(io.Discard, "", 0), // a killed process leaves broken connections
		ConnState: s.countConnection,
	}
	s.serving.Go(func() { _ = s.server.Serve(listener) })
	return s, nil
}

// countConnection keeps serving up until the last connection's goroutine ends.
func (s *sandbox) countConnection(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.serving.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.serving.Done()
	}
}

// start runs the init phase: every external extension registers, the runtime starts
// and asks for its first event, and all extensions ask for theirs. It returns the
// failure that ended the phase instead, or the context's cause.
func (s *sandbox) start(ctx context.Context) error {
	began := time.Now()
	if err := s.startExtensions(); err != nil {
		return err
	}
	if err := s.await(ctx, func() bool { return len(s.expected) == 0 }); err != nil {
		return err
	}
	if err := s.startRuntime(); err != nil {
		return err
	}
	if err := s.await(ctx, func() bool { return s.waiting > 0 }); err != nil {
		return err
	}
	s.closeRegistration()
	if err := s.await(ctx, s.idle); err != nil {
		return err
	}
	s.initDuration = time.Since(began)
	return nil
}

func (s *sandbox) startExtensions() error {
	for _, path := range s.cfg.Extensions {
		p, err := s.spawn(path, extensionEnviron(s.cfg, s.addr, s.tmp))
		if err != nil {
			return &failure{errorType: ErrorTypeLaunch, cause: err.Error()}
		}
		s.mu.Lock()
		s.procs = append(s.procs, p)
		s.mu.Unlock()
	}
	return nil
}

func (s *sandbox) startRuntime() error {
	p, err := s.spawn(s.cfg.Bootstrap, environ(s.cfg, s.addr, s.tmp))
	if err != nil {
		return &failure{errorType: ErrorTypeEntrypoint, cause: err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.procs = append(s.procs, p)
	s.runtime = p
	return nil
}

func (s *sandbox) spawn(path string, env []string) (*process, error) {
	cmd := exec.Command(path)
	cmd.Env, cmd.Dir = env, s.cfg.Dir
	cmd.Stdout, cmd.Stderr = s.cfg.Stdout, s.cfg.Stderr
	return startProcess(filepath.Base(path), cmd, s.processEnded)
}

// processEnded is called by each process at its end.
func (s *sandbox) processEnded(p *process) {
	s.mu.Lock()
	ending := s.ending
	s.mu.Unlock()
	if !ending {
		s.fail(exitFailure(p, p.cmd.Path == s.cfg.Bootstrap))
	}
}

// exitFailure words the unexpected end of a process as Lambda does.
func exitFailure(p *process, isRuntime bool) *failure {
	clean := p.cmd.ProcessState.Success()
	switch {
	case isRuntime && clean:
		return &failure{errorType: ErrorTypeExit, cause: "Runtime exited without providing a reason"}
	case isRuntime:
		return &failure{errorType: ErrorTypeExit, cause: "Runtime exited with error: " + p.exitStatus()}
	case clean:
		return &failure{errorType: ErrorTypeCrash, cause: "extension " + p.name + ": exit code 0"}
	default:
		return &failure{errorType: ErrorTypeCrash, cause: "extension " + p.name + ": " + p.exitStatus()}
	}
}

// fail makes the sandbox useless. The first failure is the one that counts.
func (s *sandbox) fail(f *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		s.failure = f
		close(s.failed)
		s.notify()
	}
}

func (s *sandbox) alive() bool {
	select {
	case <-s.failed:
		return false
	default:
		return true
	}
}

// idle tells whether the runtime and all extensions wait for an event. mu is held.
func (s *sandbox) idle() bool {
	if s.waiting == 0 {
		return false
	}
	for _, x := range s.extensions {
		if !x.idle() {
			return false
		}
	}
	return true
}

// await blocks until the condition holds. It returns the sandbox's failure if
// that comes first, or the cause of the context's end. The condition is called with
// mu held and looks at nothing but the sandbox's state.
func (s *sandbox) await(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		if s.failure != nil {
			defer s.mu.Unlock()
			return s.failure
		}
		if condition() {
			s.mu.Unlock()
			return nil
		}
		changed := s.watch()
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// watch returns a channel that is closed at the next change. mu is held.
func (s *sandbox) watch() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// notify wakes whoever watches. mu is held.
func (s *sandbox) notify() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *sandbox) processes() []*process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.procs // only ever appended to
}

func (s *sandbox) runtimeProcess() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runtime
}
