// Package testlab is what the tests of the sources for AWS services have in common: a
// fake AWS with a clock and the events of one test, and the search for values that are
// shown. Each package keeps names of its own for it, beside what only its tests need.
package testlab

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Lab is a fake AWS, a clock and the events of one test.
type Lab struct {
	*cachetest.AWS
	Clock *cachetest.Clock

	t      testing.TB
	mu     sync.Mutex
	events []lambdacache.Event
}

// New makes the lab of a test. No event may show the [Secret].
func New(t testing.TB) *Lab {
	t.Helper()
	Landed() // of the test before
	l := &Lab{AWS: cachetest.NewAWS(t), t: t}
	cachetest.Reset(t)
	l.Clock = cachetest.NewClock(t)
	lambdacache.Observe(func(e lambdacache.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.events = append(l.events, e)
		Hidden(t, e.Err)
	})
	return l
}

// Start gives a fake AWS that stands in for AWS in examples, which have no test to end
// with.
func Start() (fake *cachetest.AWS, stop func()) {
	fake, err := cachetest.StartAWS()
	if err != nil {
		panic(err)
	}
	testhook.Reset()
	for _, kv := range fake.Env() {
		name, value, _ := strings.Cut(kv, "=")
		os.Setenv(name, value)
	}
	return fake, func() { testhook.Reset(); fake.Close() }
}

// Of gives the events of a kind.
func (l *Lab) Of(kind lambdacache.EventKind) (events []lambdacache.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == kind {
			events = append(events, e)
		}
	}
	return events
}

// Told is how many calls the events have told of, and forgets the events.
func (l *Lab) Told() (calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		calls += e.Calls
	}
	l.events = nil
	return calls
}

// Due makes every entry of the default max age due.
func (l *Lab) Due() { l.Clock.Advance(lambdacache.DefaultMaxAge) }

// Prefetch loads what is due, which must succeed.
func (l *Lab) Prefetch(list ...lambdacache.Cached) {
	l.t.Helper()
	if err := lambdacache.Prefetch(l.t.Context(), list...); err != nil {
		l.t.Fatal(err)
	}
}

// Asked is what each request of the test asked for: "GetParameters a,b".
func (l *Lab) Asked() (calls []string) {
	for _, r := range l.Requests() {
		calls = append(calls, r.Operation+" "+strings.Join(slices.Sorted(slices.Values(r.Keys)), ","))
	}
	return calls
}
