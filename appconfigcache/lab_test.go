package appconfigcache_test

import (
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// lab is a fake AWS, a clock and the events of one test.
type lab struct {
	*testlab.Lab
	t     *testing.T
	clock *cachetest.Clock
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := testlab.New(t)
	return &lab{l, t, l.Clock}
}

// The names that the tests of this package have for what is in testlab.
func (l *lab) of(kind lambdacache.EventKind) []lambdacache.Event { return l.Of(kind) }
func (l *lab) due()                                              { l.Due() }
func (l *lab) told() int                                         { return l.Told() }

const secret = testlab.Secret

func get[T any](t *testing.T, e *lambdacache.Entry[T]) T { t.Helper(); return testlab.Get(t, e) }

func fails[T any](t *testing.T, e *lambdacache.Entry[T], texts ...string) error {
	t.Helper()
	return testlab.Fails(t, e, texts...)
}

func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	testlab.WantError(t, err, texts...)
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	testlab.Want(t, what, got, want)
}

func wantPanic(t *testing.T, text string, f func()) { t.Helper(); testlab.WantPanic(t, text, f) }

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

// costs compares the calls since the last time with what a load should cost.
func (l *lab) costs(what, calls string) {
	l.t.Helper()
	want(l.t, what, l.asked(), calls)
	want(l.t, what+": the calls that events tell", l.told(), len(strings.Fields(calls)))
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
