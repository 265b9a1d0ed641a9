package httpcache

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

func TestFamily(t *testing.T) {
	l := newLab(t)
	l.Put("/acme/keys", "k1")
	keys := Family[string](func(tenant string) string { return l.URL + "/" + tenant + "/keys" }, lambdacache.MaxEntries(2))
	read := func(tenant, value string) {
		t.Helper()
		got, err := keys.Get(t.Context(), tenant)
		want(t, tenant, fmt.Sprintf("%s %v", got, err), value+" <nil>")
	}
	read("acme", "k1")
	read("acme", "k1")
	l.pass()
	read("acme", "k1")
	want(t, "calls", l.Calls(), 2)
	want(t, "unchanged", keys.Stats().Unchanged, 1)
	_, err := Family[string](strings.ToLower).Get(t.Context(), "ftp://host/")
	want(t, "error", fmt.Sprint(err), `lambdacache: load "http" from http ftp://host/: not the URL of a document: write "https://host/path"`)
	want(t, "panic", panicOf(t, func() { Family[int, string](nil) }), "lambdacache: httpcache.Family: the function for the URLs is nil")
}

// URLs that differ in a secret of the query only are not mixed up, nor is it shown.
func TestFamilyOfQueries(t *testing.T) {
	l := newLab(t)
	l.Fail(0, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if token := r.URL.Query().Get("token"); token != "s3cr3t0" {
				w.Write([]byte(token))
				return
			}
			w.WriteHeader(http.StatusNotFound)
		})
	})
	f := Family[string](func(token string) string { return l.URL + "/d?token=" + token }, lambdacache.MaxEntries(2))
	for range 2 {
		for _, token := range []string{"s3cr3t1", "s3cr3t2", "s3cr3t3"} {
			got, err := f.Get(t.Context(), token)
			want(t, "value", fmt.Sprintf("%s %v", got, err), token+" <nil>")
		}
	}
	want(t, "calls", l.Calls(), 6)
	want(t, "evicted", f.Stats().Evicted, 4)
	_, err := f.Get(t.Context(), "s3cr3t0")
	if text := fmt.Sprint(err); strings.Contains(text, "s3cr3t") || !strings.Contains(text, "/d?token=…#") {
		t.Error(text)
	}
	o, _ := take("", nil)
	o.source.mu.Lock()
	defer o.source.mu.Unlock()
	if n := len(o.source.queries); n != 2 {
		t.Errorf("the queries of %d keys are remembered, want 2", n)
	}
	held := 0
	for key := range o.source.held {
		if strings.HasPrefix(key, l.URL) { // not another test's
			held++
		}
	}
	if held > 2 {
		t.Errorf("the answers of %d keys are remembered, want 2 at most", held)
	}
}
