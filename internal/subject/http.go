package subject

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/site"
)

// HTTP is httpcache with the documents of a server at base, which put and remove
// change; path starts with a slash.
func HTTP(base string, put func(t testing.TB, path, body string), remove func(t testing.TB, path string), opts ...lambdacache.Option) cachetest.Subject {
	path := func(url string) string { return url[len(base):] }
	return cachetest.Subject{
		Text: func(url string, more ...lambdacache.Option) *lambdacache.Entry[string] {
			return httpcache.URL[string](url, append(more, opts...)...)
		},
		Document: func(url string, more ...lambdacache.Option) *lambdacache.Entry[cachetest.Document] {
			return httpcache.URL[cachetest.Document](url, append(more, opts...)...)
		},
		Family: func(more ...lambdacache.Option) cachetest.TextFamily {
			return cachetest.FamilyOf(httpcache.Family[string](itself, append(more, opts...)...), asIs)
		},
		Key:         func(word string) string { return base + "/suite/" + word },
		MaxKeys:     1,
		Conditional: true,
		NoAction:    true,
		Put:         func(t testing.TB, url, value string) { put(t, path(url), value) },
		Remove:      func(t testing.TB, url string) { remove(t, path(url)) },
	}
}

// OnSite is HTTP with a site of our own, which the suite can tell what it cannot tell
// other servers. It denies with an HTTP status.
func OnSite(s *site.Site, denial int, opts ...lambdacache.Option) cachetest.Subject {
	subject := HTTP(s.URL,
		func(_ testing.TB, path, body string) { s.Put(path, body) },
		func(_ testing.TB, path string) { s.Remove(path) }, opts...)
	subject.Deny = func(_ testing.TB, url string) func() {
		path := strings.TrimPrefix(url, s.URL)
		s.Deny(path, denial)
		return func() { s.Allow(path) }
	}
	subject.Throttle = func(testing.TB) func() {
		s.Fail(0, site.Answer(http.StatusTooManyRequests, ""))
		return s.Heal
	}
	subject.Hold = func(testing.TB) (func(int), func()) {
		gate := cachetest.NewGate()
		s.Fail(0, gate.Hold())
		return gate.Wait, func() { s.Heal(); gate.Release() }
	}
	subject.Calls = s.Calls
	return subject
}
