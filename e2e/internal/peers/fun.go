package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Function is a Lambda function for [Fun] to run.
type Function struct {
	Dir     string            // holds an executable named bootstrap that speaks the Runtime API
	Env     map[string]string // added to Lambda's own variables; nothing else is passed on
	Timeout time.Duration     // sets the announced deadline, which fun does not enforce; 0 means 3 s
}

// FunHost runs a [Function] under @vercel/fun. An environment is stopped with
// SIGSTOP between invocations, one that crashed is replaced at the next, and
// invocations at once get an environment each. There is no Extensions API.
type FunHost struct {
	process *process
	done    chan struct{} // closed when the driver answers no more

	mu      sync.Mutex // guards what follows, and writes
	stdin   io.Writer
	lastID  int
	waiting map[int]chan funAnswer
}

// Answer is what an invocation returned.
type Answer struct {
	Payload []byte
	// FunctionError is "" for a result, "Handled" for the error a handler returned,
	// and "Unhandled" when the environment ended or could not start.
	FunctionError string
}

// Environment is one process that ran the function.
type Environment struct {
	PID   int  `json:"pid"`
	Ended bool `json:"ended"`
}

type funCommand struct {
	ID           int    `json:"id"`
	Invoke       string `json:"invoke"`
	Environments bool   `json:"environments,omitempty"`
}

type funAnswer struct {
	ID            int           `json:"id"`
	Payload       string        `json:"payload"`
	FunctionError string        `json:"functionError"`
	Environments  []Environment `json:"environments"`
	Error         string        `json:"error"`
}

// Fun starts a host for fn until the test ends. The first invocation starts the
// first environment.
func Fun(t testing.TB, fn Function) *FunHost {
	t.Helper()
	root := repository(t)
	modules := filepath.Join(root, ".tools", "node", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "@vercel", "fun")); err != nil {
		missing(t, "@vercel/fun", "fun")
	}
	cmd := exec.Command(program(t, "node", "fun"), filepath.Join(root, "e2e", "internal", "peers", "fun", "driver.js"))
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules, "XDG_CACHE_HOME="+t.TempDir())
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, answersEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{answersEnd} // descriptor 3

	h := &FunHost{stdin: stdin, done: make(chan struct{}), waiting: make(map[int]chan funAnswer)}
	h.process = start(t, cmd)
	_ = answersEnd.Close()
	go h.read(answers)
	t.Cleanup(func() { // runs before the cleanup of start, which kills whatever is left
		_ = stdin.Close()
		select {
		case <-h.done:
		case <-time.After(patience):
			t.Error("@vercel/fun did not end its environments")
		}
	})
	if err := h.configure(fn); err != nil {
		t.Fatalf("start @vercel/fun: %v", err)
	}
	return h
}

func (h *FunHost) configure(fn Function) error {
	if fn.Timeout == 0 {
		fn.Timeout = 3 * time.Second
	}
	env := maps.Clone(fn.Env)
	if env == nil {
		env = map[string]string{}
	}
	return json.NewEncoder(h.stdin).Encode(map[string]any{
		"dir": fn.Dir, "env": env, "timeoutMs": fn.Timeout.Milliseconds(),
	})
}

// Invoke runs the function once with payload, a JSON document, and waits for its
// answer. It may be called from several goroutines. An error is one of the host;
// the function's own is in the Answer. When Invoke returns, the environment has
// been told to stop; [FunHost.Frozen] waits until it has.
func (h *FunHost) Invoke(ctx context.Context, payload []byte) (Answer, error) {
	a, err := h.do(ctx, funCommand{Invoke: string(payload)})
	if err != nil {
		return Answer{}, fmt.Errorf("invoke: %w", err)
	}
	return Answer{Payload: []byte(a.Payload), FunctionError: a.FunctionError}, nil
}

// Environments lists every environment so far, in the order of their start.
func (h *FunHost) Environments(ctx context.Context) ([]Environment, error) {
	a, err := h.do(ctx, funCommand{Environments: true})
	if err != nil {
		return nil, fmt.Errorf("list environments: %w", err)
	}
	return a.Environments, nil
}

// Printed is what the environments and the host have printed so far.
func (h *FunHost) Printed() string { return h.process.printed() }

// do sends a command and waits for its answer.
func (h *FunHost) do(ctx context.Context, c funCommand) (funAnswer, error) {
	answer := make(chan funAnswer, 1)
	id, err := h.send(c, answer)
	if err != nil {
		return funAnswer{}, err
	}
	defer h.forget(id)
	select {
	case a := <-answer:
		if a.Error != "" {
			return funAnswer{}, errors.New(a.Error)
		}
		return a, nil
	case <-ctx.Done():
		return funAnswer{}, context.Cause(ctx)
	case <-h.done:
		return funAnswer{}, errors.New("the driver ended")
	}
}

func (h *FunHost) send(c funCommand, answer chan funAnswer) (id int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastID++
	c.ID = h.lastID
	h.waiting[c.ID] = answer
	return c.ID, json.NewEncoder(h.stdin).Encode(c)
}

func (h *FunHost) forget(id int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiting, id)
}

// read hands answers to those who wait for them until the driver ends.
func (h *FunHost) read(answers io.ReadCloser) {
	defer close(h.done)
	defer answers.Close()
	decoder := json.NewDecoder(bufio.NewReader(answers))
	for {
		var a funAnswer
		if err := decoder.Decode(&a); err != nil {
			return
		}
		h.mu.Lock()
		if waiting := h.waiting[a.ID]; waiting != nil {
			waiting <- a
		}
		h.mu.Unlock()
	}
}
