//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// build compiles a function as for Lambda. What the compiler needs meanwhile is kept
// in dir, so that nothing stays behind when it is interrupted.
func build(ctx context.Context, dir, bootstrap, source string) error {
	if _, err := os.Stat(filepath.Join(source, "main.go")); err != nil {
		return fmt.Errorf("run the demo in its own folder, as make demo does: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", bootstrap, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOTMPDIR="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	output, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("build %s: %w\n%s", source, err, output)
	}
	return nil
}
