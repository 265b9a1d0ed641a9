//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// scene is one invocation: what happens before it, and what it claims.
type scene struct {
	title  string             // at most titleWidth characters
	later  time.Duration      // so long the environment was frozen
	before func(*stage) error // what happens to the world meanwhile; nil for nothing

	calls map[string]int // the operations it takes, and no others; nil for none
	key   string         // the parameter it sees
	db    string         // the secret it sees, by the host in it
	error string         // the error it ends with instead

	after func(*stage, outcome) error  // what else has to be true; nil for nothing
	look  func(*stage) (string, error) // something to see afterwards; nil for nothing
}

const justDue = 61 * time.Second // the max age is 60 s where the function says nothing

// scenes is the demo's plot. The function's entries are two parameters (60 s and
// 5 minutes), a secret (60 s) and an object (an hour).
func scenes() []scene {
	everything := map[string]int{"GetParameters": 1, "GetSecretValue": 1, "GetObject": 1}
	return []scene{
		{title: "cold start: 4 entries loaded side by side", calls: everything, key: "v1", db: "db-1", after: sideBySide},
		{title: "again: everything is in memory", key: "v1", db: "db-1"},
		{title: "again", key: "v1", db: "db-1", look: frozen},
		{
			title:  "parameter set to v2, 60 s not over: still v1",
			before: func(s *stage) error { s.aws.SSM.Put(parameter, "v2"); return nil },
			key:    "v1", db: "db-1",
		},
		{
			title: "61 s later: v2 is seen; the secret was due too", later: justDue,
			calls: map[string]int{"GetParameters": 1, "GetSecretValue": 1}, key: "v2", db: "db-1",
		},
		{title: "again: everything is in memory", key: "v2", db: "db-1"},
		{
			title: "secret rotated, 61 s later: the new one is seen", later: justDue,
			before: func(s *stage) error { s.putSecret("db-2"); return nil },
			calls:  map[string]int{"GetParameters": 1, "GetSecretValue": 1}, key: "v2", db: "db-2",
		},
		{
			title: "an hour later: all due, the object unchanged", later: time.Hour,
			calls: everything, key: "v2", db: "db-2", after: notDownloaded,
		},
		{
			title: "61 s later, SSM throttles: tried 3 times, fails", later: justDue,
			before: func(s *stage) error {
				s.heal = s.aws.Fail(cachetest.Fault{Key: parameter, Do: cachetest.Throttle()})
				return nil
			},
			calls: map[string]int{"GetParameters": 3, "GetSecretValue": 1}, error: "LoadError",
		},
		{
			title:  "SSM answers again: only what failed is loaded",
			before: func(s *stage) error { s.heal(); return nil },
			calls:  map[string]int{"GetParameters": 1}, key: "v2", db: "db-2",
		},
		{title: "again: everything is in memory", key: "v2", db: "db-2"},
		{
			title: "process killed: cold start again, /tmp kept", before: crash,
			calls: everything, key: "v2", db: "db-2", after: startedAgain,
		},
		{title: "again: everything is in memory", key: "v2", db: "db-2"},
	}
}

// check compares an invocation with what its scene claims.
func (s scene) check(st *stage, o outcome) error {
	if err := s.ends(o); err != nil {
		return err
	}
	if !maps.Equal(o.calls, s.calls) {
		return fmt.Errorf("it made the calls %v, not %v", o.calls, s.calls)
	}
	switch {
	case s.error == "":
		want := response{Answer: "you asked: " + question, Key: s.key, Hosts: hosts, DBHost: s.db, Model: modelSize}
		if err := o.answered(want); err != nil {
			return err
		}
	case o.err.Type != s.error:
		return fmt.Errorf("it failed, but not with a %s: %w", s.error, o.err)
	}
	if s.after != nil {
		return s.after(st, o)
	}
	return nil
}

// ends checks that the invocation was answered, or failed, as the scene has it.
func (s scene) ends(o outcome) error {
	switch {
	case s.error == "" && o.err != nil:
		return fmt.Errorf("it failed: %w", o.err)
	case s.error != "" && o.err == nil:
		return errors.New("it did not fail")
	}
	return nil
}

// show adds to the scene's line what there is to see.
func (s scene) show(out *screen, st *stage, o outcome) error {
	if o.err != nil {
		message, _, _ := strings.Cut(o.err.Error(), "; request id")
		out.note(message)
	}
	if s.look == nil {
		return nil
	}
	seen, err := s.look(st)
	if err == nil {
		out.note(seen)
	}
	return err
}

// sideBySide demands that calls were in progress at the same time. It does not insist
// on all of them: on a busy machine one may begin when another has been answered.
func sideBySide(_ *stage, o outcome) error {
	if o.atOnce < 2 {
		return errors.New("its calls were made one after the other")
	}
	return nil
}

func notDownloaded(_ *stage, o outcome) error {
	if status := o.status["GetObject"]; status != 304 {
		return fmt.Errorf("GetObject was answered with status %d, not with 304 and no body", status)
	}
	return nil
}

// frozen looks at the process between two invocations.
func frozen(s *stage) (string, error) {
	p, err := s.host.Process()
	if err != nil {
		return "", err
	}
	if !p.Stopped || !s.host.Frozen() {
		return "", errors.New("the process is not stopped")
	}
	return fmt.Sprintf("frozen until the next event: /proc says that all %d threads are stopped", p.Threads), nil
}

const keepsake = "kept"

// crash leaves something in the environment's /tmp and kills the process.
func crash(s *stage) error {
	err := os.WriteFile(filepath.Join(s.host.TmpDir(), keepsake), nil, 0o600)
	s.host.Kill()
	return err
}

func startedAgain(s *stage, o outcome) error {
	if !o.cold || s.host.Starts() != 2 {
		return errors.New("it was not the first invocation of a second process")
	}
	_, err := os.Stat(filepath.Join(s.host.TmpDir(), keepsake))
	return err
}
