package httpcache

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache"
)

// source loads documents with one client, the same headers and one query, but for those
// of families, whose keys have each their own.
type source struct {
	client  doer // nil for the default one
	headers headers
	limit   int
	query   string

	mu      sync.Mutex
	held    map[string]answered // by key
	queries map[string]string   // likewise, of families
}

// answered is what is known of the document that the last load of a key brought.
type answered struct {
	version string
	at      string // the URL that it came from, behind all redirects
	life    life   // what was last said of how long it may be kept
}

func newSource(client doer, headers headers, limit int, query string) *source {
	return &source{client: client, headers: headers, limit: limit, query: query, held: make(map[string]answered), queries: make(map[string]string)}
}

func (s *source) queryOf(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if query, ok := s.queries[key]; ok {
		return query
	}
	return s.query
}

// hold remembers the query of a family's key until the key is released.
func (s *source) hold(key, query string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries[key] = query
}

// Release forgets what is known of a key.
func (s *source) Release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, key)
	delete(s.queries, key)
}

// A load makes three tries at most. The pause before the second and the third is drawn
// from zero up to a ceiling that doubles, as in package awsconfig.
const (
	maxTries   = 3
	firstPause = 25 * time.Millisecond
	lastPause  = 400 * time.Millisecond
)

func (s *source) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[[]byte] {
	return []lambdacache.Result[[]byte]{s.load(ctx, reqs[0])}
}

func (s *source) load(ctx context.Context, req lambdacache.Request) (res lambdacache.Result[[]byte]) {
	calls := 0
	for try := 1; ; try++ {
		var n int
		res, n = s.try(ctx, req)
		calls += n
		if !worthAnother(res.Err) || ctx.Err() != nil {
			break
		}
		if try == maxTries {
			res.Err = &fault{text: res.Err.Error() + ", 3 attempts", err: res.Err}
			break
		}
		if !wait(ctx, rand.N(min(firstPause<<(try-1), lastPause)+1)) {
			break
		}
	}
	res.Calls = max(calls-1, 0)
	return res
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// try asks for a document once, redirects included, and says how many requests it made.
func (s *source) try(ctx context.Context, req lambdacache.Request) (res lambdacache.Result[[]byte], calls int) {
	w := &walk{source: s, ctx: ctx}
	defer func() { calls = w.calls }()
	if w.declared, res.Err = urlOf(req.Key, s.queryOf(req.Key)); res.Err != nil {
		return res, 0
	}
	if w.headers, res.Err = s.headers.values(ctx); res.Err != nil {
		return res, 0
	}
	w.fresh = req.MaxAge == 0
	had := s.last(req.Key)
	if had.version != req.Have { // a version that this process has not loaded itself
		had = answered{version: req.Have, at: w.declared.String()}
	}
	resp, at, err := w.document(had)
	if err != nil {
		res.Err = err
		return res, 0
	}
	defer resp.Body.Close()
	now := answered{version: versionOf(resp.Header), at: at.String(), life: readLife(resp.Header)}
	if resp.StatusCode == http.StatusNotModified {
		now.version, res.Unchanged = had.version, true
		if !now.life.said {
			now.life = had.life // as of the document that it goes on with
		}
	} else if res.Value, res.Err = s.read(w, at, resp); res.Err != nil {
		return res, 0
	}
	s.remember(req.Key, now)
	res.Version, res.Within = now.version, now.life.within(ageOf(resp.Header))
	return res, 0
}

func (s *source) last(key string) answered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[key]
}

func (s *source) remember(key string, a answered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[key] = a
}

// versionOf is what names the document of an answer: its ETag, else its Last-Modified,
// "" if nothing tells it from another one.
func versionOf(h http.Header) string {
	modified := h.Get("Last-Modified")
	at, err := http.ParseTime(modified)
	if etag := h.Get("ETag"); etag != "" && etag != "*" && !isDate(etag) { // "*" is every document's
		return etag
	}
	// Dates have no parts of a second: what changed in the last one may change again.
	if sent, derr := http.ParseTime(h.Get("Date")); err == nil && derr == nil && sent.Sub(at) >= time.Second {
		return modified
	}
	return ""
}

// condition puts a version to a request, so that only another one is sent.
func condition(h http.Header, version string) {
	switch {
	case version == "":
	case isDate(version):
		h.Set("If-Modified-Since", version)
	default:
		h.Set("If-None-Match", version)
	}
}

func isDate(s string) bool { _, err := http.ParseTime(s); return err == nil }

// goesOn reports whether a 304 is about the version that was asked for. It need not
// say, and need not say whether it compares byte by byte.
func goesOn(h http.Header, version string) bool {
	etag := h.Get("ETag")
	return etag == "" || isDate(version) || strings.TrimPrefix(etag, "W/") == strings.TrimPrefix(version, "W/")
}

// sameOrigin reports whether what one URL may be told, another may be.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}
