package httpcache

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leaks"
	"github.com/lambda-cache/lambdacache/internal/site"
)

// The secrets of a query, of a header and of a document are in no error and no event,
// whatever goes wrong.
func TestNothingIsShown(t *testing.T) {
	const inQuery, inHeader, inBody = "Zq7Kw9Jx4P", "Vb3Ny8Tg6R", "Mh5Dc2Lf9S"
	secrets := leaks.Pieces(inQuery, inHeader, inBody)
	l := newLab(t)
	var mu sync.Mutex
	var events []lambdacache.Event
	lambdacache.Observe(func(e lambdacache.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	})
	secure := site.NewTLS(t)
	echo := func(status int, name string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(name, inBody)
				w.WriteHeader(status)
				fmt.Fprint(w, r.URL, r.Header, inBody)
			})
		}
	}
	effects := map[string]func(http.Handler) http.Handler{
		"text": site.Answer(200, inBody), "JSON": site.Answer(200, `{"`+inBody+`":`), "not found": echo(404, "Warning"), "denied": echo(401, "WWW-Authenticate"),
		"throttled": echo(429, "Retry-After"), "out of order": echo(503, "Retry-After"), "a redirect": echo(302, "Location"), "a redirect's query": site.Answer(302, "", "Location", "/other?token="+inQuery),
		"no redirect": site.Answer(302, "", "Location", "http://%zz"+inBody), "another scheme": site.Answer(302, "", "Location", inBody+"://host/"),
		"a password": site.Answer(302, "", "Location", "https://"+inBody+":"+inBody+"@host/"), "a teapot": echo(418, "ETag"), "no 304": echo(304, "ETag"),
		"no HTTP": site.Raw(inBody + "\r\n\r\n" + inBody), "no status": site.Raw("HTTP/1.1 " + inBody + "\r\n\r\n"), "no version": site.Raw("HTTP/" + inBody + " 200 OK\r\n\r\n"),
		"no header": site.Raw("HTTP/1.1 200 OK\r\n" + inBody + "\r\n\r\n"), "no length": site.Raw("HTTP/1.1 200 OK\r\nContent-Length: " + inBody + "\r\n\r\n"),
		"no encoding": site.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + inBody + "\r\n\r\n"), "no chunk": site.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + inBody + "\r\n"),
		"no trailer": site.Raw("HTTP/1.1 200 OK\r\nTrailer: " + inBody + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "no trailer's name": site.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + inBody + "\r\n\r\n"),
		"no gzip": site.Raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + inBody), "no end": site.Raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + inBody),
		"dropped": cachetest.DropConnection(), "a hang": cachetest.Hang(),
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	closed := site.Start()
	closed.Close()
	quick := lambda()
	quick.attempt = 50 * time.Millisecond
	failed := 0
	for name, effect := range effects {
		for kind, option := range map[string]lambdacache.Option{"default": short(t, quick), "own": Client(client)} {
			l.Heal()
			l.Fail(0, effect)
			for _, base := range []string{l.URL + "/d", closed.URL, secure.URL, "http://127.0.0.1:1", "https" + l.URL[len("http"):] + "/tls"} {
				if base != l.URL+"/d" && name != "text" {
					continue
				}
				if name == "a hang" && kind == "own" {
					continue // it takes the whole load
				}
				key := Header("X-Key", constant(inHeader))
				e := URL[int](base+"?token="+inQuery+"&"+inQuery, option, key)
				_, err := e.Get(t.Context())
				if err == nil {
					t.Errorf("%s of %s: no error", name, base)
					continue
				}
				failed++
				if way := secrets.Shown(err); way != "" {
					t.Errorf("%s by the %s client shows a secret: %s\n%v", name, kind, way, err)
				}
			}
		}
	}
	for _, e := range events {
		if way := secrets.Shown(e); way != "" {
			t.Errorf("the event of %s shows a secret: %s", e.Key, way)
		}
	}
	if failed < 2*len(effects) || len(events) < failed {
		t.Errorf("%d errors and %d events were looked at", failed, len(events))
	}
}

// The proxy's URL, which may have a password in it, is not quoted.
func TestProxyThatIsNone(t *testing.T) {
	at, _ := url.Parse("https://h/d?token=hunter2")
	err := unanswered(t.Context(), at, &url.Error{Op: "Get", URL: at.String(), Err: errProxy})
	want(t, "error", err.Error(), "HTTPS_PROXY or HTTP_PROXY is not the URL of a proxy")
}
