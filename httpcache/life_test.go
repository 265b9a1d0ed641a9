package httpcache

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
)

const date = "Wed, 04 Mar 2026 05:06:07 GMT"

func TestLife(t *testing.T) {
	for _, test := range []struct {
		headers []string
		within  time.Duration // 0 for no limit
	}{
		{nil, 0},
		{[]string{"Cache-Control", "public"}, 0},
		{[]string{"Cache-Control", "max-age=60"}, time.Minute},
		{[]string{"Cache-Control", " MAX-AGE = 60 ,public"}, time.Minute},
		{[]string{"Cache-Control", `max-age="60"`}, time.Minute},
		{[]string{"Cache-Control", `x="a, no-store, \", max-age=1", max-age=60`}, time.Minute},
		{[]string{"Cache-Control", "s-maxage=1, max-age=60, private, immutable, stale-if-error=9, proxy-revalidate"}, time.Minute},
		{[]string{"Cache-Control", "s-maxage=1"}, 0},
		{[]string{"Cache-Control", "max-age=60, must-revalidate"}, time.Minute},
		{[]string{"Cache-Control", "must-revalidate"}, soon},
		{[]string{"Cache-Control", "no-store"}, soon},
		{[]string{"Cache-Control", "max-age=60, no-cache"}, soon},
		{[]string{"Cache-Control", `no-cache="set-cookie", max-age=60`}, soon},
		{[]string{"Cache-Control", "max-age=0"}, soon},
		{[]string{"Cache-Control", "max-age=00060"}, time.Minute},
		// What contradicts itself, and what cannot be read.
		{[]string{"Cache-Control", "max-age=60, max-age=5"}, 5 * time.Second},
		{[]string{"Cache-Control", "max-age=5", "Cache-Control", "max-age=60"}, 5 * time.Second},
		{[]string{"Cache-Control", "max-age=60", "Cache-Control", "no-store"}, soon},
		{[]string{"Cache-Control", "max-age=-1"}, soon},
		{[]string{"Cache-Control", "max-age=+60"}, soon},
		{[]string{"Cache-Control", "max-age=1e3"}, soon},
		{[]string{"Cache-Control", "max-age=60.5"}, soon},
		{[]string{"Cache-Control", "max-age="}, soon},
		{[]string{"Cache-Control", "max-age"}, soon},
		{[]string{"Cache-Control", "max-age=60, max-age=x"}, soon},
		{[]string{"Cache-Control", `max-age="60`}, soon},
		{[]string{"Cache-Control", `x="no-store`, "Cache-Control", "max-age=60"}, soon},
		{[]string{"Cache-Control", "max-age=2147483647"}, 2147483647 * time.Second},
		{[]string{"Cache-Control", "max-age=99999999999999999999999999"}, longest},
		{[]string{"Cache-Control", ",,, ,max-age=60,,"}, time.Minute},
		// Expires, against the server's own clock.
		{[]string{"Date", date, "Expires", "Wed, 04 Mar 2026 05:07:07 GMT"}, time.Minute},
		{[]string{"Date", date, "Expires", "Wed, 04 Mar 2026 05:07:07 GMT", "Cache-Control", "max-age=5"}, 5 * time.Second},
		{[]string{"Date", date, "Expires", date, "Cache-Control", "max-age=60"}, time.Minute},
		{[]string{"Date", date, "Expires", "Wed, 04 Mar 2026 05:07:07 GMT", "Cache-Control", "must-revalidate"}, time.Minute},
		{[]string{"Date", date, "Expires", "Wed, 04 Mar 2026 05:07:07 GMT", "Cache-Control", "no-store"}, soon},
		{[]string{"Date", date, "Expires", "Wed, 04 Mar 2026 05:07:07 GMT", "Expires", "Wed, 04 Mar 2026 05:06:09 GMT"}, 2 * time.Second},
		{[]string{"Date", date, "Expires", date}, soon},
		{[]string{"Date", date, "Expires", longAgo}, soon},
		{[]string{"Date", date, "Expires", "Sat, 01 Jan 0000 00:00:00 GMT", "Age", "50"}, soon}, // more than a Duration holds
		{[]string{"Date", date, "Expires", "0"}, soon},
		{[]string{"Date", date, "Expires", "Fri, 31 Dec 9999 23:59:59 GMT"}, longest},
		// What a cache on the way has used up.
		{[]string{"Cache-Control", "max-age=60", "Age", "50"}, 10 * time.Second},
		{[]string{"Cache-Control", "max-age=60", "Age", "60"}, soon},
		{[]string{"Cache-Control", "max-age=60", "Age", "99999999999999999999"}, soon},
		{[]string{"Cache-Control", "max-age=60", "Age", "-50"}, time.Minute},
		{[]string{"Cache-Control", "max-age=60", "Age", "x"}, time.Minute},
		{[]string{"Cache-Control", "max-age=60", "Age", "50, 1"}, 10 * time.Second},
		{[]string{"Age", "5000"}, 0},
		{[]string{"Date", date, "Expires", "Wed, 04 Mar 2026 05:07:07 GMT", "Age", "50"}, 10 * time.Second},
	} {
		h := make(http.Header)
		for i := 0; i < len(test.headers); i += 2 {
			h.Add(test.headers[i], test.headers[i+1])
		}
		if got := readLife(h).within(ageOf(h)); got != test.within {
			t.Errorf("%q: within %v, want %v", test.headers, got, test.within)
		}
	}
}

