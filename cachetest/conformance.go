package cachetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/leaks"
)

// Subject is a source as the conformance suite sees it: how to declare entries, and
// how to arrange what the service holds. The suite does not care which service that
// is: the fake of this package, another server, the real one.
type Subject struct {
	// Text declares an entry for a key that is decoded as text, and Document one that
	// is decoded as JSON; nil if the source decodes nothing.
	Text     func(key string, opts ...lambdacache.Option) *lambdacache.Entry[string]
	Document func(key string, opts ...lambdacache.Option) *lambdacache.Entry[Document]

	// Family declares a family of such entries, whose keys are those that Key makes; nil
	// if the source has no families.
	Family func(opts ...lambdacache.Option) TextFamily

	// Key makes a key of a word, and must not make two alike: "/suite/" + word.
	Key func(word string) string
	// Put makes value what the service holds for key; Remove makes the key unknown.
	Put    func(t testing.TB, key, value string)
	Remove func(t testing.TB, key string)

	// MaxKeys is the most keys of one call, 1 if there is no such call. A load of a
	// single key costs one call in any case.
	MaxKeys int
	// Conditional says that the source knows when a value is unchanged.
	Conditional bool
	// Sessions says that the source asks through a session for each key, which costs a
	// call more when it is opened: by the first load of the key, and by a load that
	// comes before the session may be asked again. A minute later it may.
	Sessions bool
	// Absent is what the load of a key fails with that is not there, ErrNotFound if it is
	// nil; ErrDecode where the service answers with nothing instead.
	Absent error

	// Elsewhere are other origins of the same keys, such as another Region or account; nil
	// if the source has one only.
	Elsewhere []Elsewhere

	// NoAction says that a denial names no IAM action, because the service is not AWS's.
	NoAction bool

	// Deny takes the permission to read a key, and Throttle makes every request fail
	// so, until the returned function is called. Hold stops requests until the
	// returned function lets them go; wait returns when n have come. They are nil where
	// the service cannot be told to.
	Deny     func(t testing.TB, key string) (allow func())
	Throttle func(t testing.TB) (heal func())
	Hold     func(t testing.TB) (wait func(n int), release func())
	// Calls counts the requests that the service has answered, nil if it does not
	// tell. The suite counts what the source reports in any case.
	Calls func() int
}

// Elsewhere is another origin of a source.
type Elsewhere struct {
	// Text declares an entry for a key there.
	Text func(key string, opts ...lambdacache.Option) *lambdacache.Entry[string]

	// Put and Remove change what the service holds for key there; they are nil where it
	// holds the same everywhere, as S3 does.
	Put    func(t testing.TB, key, value string)
	Remove func(t testing.TB, key string)
}

// Document is what the suite's JSON values decode into.
type Document struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Conformance runs the suite that every source must pass: max age, sharing, batching,
// identity, not found, denied, throttled, unchanged, undecodable, cancelled and
// concurrent loads, families, and that no value is shown by an error or event. It makes the
// time and the state of the process its own: see [NewClock] and [Reset].
func Conformance(t *testing.T, s Subject) {
	for _, c := range []struct {
		name string
		test func(*suite)
	}{
		{"a load, hits, a change seen after the max age", (*suite).maxAge},
		{"keys that are due share calls", (*suite).batching},
		{"entries of one key share a load", (*suite).identity},
		{"a key that is elsewhere too", (*suite).elsewhere},
		{"a handler sees every value", (*suite).wrapped},
		{"a key that is not there", (*suite).notFound},
		{"a key that is removed", (*suite).removed},
		{"an unchanged value", (*suite).unchanged},
		{"a value that cannot be decoded", (*suite).undecodable},
		{"a denied key among others", (*suite).denied},
		{"a throttled source", (*suite).throttled},
		{"a caller who leaves", (*suite).cancelled},
		{"many callers at once", (*suite).concurrent},
		{"a family holds what was read last", (*suite).familyRoom},
		{"a family remembers misses", (*suite).familyMisses},
		{"a family read by many at once", (*suite).familyCrowd},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			c.test(newSuite(t, s))
		})
	}
}

// suite is one test of the suite.
type suite struct {
	Subject
	*testing.T
	clock *Clock

	mu     sync.Mutex
	events []lambdacache.Event
	shown  []string        // ways in which a value was shown to somebody
	there  map[string]bool // the keys that the service holds
	before int             // Calls at the last count
}

func newSuite(t *testing.T, subject Subject) *suite {
	Reset(t)
	s := &suite{Subject: subject, T: t, clock: NewClock(t), there: make(map[string]bool)}
	t.Cleanup(func() { // a server may be kept for another run
		for key := range s.there {
			s.Remove(t, key)
		}
	})
	if s.Calls != nil {
		s.before = s.Calls()
	}
	lambdacache.Observe(func(e lambdacache.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e) // and looked at later: a slow observer takes a load's time
	})
	t.Cleanup(s.nothingShown)
	return s
}

