package httpcache

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

// Entries share loads where nothing that is fetched differs.
func TestIdentity(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one")
	url := l.URL + "/d"
	key, client := Header("X-Key", constant("k")), &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	declare := func(url string, opts ...lambdacache.Option) func() *lambdacache.Entry[string] {
		return func() *lambdacache.Entry[string] { return URL[string](url, opts...) }
	}
	for name, test := range map[string]struct {
		a, b  func() *lambdacache.Entry[string]
		calls int
	}{
		"the same":                   {declare(url), declare(url, lambdacache.Name("other")), 1},
		"the same query":             {declare(url + "?k=1"), declare(url + "?k=1"), 1},
		"the same header":            {declare(url, key), declare(url, key), 1},
		"the same client":            {declare(url, Client(client)), declare(url, Client(client)), 1},
		"the default limit":          {declare(url), declare(url, SizeLimit(DefaultSizeLimit)), 1},
		"another query":              {declare(url + "?k=1"), declare(url + "?k=2"), 2},
		"a query":                    {declare(url), declare(url + "?"), 2},
		"a header":                   {declare(url), declare(url, key), 2},
		"another header of the name": {declare(url, key), declare(url, Header("X-Key", constant("k"))), 2},
		"two headers":                {declare(url, key), declare(url, key, Header("X-Other", constant("k"))), 2},
		"a client":                   {declare(url), declare(url, Client(client)), 2},
		"another limit":              {declare(url), declare(url, SizeLimit(10)), 2},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := test.a(), test.b()
			lambdacache.Invalidate(a, b)
			before := l.Calls()
			get(t, a)
			get(t, b)
			want(t, "calls", l.Calls()-before, test.calls)
		})
	}
}

// Two entries that differ in a secret of the query only are not mixed up.
func TestQueriesAreToldApart(t *testing.T) {
	l := newLab(t)
	l.Fail(0, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.URL.RawQuery)) })
	})
	a, b := URL[string](l.URL+"/d?tenant=a&x%20y"), URL[string](l.URL+"/d?tenant=b&x%20y")
	want(t, "a", get(t, a), "tenant=a&x%20y")
	want(t, "b", get(t, b), "tenant=b&x%20y")
	want(t, "a", get(t, a), "tenant=a&x%20y")
}

func TestClientIsUsedAsItIs(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one")
	redirects(l.Site, 302, map[string]string{"/a": "/d"})
	cookies := &jar{}
	transport := &counted{RoundTripper: &http.Transport{}}
	defer transport.RoundTripper.(*http.Transport).CloseIdleConnections()
	client := &http.Client{Transport: transport, Jar: cookies, CheckRedirect: func(*http.Request, []*http.Request) error {
		t.Error("the client follows a redirect by its own rules")
		return nil
	}}
	want(t, "value", get(t, URL[string](l.URL+"/a", Client(client))), "one")
	want(t, "by its transport", transport.n, 2)
	want(t, "Cookie", l.Last().Header.Get("Cookie"), "c=1")
	if client.CheckRedirect == nil {
		t.Error("the client was changed")
	}
	if got := panicOf(t, func() { Client(nil) }); got != "lambdacache: httpcache.Client was given nil: give it a client, or leave the option out for the default one" {
		t.Error(got)
	}
}

// jar gives every host the same cookie.
type jar struct{}

func (*jar) SetCookies(*url.URL, []*http.Cookie) {}
func (*jar) Cookies(*url.URL) []*http.Cookie     { return []*http.Cookie{{Name: "c", Value: "1"}} }

type counted struct {
	http.RoundTripper
	n int
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n++
	return c.RoundTripper.RoundTrip(r)
}