// Without a Date, Expires is compared with our own clock.
func TestExpiresWithoutDate(t *testing.T) {
	l := newLab(t)
	l.clock.Advance(time.Hour)
	now := time.Unix(0, clock.Now().Wall)
	h := http.Header{"Expires": {now.Add(time.Minute).UTC().Format(http.TimeFormat)}}
	if got := readLife(h).within(0); got < 30*time.Second || got > time.Minute {
		t.Errorf("within %v", got)
	}
}

// The server may shorten the max age, and never lengthens it.
func TestMaxAgeIsShortenedOnly(t *testing.T) {
	for header, until := range map[string]time.Duration{
		"max-age=10":              10 * time.Second,
		"max-age=3600":            lambdacache.DefaultMaxAge,
		"max-age=3600, immutable": lambdacache.DefaultMaxAge,
		"":                        lambdacache.DefaultMaxAge,
	} {
		t.Run(header, func(t *testing.T) {
			l := newLab(t)
			l.Put("/d", "one", "Cache-Control", header)
			e := URL[string](l.URL + "/d")
			get(t, e)
			l.clock.Advance(until - time.Millisecond)
			get(t, e)
			want(t, "calls before", l.Calls(), 1)
			l.clock.Advance(time.Millisecond)
			get(t, e)
			want(t, "calls after", l.Calls(), 2)
		})
	}
}

// A copy of a cache on the way is as fresh as what it names: its own age is not the entry's.
func TestOldCopyOfACacheIsNotAskedForAgainAtOnce(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one", "Cache-Control", "max-age=3600", "Age", "1800")
	e := URL[string](l.URL + "/d")
	get(t, e)
	l.clock.Advance(lambdacache.DefaultMaxAge - time.Second)
	get(t, e)
	want(t, "calls", l.Calls(), 1)
	want(t, "age", e.Stats().Age, lambdacache.DefaultMaxAge-time.Second)
}

// An invocation has the value of a document that may not be stored; the next one asks.
func TestNoStoreLastsForAnInvocation(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one", "Cache-Control", "no-store")
	e := URL[string](l.URL + "/d")
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) { return e.Value(ctx) + e.Value(ctx), nil }, e)
	for n := range 3 {
		l.clock.Advance(time.Millisecond)
		got, err := h(t.Context(), struct{}{})
		if err != nil || got != "oneone" {
			t.Fatal(got, err)
		}
		want(t, "calls", l.Calls(), n+1)
	}
	want(t, "unchanged", e.Stats().Unchanged, 2)
}

// StaleIfError counts from when the document is due, by the server's word.
func TestStaleIfErrorCountsFromTheServersLife(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one", "Cache-Control", "max-age=10, must-revalidate")
	e := URL[string](l.URL+"/d", lambdacache.StaleIfError(30*time.Second))
	get(t, e)
	l.Remove("/d")
	l.clock.Advance(39 * time.Second)
	want(t, "stale", get(t, e), "one")
	l.clock.Advance(2 * time.Second)
	failure(t, e, "404")
}
