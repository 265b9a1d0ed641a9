//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/lambdahost"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

// function is one execution environment of a function, with the AWS it talks to.
type function struct {
	*lambdahost.Host
	aws   *cachetest.AWS
	said  *transcript
	ahead *atomic.Int64 // how far the host's clock is ahead of the function's, in ns
}

// change changes how a function is run.
type change func(*lambdahost.Config)

func maxAge(d time.Duration) change {
	return func(c *lambdahost.Config) { c.Env[guest.MaxAgeVariable] = d.String() }
}

func mode(name string) change {
	return func(c *lambdahost.Config) { c.Env[guest.ModeVariable] = name }
}

func timeout(d time.Duration) change {
	return func(c *lambdahost.Config) { c.Timeout = d }
}

// atOnce makes the environment one of Managed Instances.
func atOnce(n int) change {
	return func(c *lambdahost.Config) { c.MaxConcurrency = n }
}

// newFunction makes an environment for a function of folder functions. When the test
// ends so does the environment, and all that it said is searched.
func newFunction(t *testing.T, name string, aws *cachetest.AWS, changes ...change) *function {
	t.Helper()
	f := &function{aws: aws, said: new(transcript), ahead: new(atomic.Int64)}
	cfg := lambdahost.Config{
		Bootstrap: bootstrap(t, name),
		Env:       environment(aws),
		Timeout:   20 * time.Second,
		TmpDir:    t.TempDir(),
		Stdout:    f.said,
		Stderr:    f.said,
		Now:       func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load())) },
	}
	for _, c := range changes {
		c(&cfg)
	}
	var err error
	if f.Host, err = lambdahost.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Errorf("close the environment: %v", err)
		}
		if leaked := f.said.check(t, aws); t.Failed() && !leaked { // else it would leak here
			t.Logf("the function's log ends so:\n%s", f.said.tail())
		}
	})
	return f
}

// environment points a function at an AWS. A machine that stands still for a while is no
// service that does not answer.
func environment(aws *cachetest.AWS) map[string]string {
	env := map[string]string{guest.PatientVariable: "1"}
	for _, kv := range aws.Env() {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = value
	}
	return env
}

// try invokes the function with an event and gives its response.
func (f *function) try(t testing.TB, event any) *lambdahost.Response {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	f.note(r)
	return r
}

// begin starts an invocation that the test does not wait for.
func (f *function) begin(t testing.TB, event any) *lambdahost.Stream {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.InvokeStream(t.Context(), lambdahost.Event{Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outcome waits for an invocation that was begun.
func (f *function) outcome(t testing.TB, s *lambdahost.Stream) *lambdahost.Response {
	t.Helper()
	r, err := s.Response(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.note(r)
	return r
}

// note adds a response to all that is searched for values.
func (f *function) note(r *lambdahost.Response) {
	fmt.Fprintf(f.said, "response: %s\n", r.Payload)
	if r.Error != nil {
		fmt.Fprintf(f.said, "error: %v %s\n", r.Error, r.Error.Payload)
	}
}

// decoded is a response that must not be an error.
func decoded[R any](t testing.TB, r *lambdahost.Response) (out R) {
	t.Helper()
	if r.Error != nil {
		t.Fatalf("the invocation failed: %v", r.Error)
	}
	if err := json.Unmarshal(r.Payload, &out); err != nil {
		t.Fatalf("the response %s: %v", r.Payload, err)
	}
	return out
}

// invoke invokes the function and decodes its response.
func invoke[R any](t testing.TB, f *function, event any) R {
	t.Helper()
	return decoded[R](t, f.try(t, event))
}

// fails invokes the function, which must answer with an error of that type and all of
// those words.
func (f *function) fails(t testing.TB, event any, errorType string, words ...string) {
	t.Helper()
	failed(t, f.try(t, event), errorType, words...)
}

func failed(t testing.TB, r *lambdahost.Response, errorType string, words ...string) {
	t.Helper()
	if r.Error == nil {
		t.Fatalf("the invocation answers %s, want the error %s", r.Payload, errorType)
	}
	if r.Error.Type != errorType {
		t.Errorf("error type %s, want %s: %s", r.Error.Type, errorType, r.Error.Message)
	}
	for _, w := range words {
		if !strings.Contains(r.Error.Message, w) {
			t.Errorf("the error does not say %q: %s", w, r.Error.Message)
		}
	}
}

// stayFrozen waits until the environment has been frozen for d of real time. At each
// look every thread must stand still.
func (f *function) stayFrozen(t testing.TB, d time.Duration) {
	t.Helper()
	if !f.Frozen() {
		t.Fatal("the environment is not frozen")
	}
	before := f.inspect(t)
	end := time.Now().Add(d)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for now := range look.C {
		if p := f.inspect(t); !p.Stopped || p.PID != before.PID || p.CPU != before.CPU {
			t.Fatalf("the environment is not frozen: %+v, before %+v", p, before)
		}
		if now.After(end) {
			return
		}
	}
}

func (f *function) inspect(t testing.TB) lambdahost.Process {
	t.Helper()
	p, err := f.Process()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sleepUnseen lets d pass for the host, while all clocks of the function stand still:
// a frozen machine that did not notice. Only the next invocation's deadline tells.
func (f *function) sleepUnseen(t testing.TB, d time.Duration) {
	t.Helper()
	if !f.Frozen() {
		t.Fatal("the environment is not frozen")
	}
	f.ahead.Add(int64(d))
}
