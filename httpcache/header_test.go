package httpcache

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/site"
)

func constant(value string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return value, nil }
}

func TestHeaderOfAnotherEntry(t *testing.T) {
	l := newLab(t)
	l.Put("/token", "t1")
	l.Put("/d", "one")
	token := URL[string](l.URL + "/token")
	bearer := Header("authorization", func(ctx context.Context) (string, error) {
		value, err := token.Get(ctx)
		return "Bearer " + value, err
	})
	e := URL[string](l.URL+"/d", bearer, Header("X-Empty", constant("")))
	want(t, "value", get(t, e), "one")
	want(t, "sent", l.Last().Header.Get("Authorization"), "Bearer t1")
	if _, sent := l.Last().Header["X-Empty"]; sent {
		t.Error("an empty value is sent")
	}
	l.Put("/token", "t2")
	l.pass()
	get(t, e)
	want(t, "sent", l.Last().Header.Get("Authorization"), "Bearer t2")

	l.Remove("/token")
	l.pass()
	calls := l.Calls()
	err := failure(t, e, `the value of httpcache.Header("Authorization"): lambdacache: load "token" from http `+l.URL+"/token: HTTP status 404")
	want(t, "requests, of the token alone", l.Calls()-calls, 1)
	if !errors.Is(err, lambdacache.ErrNotFound) {
		t.Error("the cause is lost:", err)
	}
}

func TestLastHeaderOfANameCounts(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one")
	get(t, URL[string](l.URL+"/d", Header("X-A", constant("1")), Header("x-b", constant("2")), Header("x-a", constant("3"))))
	want(t, "X-A", strings.Join(l.Last().Header.Values("X-A"), " "), "3")
	want(t, "X-B", l.Last().Header.Get("X-B"), "2")
	want(t, "User-Agent", l.Last().Header.Get("User-Agent"), "lambda-cache")
	get(t, URL[string](l.URL+"/d", Header("User-Agent", constant("mine"))))
	want(t, "User-Agent", l.Last().Header.Get("User-Agent"), "mine")
}

// A value in a header that cannot be sent is not shown, nor what is wrong with it.
func TestHeaderValueThatCannotBeSent(t *testing.T) {
	l := newLab(t)
	for _, value := range []string{"hunter2\n", "hunter2\r\nX-Evil: 1", "hunter2\x00"} {
		err := failure(t, URL[string](l.URL+"/d", Header("X-Key", constant(value))),
			`the value of httpcache.Header("X-Key") has a line break or another control character: trim it`)
		if strings.Contains(err.Error(), "hunter2") {
			t.Error("quotes the value:", err)
		}
	}
	want(t, "requests", l.Calls(), 0)
}

func TestHeaderIsAskedForOnceATry(t *testing.T) {
	l := newLab(t)
	l.Put("/d", "one")
	l.Fail(2, site.Answer(500, ""))
	asked := 0
	get(t, URL[string](l.URL+"/d", Header("X-Key", func(context.Context) (string, error) { asked++; return "k", nil })))
	want(t, "asked", asked, 3)
}

func TestBadHeaders(t *testing.T) {
	for name, text := range map[string]string{
		"":                  "not the name of a header",
		"X Key":             "not the name of a header",
		"X-Key:":            "not the name of a header",
		"X-Kéy":             "not the name of a header",
		"X-Key\x00":         "not the name of a header",
		"if-none-match":     "this package sets it itself",
		"Accept-Encoding":   "this package sets it itself",
		"host":              "this package sets it itself",
		"Transfer-Encoding": "this package sets it itself",
	} {
		if got := panicOf(t, func() { Header(name, constant("v")) }); !strings.HasPrefix(got, "lambdacache: httpcache.Header(") || !strings.Contains(got, text) {
			t.Errorf("%q: %s", name, got)
		}
	}
	if got := panicOf(t, func() { Header("X-Key", nil) }); !strings.Contains(got, "a function is required") {
		t.Error(got)
	}
}
