package appconfigcache_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// One session serves every load of the process, and moves a body only when there is
// another.
func TestOneSessionAcrossInvocations(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	h := lambdacache.Wrap(func(ctx context.Context, _ int) (string, error) { return e.Value(ctx), nil }, e)
	for i, step := range []struct{ put, want, calls string }{
		{"", "v1", "start get"}, {"", "v1", "get"}, {"v2", "v2", "get"}, {"", "v2", "get"}, {"v2", "v2", "get"}, {"v3", "v3", "get"},
	} {
		if step.put != "" {
			l.put(step.put)
		}
		for range 3 {
			got, err := h(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "value", got, step.want)
		}
		l.costs("the invocations", step.calls)
		l.due()
	}
	want(t, "loads", e.Stats().Loads, 3) // v2 deployed again is no other version
	want(t, "unchanged", e.Stats().Unchanged, 3)
}

// Every token is used once, whoever asks and how many.
func TestNoTokenIsUsedTwice(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text(lambdacache.MaxAge(0))
	for range 5 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := e.Get(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := e.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		l.clock.Advance(time.Minute)
	}
	for _, r := range l.Requests() {
		want(t, "status of a "+r.Operation, r.Status/100, 2)
	}
}

// A max age below the poll interval cannot be kept.
func TestPollIntervalIsALowerLimit(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text(lambdacache.MaxAge(time.Second))
	get(t, e)
	l.put("v2")
	l.clock.Advance(15*time.Second - 1)
	want(t, "before the interval is over", get(t, e), "v1")
	l.clock.Advance(1)
	want(t, "after it", get(t, e), "v2")
	l.costs("both", "start get get")

	l.AppConfig.PollInterval(2 * time.Minute) // the service's own wins
	l.put("v3")
	l.clock.Advance(15 * time.Second)
	want(t, "before", get(t, e), "v3")
	l.put("v4")
	l.clock.Advance(2*time.Minute - 1)
	want(t, "before the service's interval is over", get(t, e), "v3")
	l.clock.Advance(1)
	want(t, "after it", get(t, e), "v4")
	l.costs("both", "get get")
}

// The service counts from its answer, however long that took.
func TestPollIntervalBeginsWithTheAnswer(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text(lambdacache.MaxAge(time.Second))
	l.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Times: 1, Do: cachetest.AtByte(0, func() { l.clock.Advance(10 * time.Second) })})
	get(t, e)
	l.clock.Advance(15*time.Second - 1)
	get(t, e)
	l.costs("before the interval is over", "start get")
	l.clock.Advance(1)
	get(t, e)
	l.costs("after it", "get")
}

// Who insists does not wait for the poll interval: a new session is a new client.
func TestNewSessionWithinThePollInterval(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	get(t, e)
	l.asked()
	l.told()

	l.put("v2")
	want(t, "Refresh", refresh(t, e), "v2")
	l.costs("Refresh", "start get")
	want(t, "Refresh of the same", refresh(t, e), "v2")
	l.costs("Refresh of the same", "start get")
	want(t, "unchanged", e.Stats().Unchanged, 1)

	l.put("v3")
	lambdacache.Invalidate(e)
	want(t, "after Invalidate", get(t, e), "v3")
	l.costs("after Invalidate", "start get")

	l.put("v4")
	late := l.text(lambdacache.Name("late"))
	want(t, "an entry declared late", get(t, late), "v4")
	l.costs("an entry declared late", "start get")
	want(t, "versions", late.Version(), e.Version())

	l.clock.Advance(15 * time.Second)
	l.put("v5")
	want(t, "Refresh after the interval", refresh(t, e), "v5")
	l.costs("Refresh after the interval", "get")
}

// "Unchanged" is about what the session has given: who holds nothing gets that.
func TestUnchangedForWhoHoldsNothing(t *testing.T) {
	l := newLab(t)
	l.AppConfig.Deploy("app", "prod", l.profile(), "v1", cachetest.AppConfigVersion{Label: "one"})
	e := l.text()
	get(t, e)
	version := e.Version()
	l.clock.Advance(time.Hour)
	lambdacache.Invalidate(e)
	want(t, "version of nothing", e.Version(), "")
	l.asked()
	want(t, "after Invalidate", get(t, e), "v1")
	want(t, "version", e.Version(), version)
	want(t, "calls", l.asked(), "get")

	l.clock.Advance(time.Hour)
	late := appconfigcache.Configuration[[]byte]("app", "prod", l.profile())
	want(t, "an entry declared late", string(get(t, late)), "v1")
	want(t, "calls", l.asked(), "get")
	want(t, "version", late.Version(), version)
}

