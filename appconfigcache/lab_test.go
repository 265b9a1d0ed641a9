package appconfigcache_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// lab is a fake AWS, a clock and the events of one test.
type lab struct {
	*cachetest.AWS
	t     *testing.T
	clock *cachetest.Clock

	mu     sync.Mutex
	events []lambdacache.Event
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{AWS: cachetest.NewAWS(t), t: t}
	cachetest.Reset(t)
	l.clock = cachetest.NewClock(t)
	lambdacache.Observe(func(e lambdacache.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.events = append(l.events, e)
		hidden(t, e.Err)
	})
	return l
}

// of gives the events of a kind.
func (l *lab) of(kind lambdacache.EventKind) (events []lambdacache.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == kind {
			events = append(events, e)
		}
	}
	return events
}

// due makes every entry of the default max age due.
func (l *lab) due() { l.clock.Advance(lambdacache.DefaultMaxAge) }

// profile is the test's own: an entry feeds on its key as long as the process lives, and
// a max age of 0 of one counts for all.
func (l *lab) profile() string { return strings.ReplaceAll(l.t.Name(), "/", "-") }

// put deploys the profile.
func (l *lab) put(body string) { l.AppConfig.Put("app", "prod", l.profile(), body) }

// text declares an entry for it.
func (l *lab) text(opts ...lambdacache.Option) *lambdacache.Entry[string] {
	return appconfigcache.Configuration[string]("app", "prod", l.profile(), opts...)
}

// asked is what each request of the test was for, since the last time: "start" or "get".
func (l *lab) asked() string {
	var calls []string
	for _, r := range l.Requests() {
		calls = append(calls, map[string]string{"StartConfigurationSession": "start", "GetLatestConfiguration": "get"}[r.Operation])
	}
	l.ResetCounts()
	return strings.Join(calls, " ")
}

// told is the calls that the events have told of, since the last time.
func (l *lab) told() (calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		calls += e.Calls
	}
	l.events = nil
	return calls
}

// costs compares the calls since the last time with what a load should cost.
func (l *lab) costs(what, calls string) {
	l.t.Helper()
	want(l.t, what, l.asked(), calls)
	want(l.t, what+": the calls that events tell", l.told(), len(strings.Fields(calls)))
}

// get reads an entry that must have a value.
func get[T any](t *testing.T, e *lambdacache.Entry[T]) T {
	t.Helper()
	v, err := e.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fails reads an entry that must not have a value, and looks for texts in its error.
func fails[T any](t *testing.T, e *lambdacache.Entry[T], texts ...string) error {
	t.Helper()
	_, err := e.Get(t.Context())
	wantError(t, err, texts...)
	return err
}

func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error: %v", text, err)
		}
	}
	hidden(t, err)
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); got != text {
			t.Errorf("panic\n%s\nwant\n%s", got, text)
		}
	}()
	f()
}

// secret is in every value that must not be shown.
const secret = "s3cr3t"

// hidden searches an error, and all that it wraps, for a secret.
func hidden(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err); strings.Contains(text, secret) {
		t.Errorf("a %T shows a value", err)
	}
	switch e := err.(type) { // every link of the chain is looked at
	case interface{ Unwrap() error }:
		hidden(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			hidden(t, err)
		}
	}
}

// refresh reads an entry of the source, which must work.
func refresh[T any](t *testing.T, e *lambdacache.Entry[T]) T {
	t.Helper()
	v, err := e.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}
