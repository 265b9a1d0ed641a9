package httpcache

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/site"
)

const longAgo = "Tue, 01 Jan 2019 10:00:00 GMT"

func TestRevalidation(t *testing.T) {
	for name, test := range map[string]struct {
		headers              []string
		version, etag, since string // what the second request asks with
	}{
		"ETag":                    {[]string{"ETag", "", "ETag", `"v1"`}, `"v1"`, `"v1"`, ""},
		"weak ETag":               {[]string{"ETag", "", "ETag", `W/"v1"`}, `W/"v1"`, `W/"v1"`, ""},
		"ETag and Last-Modified":  {[]string{"ETag", "", "ETag", `"v1"`, "Last-Modified", longAgo}, `"v1"`, `"v1"`, ""},
		"Last-Modified":           {[]string{"ETag", "", "Last-Modified", longAgo}, longAgo, "", longAgo},
		"an ETag that is a date":  {[]string{"ETag", "", "ETag", longAgo, "Last-Modified", "Tue, 01 Jan 2019 11:00:00 GMT"}, "Tue, 01 Jan 2019 11:00:00 GMT", "", "Tue, 01 Jan 2019 11:00:00 GMT"},
		"an ETag of any document": {[]string{"ETag", "", "ETag", "*"}, "", "", ""},
		"nothing":                 {[]string{"ETag", ""}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.Put("/d", "one", test.headers...)
			e := URL[string](l.URL + "/d")
			want(t, "value", get(t, e), "one")
			want(t, "version", e.Version(), test.version)
			first := l.Last().Header
			want(t, "first condition", first.Get("If-None-Match")+first.Get("If-Modified-Since"), "")
			l.pass()
			want(t, "value", get(t, e), "one")
			second := l.Last().Header
			want(t, "If-None-Match", second.Get("If-None-Match"), test.etag)
			want(t, "If-Modified-Since", second.Get("If-Modified-Since"), test.since)
			unchanged := uint64(1)
			if test.version == "" {
				unchanged = 0
			}
			want(t, "unchanged", uint64(e.Stats().Unchanged), unchanged)
			want(t, "version", e.Version(), test.version)

			l.Put("/d", "two")
			l.pass()
			want(t, "changed", get(t, e), "two")
		})
	}
}

// A document that was changed in the second in which it was sent may change again.
func TestLastModifiedOfThisSecondIsNotRelied(t *testing.T) {
	l := newLab(t)
	sent := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for before, want := range map[time.Duration]bool{0: false, time.Second: true, -time.Hour: false} {
		h := http.Header{"Date": {sent.Format(http.TimeFormat)}, "Last-Modified": {sent.Add(-before).Format(http.TimeFormat)}}
		if got := versionOf(h) != ""; got != want {
			t.Errorf("%v before Date: relied on %v", before, got)
		}
		h.Del("Date")
		if versionOf(h) != "" {
			t.Errorf("%v before no Date: relied on", before)
		}
	}
	e := URL[string](l.URL + "/d")
	l.Put("/d", "one", "ETag", "", "Last-Modified", time.Now().UTC().Format(http.TimeFormat))
	get(t, e)
	l.Put("/d", "two", "ETag", "", "Last-Modified", time.Now().UTC().Format(http.TimeFormat))
	l.pass()
	want(t, "changed within the second", get(t, e), "two")
}

// What a 304 says of the life counts from then on; what it does not say stays.
func TestLifeOfA304(t *testing.T) {
	l := newLab(t)
	e := URL[string](l.URL+"/d", lambdacache.MaxAge(time.Hour))
	l.Put("/d", "one", "Cache-Control", "max-age=10")
	get(t, e)
	calls := func(after time.Duration, n int) {
		t.Helper()
		l.clock.Advance(after)
		get(t, e)
		want(t, "calls", l.Calls(), n)
	}
	calls(9*time.Second, 1)
	l.Put("/d", "one", "Cache-Control", "max-age=20")
	calls(time.Second, 2)
	calls(19*time.Second, 2)
	l.Put("/d", "one") // says nothing any more
	calls(time.Second, 3)
	calls(19*time.Second, 3)
	calls(time.Second, 4)
	l.Put("/d", "one", "Cache-Control", "public")
	calls(20*time.Second, 5)
	calls(59*time.Minute, 5)
	want(t, "unchanged", e.Stats().Unchanged, 4)
}

// A 304 about another document than the one held is of no use.
func Test304OfAnotherVersion(t *testing.T) {
	l := newLab(t)
	e := URL[string](l.URL + "/d")
	l.Put("/d", "one", "ETag", "", "ETag", `"v1"`)
	get(t, e)
	l.Put("/d", "two", "ETag", "", "ETag", `"v2"`)
	l.pass()
	l.Fail(1, site.Answer(304, "", "ETag", `"v2"`))
	want(t, "value", get(t, e), "two")
	want(t, "calls", l.Calls(), 3)
	want(t, "condition", l.Last().Header.Get("If-None-Match"), "")

	l.pass()
	l.Fail(1, site.Answer(304, "", "ETag", `W/"v2"`)) // the same, compressed perhaps
	want(t, "value", get(t, e), "two")
	want(t, "calls", l.Calls(), 4)
	want(t, "unchanged", e.Stats().Unchanged, 1)

	lambdacache.Invalidate(e)
	l.Fail(1, site.Answer(304, ""))
	failure(t, e, "HTTP status 304 Not Modified: only 200 is a document")
}

// A validator says something of the URL that gave it, and of no other.
func TestNoConditionForAnotherDocument(t *testing.T) {
	l := newLab(t)
	for path, body := range map[string]string{"/v1": "one", "/v2": "two"} {
		l.Put(path, body, "ETag", "", "Last-Modified", longAgo)
	}
	to := "/v1"
	l.Fail(0, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/latest" {
				http.Redirect(w, r, to, http.StatusFound)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	e := URL[string](l.URL + "/latest")
	want(t, "value", get(t, e), "one")
	l.pass()
	want(t, "value", get(t, e), "one")
	want(t, "unchanged", e.Stats().Unchanged, 1)
	all := l.Requests()
	want(t, "condition of the redirect", all[2].Header.Get("If-Modified-Since"), "")
	want(t, "condition", all[3].Header.Get("If-Modified-Since"), longAgo)
	to = "/v2"
	l.pass()
	want(t, "value", get(t, e), "two")
	want(t, "condition", l.Last().Header.Get("If-Modified-Since"), "")
}

func TestRefreshGoesPastCaches(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one")
	e, always := URL[string](l.URL+"/d"), URL[string](l.URL+"/d?x", lambdacache.MaxAge(0))
	get(t, e)
	want(t, "Get", l.Last().Header.Get("Cache-Control"), "")
	if _, err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "Refresh", l.Last().Header.Get("Cache-Control"), "no-cache")
	want(t, "and asks for changes", l.Last().Header.Get("If-None-Match"), e.Version())
	get(t, always)
	want(t, "MaxAge(0)", l.Last().Header.Get("Cache-Control"), "no-cache")
	if !strings.HasSuffix(l.Last().URL, "/d?x") {
		t.Errorf("asked for %s", l.Last().URL)
	}
}
