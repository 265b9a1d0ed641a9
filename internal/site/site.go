// Package site is a web site for tests: documents that a test puts there, answered as
// net/http answers files, conditions included, and whatever else a test has happen.
package site

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Site is a running server.
type Site struct {
	*httptest.Server

	mu          sync.Mutex
	documents   map[string]document // by path
	denied      map[string]int      // the status, by path
	effects     []*effect
	requests    []Request
	connections int
}

type document struct {
	body     string
	header   http.Header
	modified time.Time
}

type effect struct {
	left int // requests that it is for
	do   func(next http.Handler) http.Handler
}

// Request is one that came.
type Request struct {
	URL    string // path and query
	Header http.Header
}

// Start starts a site without documents. It must be closed.
func Start() *Site { return start((*httptest.Server).Start) }

// New starts a site until the test ends.
func New(t testing.TB) *Site {
	t.Helper()
	s := Start()
	t.Cleanup(s.Close)
	return s
}

// NewTLS is New for https, with a certificate that only the site's Client trusts.
func NewTLS(t testing.TB) *Site {
	t.Helper()
	s := start((*httptest.Server).StartTLS)
	t.Cleanup(s.Close)
	return s
}

func start(how func(*httptest.Server)) *Site {
	s := &Site{documents: make(map[string]document), denied: make(map[string]int)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.connections++
			s.mu.Unlock()
		}
	}
	how(s.Server)
	return s
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, Request{URL: r.URL.RequestURI(), Header: r.Header.Clone()})
	doc, there := s.documents[r.URL.Path]
	denial := s.denied[r.URL.Path]
	do := func(next http.Handler) http.Handler { return next }
	if len(s.effects) > 0 {
		e := s.effects[0]
		do = e.do
		if e.left--; e.left == 0 {
			s.effects = s.effects[1:]
		}
	}
	s.mu.Unlock()
	do(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if denial != 0 {
			http.Error(w, http.StatusText(denial), denial)
			return
		}
		if !there {
			http.NotFound(w, r)
			return
		}
		for name, values := range doc.header {
			w.Header()[name] = values
		}
		http.ServeContent(w, r, "", doc.modified, strings.NewReader(doc.body))
	})).ServeHTTP(w, r)
}

// Put makes body the document of a path, with an ETag of its own. Further headers are
// names and values in turn; an empty value takes a header away, also the ETag, and
// Last-Modified is a date that conditions are compared with.
func (s *Site) Put(path, body string, headers ...string) {
	doc := document{body: body, header: http.Header{"Content-Type": {"application/octet-stream"}}}
	doc.header.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body)))[:20]+`"`)
	for pair := range slices.Chunk(headers, 2) {
		switch name, value := pair[0], pair[1]; {
		case name == "Last-Modified":
			doc.modified, _ = http.ParseTime(value)
		case value == "":
			doc.header.Del(name)
		default:
			doc.header.Add(name, value)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[path] = doc
}

// Remove takes a document away.
func (s *Site) Remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.documents, path)
}

// Deny makes the answer for a path an HTTP status, such as 403, until Allow.
func (s *Site) Deny(path string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[path] = status
}

// Allow takes Deny back.
func (s *Site) Allow(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.denied, path)
}

// Fail makes the next n requests, 0 for all, meet an effect, after those that were
// told before.
func (s *Site) Fail(n int, do func(next http.Handler) http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.effects = append(s.effects, &effect{n, do})
}

// Heal takes all effects back.
func (s *Site) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.effects = nil
}

// Answer is the effect of an answer: a status, a body, and headers as for Put.
func Answer(status int, body string, headers ...string) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for pair := range slices.Chunk(headers, 2) {
				w.Header().Add(pair[0], pair[1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // the client may have left
		})
	}
}

// Raw is the effect of an answer that may not be HTTP.
func Raw(text string) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(conn, text) // likewise
			_ = conn.Close()
		})
	}
}

// Requests are those that came since the start.
func (s *Site) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Last is the newest request.
func (s *Site) Last() Request {
	all := s.Requests()
	return all[len(all)-1]
}

// Calls is how many requests came.
func (s *Site) Calls() int { return len(s.Requests()) }

// Connections is how many connections were opened.
func (s *Site) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}
