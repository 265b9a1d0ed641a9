package lambdacache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestWrapHTTP(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"a": "1", "b": "2"})
	o := lc.NewOrigin("scripted", s)
	a, b := declare(o, "a"), declare(o, "b")
	h := lc.WrapHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, a.Value(r.Context()), b.Value(r.Context()), r.URL.Path)
	}), a, b)
	get := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/path", http.NoBody))
		return w
	}
	want(t, "body", get().Body.String(), "12/path")
	want(t, "calls", sorted(s.took()), "a+b")
	want(t, "body", get().Body.String(), "12/path")
	want(t, "calls while fresh", len(s.took()), 0)

	guest.both(time.Minute)
	s.failing(down)
	w := get()
	want(t, "status", w.Code, http.StatusServiceUnavailable)
	want(t, "body", strings.TrimSpace(w.Body.String()), "Service Unavailable")
	for _, none := range []http.Handler{nil, http.HandlerFunc(nil), (*http.ServeMux)(nil)} {
		wantPanic(t, "lambdacache: WrapHTTP: the handler is nil", func() { lc.WrapHTTP(none, a) })
	}
}

// A handler may be of any type.
type plainHandler struct{ text string }

func (h plainHandler) ServeHTTP(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, h.text) }

func TestWrapHTTPOfAStruct(t *testing.T) {
	w := httptest.NewRecorder()
	lc.WrapHTTP(plainHandler{"hello"}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	want(t, "body", w.Body.String(), "hello")
}

// Nothing is in flight when the handler has returned, as with Wrap.
func TestWrapHTTPLeavesNothingInFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k")
		h := lc.WrapHTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			go func() { _, _ = e.Get(context.WithoutCancel(r.Context())) }()
			synctest.Wait()
			want(t, "in flight", flight.Running(), 1)
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		want(t, "in flight at the end", flight.Running(), 0)
	})
}

// Behind the web adapter a request's deadline is its route's, or its client's, and tells
// nothing of the host's time: no value becomes older by it.
func TestDeadlinesOfAServerAreNotLambdas(t *testing.T) {
	newTimes(t)
	s := newScripted(10, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	h := lc.WrapHTTP(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), e)
	for _, limit := range []time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour} {
		server := httptest.NewServer(http.TimeoutHandler(h, limit, ""))
		resp, err := server.Client().Get(server.URL)
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		want(t, "status", resp.StatusCode, http.StatusOK)
		resp.Body.Close()
	}
	want(t, "calls", len(s.took()), 1)
}

// lambdaurl makes requests with the invocation's own context, whose deadline counts.
func TestDeadlinesOfAFunctionURLAre(t *testing.T) {
	newTimes(t)
	s := newScripted(10, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	h := lc.WrapHTTP(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), e)
	for _, host := range []time.Duration{0, time.Minute - 1, time.Minute} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(at(host), http.MethodGet, "/", http.NoBody))
	}
	want(t, "calls", len(s.took()), 2)
}

// The answer is written, and an early load is still joined before the request ends.
func TestWrapHTTPJoinsEarlyLoads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.5))
		h := lc.WrapHTTP(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), e)
		serve := func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
		}
		serve()
		<-time.After(31 * time.Second)
		want(t, "took", took(serve), 50*time.Millisecond)
		want(t, "in flight", flight.Running(), 0)
		want(t, "calls", len(s.took()), 2)
	})
}

// What a handler does with its ResponseWriter is its own affair: it may stream, take over
// the connection, and panic. Nothing of ours is left in flight.
func TestWrapHTTPLeavesTheAnswerToTheHandler(t *testing.T) {
	s := newScripted(10, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k", lc.MaxAge(0))
	flushed := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, e.Value(r.Context()))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-flushed
		fmt.Fprint(w, e.Value(r.Context()))
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n\r\n%s by hand", e.Value(r.Context()))
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewServer(lc.WrapHTTP(mux, e))
	defer server.Close()
	resp, err := server.Client().Get(server.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 1)
	must(io.ReadFull(resp.Body, first))(t)
	close(flushed)
	want(t, "streamed", string(first)+string(must(io.ReadAll(resp.Body))(t)), "vv")

	taken, err := server.Client().Get(server.URL + "/hijack")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Body.Close()
	want(t, "by hand", string(must(io.ReadAll(taken.Body))(t)), "v by hand")

	if aborted, err := server.Client().Get(server.URL + "/panic"); err == nil {
		aborted.Body.Close()
		t.Error("an answer of a handler that panicked")
	}
	testlab.Landed()
	want(t, "most at once", s.most, 1)
}
