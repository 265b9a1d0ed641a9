package freshnessdoc_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/secretcache"
)

const (
	beginSaid = "<!-- begin: what services say -->\n"
	endSaid   = "<!-- end: what services say -->\n"
)

// said is an entry whose service has a say in how old a value may be.
type said struct {
	entry, says string
	begin       func(t *testing.T) service
}

// service is one that an entry loads from.
type service struct {
	put   func(value string)
	fail  func() // every request from now on
	calls func() int
	entry func(...lambdacache.Option) *lambdacache.Entry[string]
}

var stillSince = time.Unix(1_800_000_000, 0)

var saids = []said{
	{"`secretcache.UntilRotation()`", "a rotation in 40 s", rotating(40 * time.Second)},
	{"`secretcache.UntilRotation()`", "a rotation in 40 days", rotating(40 * 24 * time.Hour)},
	{"`httpcache.URL`", "nothing", document("")},
	{"`httpcache.URL`", "`Cache-Control: max-age=20`", document("max-age=20")},
	{"`httpcache.URL`", "`Cache-Control: max-age=20`, and `Age: 5`", document("max-age=20", "Age", "5")},
	{"`httpcache.URL`", "`Cache-Control: max-age=3600`", document("max-age=3600")},
	{"`httpcache.URL`", "`Cache-Control: no-store`", document("no-store")},
	{"`appconfigcache.Configuration`", "not again for 15 s", configuration(0)},
	{"`appconfigcache.Configuration`", "not again for 75 s", configuration(75 * time.Second)},
	{"`appconfigcache.Configuration`, `MaxAge(5s)`", "not again for 15 s", configuration(0, lambdacache.MaxAge(5*time.Second))},
}

func rotating(in time.Duration) func(*testing.T) service {
	return func(t *testing.T) service {
		fake := cachetest.NewAWS(t)
		put := func(value string) { fake.Secrets.PutString("db", value) }
		put("old")
		fake.Secrets.RotatesAt("db", stillSince.Add(in))
		return service{put, refusing(fake), func() int { return fake.Calls("") }, func(opts ...lambdacache.Option) *lambdacache.Entry[string] {
			return secretcache.Secret[string]("db", append(opts, secretcache.UntilRotation())...)
		}}
	}
}

func configuration(interval time.Duration, own ...lambdacache.Option) func(*testing.T) service {
	return func(t *testing.T) service {
		fake := cachetest.NewAWS(t)
		fake.AppConfig.PollInterval(interval)
		put := func(value string) { fake.AppConfig.Put("shop", "prod", "flags", value) }
		put("old")
		return service{put, refusing(fake), func() int { return fake.Calls("") }, func(opts ...lambdacache.Option) *lambdacache.Entry[string] {
			return appconfigcache.Configuration[string]("shop", "prod", "flags", append(own, opts...)...)
		}}
	}
}

// refusing fails in a way that is not tried again.
func refusing(fake *cachetest.AWS) func() {
	return func() { fake.Fail(cachetest.Fault{Do: cachetest.Error(400, "Unheard", "of")}) }
}

func document(cacheControl string, headers ...string) func(*testing.T) service {
	if cacheControl != "" {
		headers = append(headers, "Cache-Control", cacheControl)
	}
	return func(t *testing.T) service {
		s := site.Start()
		t.Cleanup(s.Close)
		put := func(value string) { s.Put("/doc", value, headers...) }
		put("old")
		return service{put, func() { s.Fail(0, site.Answer(400, "")) }, s.Calls, func(opts ...lambdacache.Option) *lambdacache.Entry[string] {
			return httpcache.URL[string](s.URL+"/doc", opts...)
		}}
	}
}

// at makes an entry of the given age, on clocks that stand still but for that, and begins
// an invocation with it.
func (s said) at(t *testing.T, age time.Duration, works bool) (o outcome) {
	t.Helper()
	t.Run(fmt.Sprint(s.says, age, works), func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		cachetest.Reset(t)
		var now atomic.Int64
		t.Cleanup(clock.Replace(func() (mono, wall int64) { return now.Load(), stillSince.UnixNano() + now.Load() }))
		from := s.begin(t)
		e := from.entry(lambdacache.StaleIfError(stale))
		handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) { return e.Value(ctx), nil }, e)
		if _, err := handler(t.Context(), struct{}{}); err != nil {
			t.Fatal(err)
		}
		now.Add(int64(age))
		from.put("new")
		if !works {
			from.fail()
		}
		var events []string
		lambdacache.Observe(func(event lambdacache.Event) { events = append(events, event.Kind.String()) })
		defer lambdacache.Observe(nil)
		before := from.calls()
		value, err := handler(t.Context(), struct{}{})
		o = outcome{calls: min(from.calls()-before, 1), value: value, err: err != nil, events: strings.Join(events, ", ")}
	})
	return o
}

// A service may make a value due sooner, or forbid to ask for it yet; the page says when.
func TestWhatServicesSay(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), beginSaid)
	_, tail, closed := strings.Cut(rest, endSaid)
	if !ok || !closed {
		t.Fatalf("%s has not the lines %q and %q", page, beginSaid, endSaid)
	}
	var b strings.Builder
	b.WriteString("\n| entry | the service says | fresh | stale allowed | refused |\n|---|---|---|---|---|\n")
	for _, s := range saids {
		phases := find(func(age time.Duration) phase {
			return phase{from: age, works: s.at(t, age, true), fails: s.at(t, age, false)}
		}, 5*time.Second)
		var names []string
		for _, p := range phases {
			names = append(names, p.name)
		}
		if !slices.Equal(names, []string{"fresh", "stale allowed", "refused"}) {
			t.Fatalf("%s that says %s is %q: %+v", s.entry, s.says, names, phases)
		}
		fmt.Fprintf(&b, "| %s | %s | 0s to %v | %v to %v | %v or more |\n", s.entry, s.says, phases[1].from, phases[1].from, phases[2].from, phases[2].from)
	}
	b.WriteString("\n")
	compare(t, page, head+beginSaid+b.String()+endSaid+tail, string(text))
}
