package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// scripted is a source that counts, fails on demand and can be held.
type scripted struct {
	max     int
	latency time.Duration // of every call

	mu     sync.Mutex
	values map[string]string         // what the service has
	fail   func(keys []string) error // a failure of a whole call
	tweak  func(*lc.Result[string])  // changes every answer
	gate   chan struct{}             // a call waits until it can receive
	calls  [][]string                // the keys of each call
	now    map[string]int            // loads of a key in flight
	most   int                       // the most of one key at once
	asked  chan string               // receives "call" when a call starts, if not nil
	reqs   []lc.Request
}

func newScripted(max int, values map[string]string) *scripted {
	return &scripted{max: max, values: values, now: make(map[string]int)}
}

func (s *scripted) MaxKeys() int { return s.max }

func (s *scripted) Load(ctx context.Context, reqs []lc.Request) []lc.Result[string] {
	var keys []string
	for _, r := range reqs {
		keys = append(keys, r.Key)
	}
	s.mu.Lock()
	s.calls = append(s.calls, keys)
	s.reqs = append(s.reqs, reqs...)
	for _, k := range keys {
		s.now[k]++
		s.most = max(s.most, s.now[k])
	}
	gate, asked := s.gate, s.asked
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, k := range keys {
			s.now[k]--
		}
	}()
	if asked != nil {
		asked <- strings.Join(keys, ",")
	}
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return s.answer(reqs, ctx.Err())
		}
	}
	if s.latency > 0 {
		<-time.After(s.latency)
	}
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		if err := fail(keys); err != nil {
			return s.answer(reqs, err)
		}
	}
	return s.answer(reqs, nil)
}

func (s *scripted) answer(reqs []lc.Request, err error) []lc.Result[string] {
	s.mu.Lock()
	defer s.mu.Unlock()
	results := make([]lc.Result[string], len(reqs))
	for i, r := range reqs {
		value, ok := s.values[r.Key]
		switch {
		case err != nil:
			results[i].Err = err
		case !ok:
			results[i].Err = lc.NotFound(errors.New("NoSuchThing"))
		default:
			results[i] = lc.Result[string]{Value: value, Version: "v:" + value, Unchanged: r.Have == "v:"+value}
		}
		if s.tweak != nil {
			s.tweak(&results[i])
		}
	}
	return results
}

func (s *scripted) set(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
}

func (s *scripted) failing(f func(keys []string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// took gives the calls since the last time it was asked.
func (s *scripted) took() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

// single is scripted with a second operation for one key.
type single struct {
	*scripted
	one func(key string) error
}

func (s *single) LoadOne(_ context.Context, req lc.Request) lc.Result[string] {
	s.mu.Lock()
	s.calls = append(s.calls, []string{"one", req.Key})
	s.mu.Unlock()
	return s.answer([]lc.Request{req}, s.one(req.Key))[0]
}

func declare(o *lc.Origin[string], key string, opts ...lc.Option) *lc.Entry[string] {
	return lc.Declare(o, key, "", func(s string) (string, error) { return s, nil }, opts...)
}

func declareAll(o *lc.Origin[string], keys []string, opts ...lc.Option) (all []lc.Cached) {
	for _, k := range keys {
		all = append(all, declare(o, k, opts...))
	}
	return all
}

// many gives n keys "k00", "k01", … with values.
func many(n int) (keys []string, values map[string]string) {
	values = make(map[string]string)
	for i := range n {
		k := fmt.Sprintf("/app/k%02d", i)
		keys = append(keys, k)
		values[k] = "value of " + k
	}
	return keys, values
}

// times is a clock whose two guest clocks are two numbers; the host's time is in the
// deadlines.
type times struct {
	mu         sync.Mutex
	mono, wall time.Duration
}

func newTimes(t *testing.T) *times {
	c := &times{mono: time.Hour, wall: 500 * 24 * time.Hour}
	t.Cleanup(environment.Replace(environment.Function)) // deadlines tell the host's time there
	t.Cleanup(clock.Replace(func() (int64, int64) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return int64(c.mono), int64(c.wall)
	}))
	return c
}

func (c *times) pass(mono, wall time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mono += mono
	c.wall += wall
}

// both lets time pass as it should.
func (c *times) both(d time.Duration) { c.pass(d, d) }

// until is an invocation's context: a deadline by the host's clock, and no timer.
type until struct {
	context.Context
	deadline time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.deadline, true }

// hostTime is the host's clock at the start of a test, far in the future so that no
// real deadline has come.
var hostTime = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

func at(host time.Duration) context.Context {
	return until{context.Background(), hostTime.Add(host)}
}

// reading wraps a handler that reads e.
func reading[T any](e *lc.Entry[T], also ...lc.Cached) func(context.Context) (T, error) {
	h := lc.Wrap(func(ctx context.Context, _ struct{}) (T, error) { return e.Value(ctx), nil }, append(also, e)...)
	return func(ctx context.Context) (T, error) { return h(ctx, struct{}{}) }
}

// bubble is synctest.Test after the loads of the tests before: what is in flight is
// counted for the whole process, and a bubble does not wait for what is outside it.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	testlab.Landed()
	defer testhook.Patience(1)()
	synctest.Test(t, f)
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v does not say %q", err, text)
	}
}

func wantPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), text) {
			t.Errorf("panic %v does not say %q", r, text)
		}
	}()
	f()
}

func sorted(calls [][]string) string {
	var list []string
	for _, c := range calls {
		list = append(list, strings.Join(c, "+"))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