// keys makes n keys with values.
func (s *suite) keys(word string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = s.Key(fmt.Sprintf("%s%02d", word, i))
		s.set(keys[i], s.value(keys[i]))
	}
	return keys
}

// word is in every value, and found again in whatever shows four bytes of it in a row.
const word = "s3cr3t"

// number is in a document.
const number = "98765432109876543210"

var values = leaks.Pieces(word).And(leaks.Whole(number))

func (s *suite) value(key string) string { return word + " of " + key }

func (s *suite) set(key, value string) {
	s.Helper()
	s.there[key] = true
	s.Put(s, key, value)
}

func (s *suite) remove(key string) {
	s.Helper()
	delete(s.there, key)
	s.Remove(s, key)
}

func (s *suite) declare(keys []string) (list []lambdacache.Cached, entries []*lambdacache.Entry[string]) {
	for _, k := range keys {
		e := s.Text(k)
		list, entries = append(list, e), append(entries, e)
	}
	return list, entries
}

func (s *suite) get(e *lambdacache.Entry[string], want string) {
	s.Helper()
	got, err := e.Get(s.Context())
	if err != nil {
		s.Fatalf("Get: %s", s.told(err))
	}
	if got != want {
		s.Fatalf("the entry %q has not the value it should have", e.Name())
	}
}

// fails notes an error's text, which must name its source's key.
func (s *suite) fails(err error, key string) {
	s.Helper()
	if err == nil {
		s.Fatal("no error")
	}
	s.mu.Lock()
	s.note("an error", err)
	s.mu.Unlock()
	if !strings.Contains(err.Error(), key) {
		s.Errorf("the error does not name %q: %s", key, s.told(err))
	}
}

// calls is how many calls were made since the last time it was asked, as the source
// reports them and as the service counts them.
func (s *suite) calls(want int, what string) {
	s.Helper()
	s.mu.Lock()
	reported := 0
	for _, e := range s.taken() {
		reported += e.Calls
	}
	s.mu.Unlock()
	if reported != want {
		s.Errorf("%s: the source reports %d calls, want %d", what, reported, want)
	}
	if s.Calls != nil {
		now := s.Calls()
		if now-s.before != want {
			s.Errorf("%s: the service counts %d calls, want %d", what, now-s.before, want)
		}
		s.before = now
	}
}

// forget starts the count of calls anew.
func (s *suite) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken()
	if s.Calls != nil {
		s.before = s.Calls()
	}
}

// taken gives the events since it was called last, and looks for values in them: in
// every way in the first that went well of a kind and in all that did not, in the plain
// ones in the others, which are hundreds. s.mu is held.
func (s *suite) taken() []lambdacache.Event {
	events := s.events
	s.events = nil
	seen := make(map[lambdacache.EventKind]bool)
	for _, e := range events {
		if e.Err == nil && seen[e.Kind] {
			if values.In(fmt.Sprintf("%+v", e)) != "" {
				s.shown = append(s.shown, "an event")
			}
			continue
		}
		seen[e.Kind] = true
		s.note("an event", e)
		s.note("the error of an event", e.Err)
	}
	return events
}

func (s *suite) count(kind lambdacache.EventKind) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// note looks for values in all that can be made of v. s.mu is held.
func (s *suite) note(what string, v any) {
	if way := values.Shown(v); way != "" {
		s.shown = append(s.shown, what+": "+way)
	}
}

// nothingShown fails for each value that was shown.
func (s *suite) nothingShown() {
	lambdacache.Observe(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken()
	for _, way := range s.shown {
		s.Errorf("a value was shown by %s", way)
	}
}

// told is an error's text for the suite's own output, which must not show a value
// either.
func (s *suite) told(err error) string {
	text := fmt.Sprint(err)
	if values.In(text) != "" {
		return fmt.Sprintf("a %T that shows a value", err)
	}
	return text
}

// opened is what loads cost that open a session for each of n keys.
func (s *suite) opened(n int) int {
	if s.Sessions {
		return n
	}
	return 0
}

// batches is how many calls n keys cost.
func (s *suite) batches(n int) int { return (n + s.MaxKeys - 1) / s.MaxKeys }

// absent is the error of a key that is not there.
func (s *suite) absent(err error) {
	s.Helper()
	want := s.Absent
	if want == nil {
		want = lambdacache.ErrNotFound
	}
	if !errors.Is(err, want) {
		s.Errorf("not %q: %s", want, s.told(err))
	}
}

const minute = lambdacache.DefaultMaxAge + time.Nanosecond

func reversed(list []lambdacache.Cached) []lambdacache.Cached {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