// A body that could not be decoded is the newest all the same: "unchanged" does not make
// the one before it so.
func TestUnchangedAfterABodyThatDoesNotDecode(t *testing.T) {
	l := newLab(t)
	l.put("1")
	number, plain := appconfigcache.Configuration[int]("app", "prod", l.profile()), l.text()
	want(t, "number", get(t, number), 1)
	version := number.Version()
	l.put(secret)
	l.asked()
	l.told()
	for _, pause := range []time.Duration{time.Minute, time.Minute, time.Second, 25 * time.Hour, time.Minute} {
		l.clock.Advance(pause)
		fails(t, number, "cannot decode", "app/prod/"+l.profile())
		want(t, "version", number.Version(), version)
	}
	// Within the poll interval the session is asked, and refuses.
	l.costs("the loads", "get get get start get get")
	want(t, "whom it suits", get(t, plain), secret)
	if _, err := number.Refresh(t.Context()); err == nil {
		t.Error("Refresh gives the old number")
	}
	l.put("2")
	want(t, "mended, refreshed", refresh(t, number), 2)
}

func TestSessionThatIsLost(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	get(t, e)
	for _, step := range []struct {
		what, calls string
		lose        func()
	}{
		{"tokens unknown", "get start get", l.AppConfig.LoseSessions},
		{"24 hours", "start get", func() { l.clock.Advance(24*time.Hour - time.Minute) }},
		{"24 hours of the wall clock", "start get", func() { l.clock.Freeze(24 * time.Hour) }},
		{"a wall clock stepped forward and back", "get", func() { l.clock.StepWall(time.Hour); l.clock.StepWall(-time.Hour) }},
	} {
		step.lose()
		l.due()
		l.asked()
		l.told()
		want(t, step.what, get(t, e), "v1")
		l.costs(step.what, step.calls)
	}
	want(t, "unchanged", e.Stats().Unchanged, 4) // another session, the same body
}

// An answer that did not arrive has used the token, and told the service of a version
// that nobody has.
func TestLostAnswer(t *testing.T) {
	for name, lose := range map[string]cachetest.Effect{
		"no answer": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(nowhere{w.Header()}, r)
				panic(http.ErrAbortHandler)
			})
		},
		"a part of it": cachetest.TruncateBody(1),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.put("v1")
			e := l.text()
			l.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Times: 1, Do: lose})
			want(t, "first value", get(t, e), "v1")
			want(t, "calls", l.asked(), "start get get start get") // the SDK tries again with the token
			l.put("v2")
			l.due()
			l.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Times: 1, Do: lose})
			want(t, "value", get(t, e), "v2")
			want(t, "calls", l.asked(), "get get start get")
		})
	}
}

// By our clock the interval is over, by the service's it is not: an answer may have been
// lost meanwhile, so "too early" is no "unchanged".
func TestTooEarlyByTheServiceOnly(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	get(t, e)
	l.put("v2")
	l.due()
	l.asked()
	l.Fail(cachetest.Fault{Times: 1, Do: func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-ErrorType", "BadRequestException")
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"Message":"early","Reason":"InvalidParameters","Details":{"InvalidParameters":{"ConfigurationToken":{"Problem":"PollIntervalNotSatisfied"}}}}`)
		})
	}})
	want(t, "value", get(t, e), "v2")
	want(t, "calls", l.asked(), "get start get")
}

// nowhere loses an answer.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// What the session refuses twice is an error, not a loop.
func TestSessionThatIsRefused(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	get(t, e)
	l.due()
	l.asked()
	l.told()
	heal := l.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Do: cachetest.Error(400, "BadRequestException", "no")})
	fails(t, e, "GetLatestConfiguration: BadRequestException: no")
	l.costs("a refused session", "get start get")
	fails(t, e, "GetLatestConfiguration: BadRequestException: no")
	l.costs("a refused session, the next time", "start get start get")
	heal()
	want(t, "afterwards", get(t, e), "v1")
	l.costs("afterwards", "start get")
}

// Sessions of different configurations go side by side; those of one client and those of
// another do not mix.
func TestSessionsSideBySide(t *testing.T) {
	l := newLab(t)
	var list []lambdacache.Cached
	for _, name := range strings.Fields("a b c d") {
		l.AppConfig.Put("app", "prod", name, name)
		list = append(list, appconfigcache.Configuration[string]("app", "prod", name))
	}
	gate := l.Hold("StartConfigurationSession")
	done := make(chan error)
	go func() { done <- lambdacache.Prefetch(t.Context(), list...) }()
	gate.Wait(4)
	gate.Release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want(t, "at once", l.MaxConcurrent(), 4)
}

// cachetest.Reset forgets sessions, also those of a client that lives on.
func TestResetForgetsSessions(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text(appconfigcache.Client(clientOf(l.AWS)))
	get(t, e)
	l.due()
	cachetest.Reset(t)
	l.asked()
	want(t, "value", get(t, e), "v1")
	want(t, "calls", l.asked(), "start get")
}
