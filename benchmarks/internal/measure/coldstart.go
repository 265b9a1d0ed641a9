package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache/internal/lambdahost"
)

// functions are the programs of functions/ and of node/coldstart.mjs.
var functions = []Subject{
	{"aws-lambda-go alone, fetching nothing", "", "go", "nothing"},
	{"SDK by hand, hand-made configuration", "", "go", "hand"},
	{"lambdacache", "", "go", "ours"},
	{"SDK by hand, LoadDefaultConfig", "", "go", "loaddefault"},
	{"aws-secretsmanager-caching-go", "", "go", "secretscaching"},
	{"gocloud.dev runtimevar", "", "go", "runtimevar"},
	{"Powertools parameters (Node.js)", "", "node", "powertools"},
	{"middy ssm (Node.js)", "", "node", "middy"},
}

// coldStart is a new environment each time, from exec to the first response.
func coldStart() *Measurement {
	m := &Measurement{ID: "cold-start", Samples: 1, N: 1, open: openFunction}
	for _, s := range functions {
		s.Floor = functions[1].Name
		m.Subjects = append(m.Subjects, s)
	}
	return m
}

// function is a program in a local Lambda.
type function struct {
	lab       *Lab
	dir       string
	bootstrap string
	size      int64 // of the program; of a Node.js function, its modules
}

func openFunction(l *Lab, s Subject) (sampler, error) {
	dir, err := os.MkdirTemp("", "bench-peers-")
	if err != nil {
		return nil, err
	}
	f := &function{lab: l, dir: dir, bootstrap: filepath.Join(dir, "bootstrap")}
	if s.Peer == "node" {
		err = f.script(s.Measure)
	} else {
		err = f.build(s.Measure)
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	l.AWS.SSM.Put("/app/key", "a value")
	l.AWS.Secrets.PutString("prod/key", "a value")
	return f, nil
}

// build builds a function as one builds it for Lambda.
func (f *function) build(name string) error {
	const pkg = "github.com/lambda-cache/lambdacache/benchmarks/functions/"
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", f.bootstrap, pkg+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	info, err := os.Stat(f.bootstrap)
	if err != nil {
		return err
	}
	f.size = info.Size()
	return nil
}

// script starts Node.js with what is installed for it.
func (f *function) script(name string) error {
	node, err := exec.LookPath("node")
	if err != nil {
		return err
	}
	main, err := filepath.Abs(filepath.Join(f.lab.NodeDir, "coldstart.mjs"))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' '%s' %s\n", node, main, name)
	if err := os.WriteFile(f.bootstrap, []byte(text), 0o700); err != nil { //nolint:gosec // a program
		return err
	}
	return filepath.WalkDir(filepath.Join(f.lab.NodeDir, "node_modules"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			f.size += info.Size()
		}
		return err
	})
}

func (f *function) sample(ctx context.Context, _ *Measurement) (s sample, err error) {
	env := make(map[string]string)
	for _, kv := range f.lab.AWS.Env() {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = value
	}
	var stderr bytes.Buffer
	host, err := lambdahost.New(lambdahost.Config{Bootstrap: f.bootstrap, Env: env, Stderr: &stderr, Timeout: 10 * time.Second})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	f.lab.AWS.ResetCounts()
	start := time.Now()
	r, err := host.Invoke(ctx, []byte("{}"))
	s.ns = float64(time.Since(start))
	if err != nil {
		return s, err
	}
	if r.Error != nil {
		return s, fmt.Errorf("%w; it printed %s", r.Error, &stderr)
	}
	if string(r.Payload) != "7" {
		return s, fmt.Errorf("answered %s, want 7", r.Payload)
	}
	p, err := host.Process()
	if err != nil {
		return s, err
	}
	s.rss, s.binary = p.PeakRSS, f.size
	s.calls, s.connections = f.lab.AWS.Calls(""), f.lab.AWS.Connections()
	return s, nil
}

func (f *function) close() error { return os.RemoveAll(f.dir) }
