//go:build linux

// Demo runs the function of examples/quickstart in a local Lambda against a fake AWS
// and shows what it asks of AWS as it happens: at its cold start, when it finds
// everything in memory, when values change, and when things go wrong. It needs Go
// and Linux, no AWS account and no server. "make demo" runs it.
//
// Nobody waits for a max age: between two invocations the local Lambda's clock is set
// ahead, so that it tells the function a later deadline. The function's own clocks do
// not notice. That is what an environment sees that was frozen for so long while its
// clocks stood still, and the library counts that time. Between invocations the
// process is really stopped.
//
// "Answered in" runs from the moment when the function gets the event to the first
// byte of its answer, or of its error. The handler's own work is to read a small file:
// what is more than the time of a hit was spent on waiting for AWS. The start of a
// process is not in it.
//
// Every line's claim is checked. If something goes differently the demo says what, and
// its exit status is not 0. It leaves nothing behind, also when it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	// With SIGPIPE among them a reader that leaves ("make demo | head") is an
	// interruption like others.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, newScreen(os.Stdout), scenes())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run plays the scenes with the cache, then the same ones without it, and compares.
func run(ctx context.Context, out *screen, scenes []scene) (err error) {
	dir, err := os.MkdirTemp("", "lambdacache-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	defer out.clear()

	cached, plain := filepath.Join(dir, "cached", "bootstrap"), filepath.Join(dir, "plain", "bootstrap")
	out.running("building, which takes a minute at the first time …")
	began := time.Now()
	if err := build(ctx, dir, cached, "../quickstart"); err != nil {
		return err
	}
	took := time.Since(began)
	if err := build(ctx, dir, plain, "plain"); err != nil {
		return err
	}
	out.intro(took)
	with, err := play(ctx, out, dir, cached, scenes)
	if err != nil {
		return err
	}
	without, err := replay(ctx, out, dir, plain, scenes)
	if err != nil {
		return fmt.Errorf("without the cache: %w", err)
	}
	out.summary(with, without)
	return nil
}

// play shows the scenes, each when its claims were found to be true.
func play(ctx context.Context, out *screen, dir, bootstrap string, scenes []scene) (t totals, err error) {
	st, err := newStage(dir, bootstrap)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	for i, s := range scenes {
		out.running(s.title + " …")
		if err := out.pause(ctx); err != nil {
			return t, err
		}
		o, err := st.play(ctx, s)
		if err == nil {
			err = s.check(st, o)
		}
		if err != nil {
			return t, fmt.Errorf("invocation %d, %q: %w", i+1, s.title, err)
		}
		t.add(o)
		out.line(i+1, s.title, o)
		if err := s.show(out, st, o); err != nil {
			return t, fmt.Errorf("after invocation %d, %q: %w", i+1, s.title, err)
		}
	}
	return t, nil
}

// replay plays the scenes with a function that answers the same, and shows nothing:
// what they claim holds for the cache alone.
func replay(ctx context.Context, out *screen, dir, bootstrap string, scenes []scene) (t totals, err error) {
	st, err := newStage(dir, bootstrap)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	for i, s := range scenes {
		out.running(fmt.Sprintf("the same without the cache, %d of %d …", i+1, len(scenes)))
		o, err := st.play(ctx, s)
		if err == nil {
			err = s.ends(o)
		}
		if err != nil {
			return t, fmt.Errorf("invocation %d: %w", i+1, err)
		}
		t.add(o)
	}
	return t, nil
}
