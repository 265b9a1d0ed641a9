package httpcache

import (
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

func TestBadURLs(t *testing.T) {
	const password = "hunter2"
	for url, text := range map[string]string{
		"":                                   `httpcache.URL(""): not the URL of a document: write "https://host/path"`,
		"issuer.example.com/jwks":            "not the URL of a document",
		"//issuer.example.com/jwks":          "not the URL of a document",
		"https:jwks":                         "not the URL of a document",
		"https://":                           "not the URL of a document",
		"https://:443/jwks":                  "not the URL of a document",
		"ftp://h/jwks":                       "not the URL of a document",
		"file:///etc/passwd":                 "not the URL of a document",
		"http://":                            "not the URL of a document",
		"http://example.com/jwks":            `httpcache.URL("http://example.com/jwks"): http is for this machine alone (localhost, 127.0.0.1): write https`,
		"http://localhost.example.com/":      "http is for this machine alone",
		"http://169.254.169.254/latest":      "http is for this machine alone",
		"https://h/jwks#keys":                "a fragment is never sent to a server",
		"https://h/jwks#":                    "a fragment is never sent to a server",
		"https://h:port/":                    `not a URL: write "https://host/path"`,
		"https://h/%zz":                      "not a URL",
		"https://h/\x00":                     "not a URL",
		"https://user:hunter2@h/jwks":        `httpcache.URL("https://…"): a user name or password has no place in a URL, which logs show: give it with httpcache.Header("Authorization", …)`,
		"https://hunter2@h/jwks":             "a user name or password has no place",
		"http://user:hunter2@localhost/":     `httpcache.URL("http://…"): a user name or password has no place`,
		"https://user:hunter2/x@h/jwks":      "not a URL",
		"https://user:hunter2?x@h/jwks":      "not a URL",
		"https://user:hunter2#x@h/jwks":      "not a URL",
		"https://user:pa%zzhunter2@h/":       "not a URL",
		"user:hunter2@h":                     "not the URL of a document",
		"http://example.com/?token=hunter2":  `httpcache.URL("http://example.com/?token=…")`,
		"https://h:x/?hunter2&a=hunter2":     `httpcache.URL("https://h:x/?…&a=…")`,
		"https://h/?mail=a@hunter2#hunter2":  "a fragment is never sent",
		"https://h/d?token=hunter2#fragment": `httpcache.URL("https://h/d?token=…"): a fragment`,
	} {
		got := panicOf(t, func() { URL[string](url) })
		if !strings.HasPrefix(got, "lambdacache: httpcache.URL(") || !strings.Contains(got, text) {
			t.Errorf("%q:\ngot  %s\nwant %s", url, got, text)
		}
		if strings.Contains(got, password) {
			t.Errorf("%q: shows the password: %s", url, got)
		}
	}
}

func TestGoodURLs(t *testing.T) {
	for url, want := range map[string]struct{ key, name, sent string }{
		"https://h": {"https://h/", "h", "https://h/"},
		"HTTPS://Issuer.Example.com/.well-known/A":   {"https://issuer.example.com/.well-known/A", "A", "https://issuer.example.com/.well-known/A"},
		"https://h:8443/":                            {"https://h:8443/", "h:8443", "https://h:8443/"},
		"https://h/a/b/":                             {"https://h/a/b/", "b", "https://h/a/b/"},
		"https://h/a%2Fb%20c?x=/y/z":                 {"https://h/a%2Fb%20c?x=…", "a%2Fb%20c", "https://h/a%2Fb%20c?x=/y/z"},
		"https://h/a:b":                              {"https://h/a:b", "a:b", "https://h/a:b"},
		"https://h/a b":                              {"https://h/a%20b", "a%20b", "https://h/a%20b"},
		"https://h/d?":                               {"https://h/d?", "d", "https://h/d?"},
		"https://h?token=t":                          {"https://h/?token=…", "h", "https://h/?token=t"},
		"https://h/d?token=a=b&&n&e=":                {"https://h/d?token=…&&…&e=…", "d", "https://h/d?token=a=b&&n&e="},
		"http://localhost:2772/applications/a?x=%20": {"http://localhost:2772/applications/a?x=…", "a", "http://localhost:2772/applications/a?x=%20"},
		"http://127.0.0.1/d":                         {"http://127.0.0.1/d", "d", "http://127.0.0.1/d"},
		"http://[::1]:80/d":                          {"http://[::1]:80/d", "d", "http://[::1]:80/d"},
		"https://h/@me":                              {"https://h/@me", "@me", "https://h/@me"},
	} {
		at, err := parse(url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		sent, err := urlOf(at.key(), at.query)
		if at.key() != want.key || at.name() != want.name || err != nil || sent.String() != want.sent {
			t.Errorf("%q: key %q, name %q, sent to %q, %v", url, at.key(), at.name(), sent, err)
		}
		if e := URL[string](url); e.Name() != want.name {
			t.Errorf("%q: the entry is named %q", url, e.Name())
		}
	}
	if got := URL[string]("https://h/d", lambdacache.Name("keys")).Name(); got != "keys" {
		t.Error(got)
	}
}

func TestMisuse(t *testing.T) {
	other := lambdacache.NewOptionKind[string]("ssmcache.Label").With("x")
	for text, declare := range map[string]func(){
		`lambdacache: httpcache.URL("https://h/d?t=…"): nothing can be decoded into a value of type interface {}`:      func() { URL[any]("https://h/d?t=1") },
		`lambdacache: httpcache.URLFunc("https://h/d?t=…"): the decoder is nil: write httpcache.URL to decode by type`: func() { URLFunc[int]("https://h/d?t=1", nil) },
		`lambdacache: httpcache.URLFunc("http://h/"): http is for this machine alone`:                                  func() { URLFunc("http://h/", func([]byte) (int, error) { return 0, nil }) },
		`lambdacache: the entry for "https://h/d?t=…" from http: ssmcache.Label is not an option of this source`:       func() { URL[int]("https://h/d?t=1", other) },
		`lambdacache: httpcache.SizeLimit(0): a document needs room; leave the option out for 1 MiB`:                   func() { SizeLimit(0) },
		`lambdacache: httpcache.SizeLimit(-1): a document needs room`:                                                  func() { SizeLimit(-1) },
	} {
		if got := panicOf(t, declare); !strings.HasPrefix(got, text) {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
}
