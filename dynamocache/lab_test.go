package dynamocache_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
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

// table makes a table whose items have a partition key "pk".
func (l *lab) table(name string) { l.Dynamo.CreateTable(name, "pk") }

// put stores an item with one attribute, "v".
func (l *lab) put(table, pk, v string) { l.Dynamo.Put(table, map[string]any{"pk": pk, "v": v}) }

type value struct{ V string }

func item(table, pk string, opts ...lambdacache.Option) *lambdacache.Entry[value] {
	return dynamocache.Item[value](table, dynamocache.Key("pk", pk), opts...)
}

// items puts n items p00, p01, … into a table, and declares them.
func (l *lab) items(table string, n int, opts ...lambdacache.Option) (entries []*lambdacache.Entry[value], list []lambdacache.Cached) {
	for i := range n {
		pk := fmt.Sprintf("p%02d", i)
		l.put(table, pk, "value of "+pk)
		e := item(table, pk, opts...)
		entries, list = append(entries, e), append(list, e)
	}
	return entries, list
}

// prefetch loads what is due, which must succeed.
func (l *lab) prefetch(list ...lambdacache.Cached) {
	l.t.Helper()
	if err := lambdacache.Prefetch(l.t.Context(), list...); err != nil {
		l.t.Fatal(err)
	}
}

// asked is what each request of the test asked for: "GetItem t?pk=a".
func (l *lab) asked() (calls []string) {
	for _, r := range l.Requests() {
		calls = append(calls, r.Operation+" "+strings.Join(slices.Sorted(slices.Values(r.Keys)), ","))
	}
	return calls
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

// reading is a wrapped handler that reads e.
func reading[T any](e *lambdacache.Entry[T], also ...lambdacache.Cached) func(t *testing.T) T {
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (T, error) { return e.Value(ctx), nil }, append(also, e)...)
	return func(t *testing.T) T {
		t.Helper()
		v, err := h(t.Context(), struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
