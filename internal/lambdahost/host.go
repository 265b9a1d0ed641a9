//go:build linux

package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// ErrClosed is returned by what was running, or is begun, when the host is closed.
var ErrClosed = errors.New("lambdahost: the host is closed")

// Host is one execution environment of one function. Its methods may be called from
// any goroutine.
type Host struct {
	cfg Config
	tmp string

	// turn is held by whoever starts, freezes, thaws or replaces the sandbox: in
	// ordinary Lambda by each invocation from its beginning to its end.
	turn chan struct{}
	// inited tells that the environment had its init phase. Guarded by turn.
	inited bool

	sandbox atomic.Pointer[sandbox] // nil: none; changed only by the holder of turn
	starts  atomic.Int64
	frozen  atomic.Bool
	freezes atomic.Int64

	ctx     context.Context // ends with Close
	cancel  context.CancelCauseFunc
	closing sync.Once
	closed  error

	mu      sync.Mutex
	shut    bool
	running sync.WaitGroup
}

// New makes an environment. It starts no process yet: the first Invoke does, or Init.
// The host must be closed.
func New(cfg Config) (*Host, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(cfg.TmpDir, "lambda-")
	if err != nil {
		return nil, fmt.Errorf("lambdahost: make the environment's tmp folder: %w", err)
	}
	h := &Host{cfg: cfg, tmp: tmp, turn: make(chan struct{}, 1)}
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	return h, nil
}

// Init runs the init phase ahead of the first invocation, as provisioned concurrency
// does, and leaves the environment frozen. It does nothing while a process runs. A
// failed init is a *FunctionError; the next Invoke repeats it, as Lambda does.
func (h *Host) Init(ctx context.Context) error {
	if !h.enter() {
		return ErrClosed
	}
	defer h.running.Done()
	if err := h.takeTurn(ctx); err != nil {
		return err
	}
	defer h.passTurn()
	if s := h.sandbox.Load(); s != nil && s.alive() {
		return nil
	}
	h.retire(failing)
	merged, cancel := context.WithCancelCause(h.ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	s, err := h.initPhase(merged)
	if f := (*failure)(nil); errors.As(err, &f) {
		return f.forRequest("")
	}
	if err != nil {
		return err
	}
	h.freeze(s)
	return nil
}

// Invoke runs the function with the payload, starting its process first if there is
// none, and returns when the environment is idle again: the function and every
// extension asked for the next event and, in ordinary Lambda, everything is frozen.
//
// A function that fails makes a Response with an Error, not an error. The error is
// ctx's cause, ErrClosed or a failure of the host itself. In ordinary Lambda one
// invocation runs at a time and others wait; on Managed Instances so many run as the
// function asks for. When ctx ends the caller is let go, the invocation runs on.
func (h *Host) Invoke(ctx context.Context, payload []byte) (*Response, error) {
	return h.InvokeEvent(ctx, Event{Payload: payload})
}

// InvokeEvent is Invoke with all an event can carry.
func (h *Host) InvokeEvent(ctx context.Context, e Event) (*Response, error) {
	stream, err := h.InvokeStream(ctx, e)
	if err != nil {
		return nil, err
	}
	return stream.Response(ctx)
}

// InvokeStream begins an invocation and returns its response to be read as it
// arrives. In ordinary Lambda it waits until the invocation before is over; it never
// waits for the function. ctx ends the waiting, not the invocation.
func (h *Host) InvokeStream(ctx context.Context, e Event) (*Stream, error) {
	if !h.enter() {
		return nil, ErrClosed
	}
	inv := newInvocation(e)
	if h.cfg.managed() {
		go h.runShared(ctx, inv)
		return &Stream{inv: inv}, nil
	}
	if err := h.takeTurn(ctx); err != nil {
		h.running.Done()
		return nil, err
	}
	go h.runAlone(inv)
	return &Stream{inv: inv}, nil
}

// Kill ends the function's process at once, as a crash between or in invocations
// would, and returns when it is gone. The next Invoke starts a new one.
func (h *Host) Kill() {
	if s := h.sandbox.Load(); s != nil {
		if p := s.runtimeProcess(); p != nil {
			p.kill()
		}
	}
}

// Close shuts the environment down as Lambda does with an idle one: SIGTERM and
// SHUTDOWN if an extension has registered, then SIGKILL. Running invocations are cut
// off with ErrClosed. Afterwards no process, socket or goroutine of the host is left,
// nor its tmp folder. Close takes 2 s at most, and may be called again.
func (h *Host) Close() error {
	h.closing.Do(func() {
		h.mu.Lock()
		h.shut = true
		h.mu.Unlock()
		h.cancel(ErrClosed)
		h.running.Wait()
		h.retire(spinDown)
		h.closed = os.RemoveAll(h.tmp)
	})
	return h.closed
}

// TmpDir is the environment's own tmp folder, the function's TMPDIR. Like Lambda's
// /tmp it outlives the function's process, but not the environment.
func (h *Host) TmpDir() string { return h.tmp }

// Starts is how often the function's process was started.
func (h *Host) Starts() int { return int(h.starts.Load()) }

// Freezes is how often the environment was frozen.
func (h *Host) Freezes() int { return int(h.freezes.Load()) }

// Frozen tells whether all processes of the environment are stopped.
func (h *Host) Frozen() bool {
	s := h.sandbox.Load()
	return h.frozen.Load() && s != nil && s.alive()
}

// enter counts the caller among what Close waits for; false when the host is closed.
func (h *Host) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shut {
		return false
	}
	h.running.Add(1)
	return true
}

func (h *Host) takeTurn(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-h.ctx.Done():
		return ErrClosed
	}
}

func (h *Host) passTurn() { <-h.turn }
