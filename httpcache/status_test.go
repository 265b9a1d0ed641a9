package httpcache

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/site"
)

func TestStatuses(t *testing.T) {
	soonDate := time.Date(2026, 3, 4, 5, 7, 37, 0, time.UTC).Format("Mon, 02 Jan 2006 15:04:05 GMT")
	for _, test := range []struct {
		status  int
		headers []string
		text    string
		kind    error
		tries   int
	}{
		{201, nil, "HTTP status 201 Created: only 200 is a document", nil, 1},
		{203, nil, "HTTP status 203 Non-Authoritative Information: only 200 is a document", nil, 1},
		{204, nil, "HTTP status 204 No Content: only 200 is a document", nil, 1},
		{206, nil, "HTTP status 206 Partial Content: only 200 is a document", nil, 1},
		{300, nil, "HTTP status 300 Multiple Choices: only 200 is a document", nil, 1},
		{400, nil, "HTTP status 400 Bad Request", nil, 1},
		{401, nil, "HTTP status 401 Unauthorized: give credentials with httpcache.Header", lambdacache.ErrDenied, 1},
		{403, nil, "HTTP status 403 Forbidden: give credentials with httpcache.Header", lambdacache.ErrDenied, 1},
		{404, nil, "HTTP status 404 Not Found", lambdacache.ErrNotFound, 1},
		{408, nil, "HTTP status 408 Request Timeout, 3 attempts", nil, 3},
		{410, nil, "HTTP status 410 Gone", lambdacache.ErrNotFound, 1},
		{418, nil, "HTTP status 418 I'm a teapot", nil, 1},
		{429, nil, "HTTP status 429 Too Many Requests", lambdacache.ErrThrottled, 1},
		{429, []string{"Retry-After", "30"}, "HTTP status 429 Too Many Requests; it asks for a pause of 30s", lambdacache.ErrThrottled, 1},
		{429, []string{"Retry-After", soonDate, "Date", date}, "HTTP status 429 Too Many Requests; it asks for a pause of 1m30s", lambdacache.ErrThrottled, 1},
		{429, []string{"Retry-After", date, "Date", soonDate}, "HTTP status 429 Too Many Requests", lambdacache.ErrThrottled, 1},
		{429, []string{"Retry-After", "s3cr3t"}, "HTTP status 429 Too Many Requests", lambdacache.ErrThrottled, 1},
		{500, nil, "HTTP status 500 Internal Server Error, 3 attempts", nil, 3},
		{501, nil, "HTTP status 501 Not Implemented", nil, 1},
		{502, nil, "HTTP status 502 Bad Gateway, 3 attempts", nil, 3},
		{503, nil, "HTTP status 503 Service Unavailable, 3 attempts", nil, 3},
		{503, []string{"Retry-After", "5"}, "HTTP status 503 Service Unavailable; it asks for a pause of 5s", lambdacache.ErrThrottled, 1},
		{504, nil, "HTTP status 504 Gateway Timeout, 3 attempts", nil, 3},
		{599, nil, "HTTP status 599, 3 attempts", nil, 3},
	} {
		t.Run(test.text, func(t *testing.T) {
			l := newLab(t)
			l.Put("/d", "one")
			e := URL[string](l.URL + "/d?token=hunter2")
			get(t, e)
			l.pass()
			body := "s3cr3t"
			if test.status == 204 {
				body = ""
			}
			l.Fail(0, site.Answer(test.status, body, test.headers...))
			var calls int
			lambdacache.Observe(func(e lambdacache.Event) { calls += e.Calls })
			before := l.Calls()
			err := failure(t, e)
			if want := `lambdacache: load "d" from http ` + l.URL + "/d?token=…: " + test.text; err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			want(t, "requests", l.Calls()-before, test.tries)
			want(t, "reported", calls, test.tries)
			for _, kind := range []error{lambdacache.ErrNotFound, lambdacache.ErrDenied, lambdacache.ErrThrottled, lambdacache.ErrDecode} {
				if errors.Is(err, kind) != (kind == test.kind) {
					t.Errorf("errors.Is(%v) is %v", kind, errors.Is(err, kind))
				}
			}
			if status, ok := errors.AsType[*StatusError](err); !ok || status.Status != test.status {
				t.Errorf("errors.As finds %+v", status)
			}
			l.Heal()
			want(t, "afterwards", get(t, e), "one")
		})
	}
}

func TestWhoIsDenied(t *testing.T) {
	l, other := newLab(t), site.New(t)
	other.Fail(0, site.Answer(403, ""))
	redirects(l.Site, 302, map[string]string{"/away": other.URL + "/d"})
	key := Header("X-Key", constant("k"))
	host := strings.TrimPrefix(other.URL, "http://")
	failure(t, URL[string](l.URL+"/away", key), "HTTP status 403 Forbidden from "+host+": what httpcache.Header gives is not sent to another host")
	failure(t, URL[string](other.URL+"/d", key), "HTTP status 403 Forbidden: it does not accept what httpcache.Header gives")
}
