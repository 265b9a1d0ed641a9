package httpcache

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/site"
)

// redirects makes every request for a path be redirected.
func redirects(s *site.Site, status int, to map[string]string) {
	s.Fail(0, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if target, ok := to[r.URL.Path]; ok {
				w.Header().Set("Location", target)
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

func TestRedirectsAreFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			l := newLab(t)
			l.Put("/dir/d", "one")
			redirects(l.Site, status, map[string]string{"/a": "/dir/b?q=1", "/dir/b": "d#part"})
			var calls int
			lambdacache.Observe(func(e lambdacache.Event) { calls += e.Calls })
			want(t, "value", get(t, URL[string](l.URL+"/a")), "one")
			want(t, "requests", l.Calls(), 3)
			want(t, "reported", calls, 3)
			want(t, "last", l.Last().URL, "/dir/d")
			for _, r := range l.Requests() {
				want(t, "Referer", r.Header.Get("Referer"), "")
			}
		})
	}
}

func TestRedirectsEnd(t *testing.T) {
	l := newLab(t)
	chain := make(map[string]string)
	for i := range 6 {
		chain["/"+strconv.Itoa(i)] = "/" + strconv.Itoa(i+1)
	}
	l.Put("/6", "one")
	redirects(l.Site, 302, chain)
	want(t, "five", get(t, URL[string](l.URL+"/1")), "one")
	before := l.Calls()
	failure(t, URL[string](l.URL+"/0"), "more than 5 redirects: declare the URL that they lead to")
	want(t, "requests", l.Calls()-before, 6)
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	secure := site.NewTLS(t)
	secure.Put("/d", "one")
	plain := newLab(t)
	plain.Put("/d", "two")
	option := Client(secure.Client())
	for to, text := range map[string]string{
		plain.URL + "/d":               "a redirect to " + strings.TrimPrefix(plain.URL, "http://") + ", which is not https: it is not followed",
		"http://example.com/d":         "a redirect to example.com, which is not https",
		"ftp://example.com/d":          "a redirect to example.com, which is not https",
		"https://u:hunter2@host.test/": "a redirect to a URL of host.test with a user name or password in it",
		"https://host.test/%zz":        "what answers does not speak HTTP as it should", // says net/http, and quotes it
		"mailto:a@b":                   "a redirect to what is no URL",
		"":                             "HTTP status 302 Found, without a Location",
	} {
		secure.Heal()
		redirects(secure, 302, map[string]string{"/a": to})
		if err := failure(t, URL[string](secure.URL+"/a", option), text); strings.Contains(err.Error(), "hunter2") {
			t.Error("quotes a password:", err)
		}
	}
	want(t, "requests in the clear", plain.Calls(), 0)

	// From http, which only this machine may be asked with, to https and to itself.
	redirects(plain.Site, 302, map[string]string{"/up": secure.URL + "/d", "/self": plain.URL + "/d", "/out": "http://example.com/"})
	want(t, "to https", get(t, URL[string](plain.URL+"/up", option)), "one")
	want(t, "to itself", get(t, URL[string](plain.URL+"/self", option)), "two")
	failure(t, URL[string](plain.URL+"/out", option), "which is not https")
}

// What Header gives goes to the declared URL's own scheme, host and port only.
func TestHeadersStayAtHome(t *testing.T) {
	l, other := newLab(t), site.New(t)
	other.Put("/d", "one")
	l.Put("/d", "two")
	redirects(other, 302, map[string]string{"/back": l.URL + "/d"})
	redirects(l.Site, 302, map[string]string{
		"/away": other.URL + "/d", "/there-and-back": other.URL + "/back", "/name": strings.Replace(l.URL, "127.0.0.1", "localhost", 1) + "/d",
	})
	opts := []lambdacache.Option{Header("Authorization", constant("Bearer t")), Header("Cookie", constant("c=1")), Header("X-Key", constant("k"))}
	sent := func(r site.Request) (n int) {
		for _, name := range []string{"Authorization", "Cookie", "X-Key"} {
			if r.Header.Get(name) != "" {
				n++
			}
		}
		return n
	}
	get(t, URL[string](l.URL+"/away", opts...))
	want(t, "at home", sent(l.Last()), 3)
	want(t, "away", sent(other.Last()), 0)
	get(t, URL[string](l.URL+"/there-and-back", opts...))
	want(t, "away", sent(other.Last()), 0)
	want(t, "back", sent(l.Last()), 3)
	get(t, URL[string](l.URL+"/name", opts...))
	want(t, "by another name", sent(l.Last()), 0)
}

// answers is a transport that sends the first request elsewhere and answers the others.
type answers struct {
	to  string
	got []*http.Request
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.got = append(a.got, r)
	w := httptest.NewRecorder()
	if len(a.got) == 1 {
		http.Redirect(w, r, a.to, http.StatusFound)
	}
	return w.Result(), nil
}

// A port that the scheme stands for is the same port, and another scheme another origin.
func TestOriginsOfHeaders(t *testing.T) {
	for _, c := range []struct {
		from, to string
		sent     bool
	}{
		{"https://a.example/x", "https://a.example:443/y", true},
		{"https://a.example:443/x", "https://A.example/y", true},
		{"https://a.example/x", "https://a.example:8443/y", false},
		{"https://a.example/x", "https://b.a.example/y", false},
		{"http://localhost/x", "http://localhost:80/y", true},
		{"http://localhost/x", "https://localhost/y", false},
		{"http://localhost:8443/x", "https://localhost:8443/y", false},
	} {
		cachetest.Reset(t)
		a := &answers{to: c.to}
		get(t, URL[string](c.from, Client(&http.Client{Transport: a}), Header("Authorization", constant("Bearer t"))))
		want(t, c.from+" at home", a.got[0].Header.Get("Authorization"), "Bearer t")
		want(t, c.from+" to "+c.to, a.got[1].Header.Get("Authorization") != "", c.sent)
	}
}
