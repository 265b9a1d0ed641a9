//go:build linux

package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// runAlone takes one invocation of ordinary Lambda from thaw to freeze. The caller
// holds the turn.
func (h *Host) runAlone(inv *invocation) {
	defer h.running.Done()
	defer h.passTurn()
	s, err := h.wake(inv)
	if err == nil {
		err = h.serveAlone(s, inv)
	}
	h.settle(inv, err)
}

// wake returns a sandbox that runs and waits for an event: the one there is, or a
// new one. An init phase that fails is repeated within the invocation, as is the init
// after a crash: Lambda calls that a suppressed init. It counts towards the timeout.
func (h *Host) wake(inv *invocation) (*sandbox, error) {
	if s := h.sandbox.Load(); s != nil && s.alive() {
		h.thaw(s)
		return s, nil
	}
	h.retire(failing)
	if !h.inited {
		s, err := h.initPhase(h.ctx)
		if f := (*failure)(nil); !errors.As(err, &f) {
			return s, err
		}
	}
	inv.startClock(&h.cfg)
	ctx, cancel := context.WithDeadlineCause(h.ctx, inv.limit, timedOut(h.cfg.Timeout))
	defer cancel()
	return h.start(ctx)
}

// initPhase starts a sandbox outside of any invocation, under init's own limit.
func (h *Host) initPhase(ctx context.Context) (*sandbox, error) {
	h.inited = true
	ctx, cancel := context.WithTimeoutCause(ctx, h.cfg.InitTimeout, initTimedOut(h.cfg.InitTimeout))
	defer cancel()
	return h.start(ctx)
}

// start makes a new sandbox the environment's own when its init has succeeded.
func (h *Host) start(ctx context.Context) (*sandbox, error) {
	s, err := newSandbox(&h.cfg, h.tmp)
	if err != nil {
		return nil, fmt.Errorf("lambdahost: listen for the Runtime API: %w", err)
	}
	err = s.start(ctx)
	if s.runtimeProcess() != nil {
		h.starts.Add(1)
	}
	if err != nil {
		s.shutdown(failing)
		return nil, err
	}
	h.sandbox.Store(s)
	return s, nil
}

// retire shuts the sandbox down, if there is one.
func (h *Host) retire(reason string) {
	if s := h.sandbox.Load(); s != nil {
		s.shutdown(reason)
		h.sandbox.Store(nil)
		h.frozen.Store(false)
	}
}

// serveAlone hands the invocation over and waits until the environment is idle again
// and frozen, or has to be reset. It returns what went wrong with the environment.
func (h *Host) serveAlone(s *sandbox, inv *invocation) error {
	inv.startClock(&h.cfg)
	ctx, cancel := context.WithDeadlineCause(h.ctx, inv.limit, timedOut(h.cfg.Timeout))
	defer cancel()
	err := s.pass(ctx, inv)
	if err == nil {
		err = s.await(ctx, s.idle)
	}
	switch {
	case err == nil:
		h.freeze(s)
	case h.ctx.Err() != nil: // Close shuts the sandbox down
	case ctx.Err() != nil:
		h.retire(timeout)
	default:
		h.retire(failing)
	}
	return err
}

// pass gives the event to the extensions and to the runtime and waits for the
// answer.
func (s *sandbox) pass(ctx context.Context, inv *invocation) error {
	select {
	case worker := <-s.workers:
		s.announce(inv)
		worker <- inv
	case <-s.failed:
		return s.failure
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-inv.answered:
		return nil
	case <-s.failed:
		return s.failure
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settle gives the invocation its outcome: the answer it has, or what err makes of
// it. A timeout overrules an answer, because the answer waits for the extensions.
func (h *Host) settle(inv *invocation, err error) {
	f := (*failure)(nil)
	switch {
	case err == nil:
	case !errors.As(err, &f):
		inv.abandon(err)
		return
	case f.errorType == ErrorTypeTimeout:
		inv.overrule(f.forRequest(inv.RequestID))
	default:
		inv.fail(f.forRequest(inv.RequestID))
	}
	inv.finish()
}

// runShared takes one invocation of Managed Instances beside others in the same
// process. A timeout fails the invocation alone: the process is left running.
func (h *Host) runShared(ctx context.Context, inv *invocation) {
	defer h.running.Done()
	s, worker, err := h.nextWorker(ctx)
	if err != nil {
		h.settle(inv, err)
		return
	}
	inv.startClock(&h.cfg)
	timer := time.NewTimer(h.cfg.Timeout)
	defer timer.Stop()
	worker <- inv
	select {
	case <-inv.answered:
	case <-s.failed:
		err = s.failure
	case <-timer.C:
		s.expire(inv)
		inv.fail(timedOut(h.cfg.Timeout).forRequest(inv.RequestID))
	case <-h.ctx.Done():
		err = ErrClosed
	}
	h.settle(inv, err)
}

// nextWorker waits until the function asks for an event, and starts a new sandbox
// where the last one failed.
func (h *Host) nextWorker(ctx context.Context) (*sandbox, chan<- *invocation, error) {
	for {
		s, err := h.sharedSandbox(ctx)
		if err != nil {
			return nil, nil, err
		}
		select {
		case worker := <-s.workers:
			return s, worker, nil
		case <-s.failed:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-h.ctx.Done():
			return nil, nil, ErrClosed
		}
	}
}

func (h *Host) sharedSandbox(ctx context.Context) (*sandbox, error) {
	if s := h.sandbox.Load(); s != nil && s.alive() {
		return s, nil
	}
	if err := h.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer h.passTurn()
	if s := h.sandbox.Load(); s != nil && s.alive() {
		return s, nil
	}
	h.retire(failing)
	return h.initPhase(h.ctx)
}
