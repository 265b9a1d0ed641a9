package lambdacache_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
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
	wantPanic(t, "lambdacache: WrapHTTP: the handler is nil", func() { lc.WrapHTTP(nil, a) })
}

// The answer is written, and an early load is still joined before the request ends.
func TestWrapHTTPJoinsEarlyLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
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

// Readers never wait, and calls are as few as without it.
func TestKeepFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, o, keys := slow(12)
		list := declareAll(o, keys[:11])
		e := declare(o, keys[11])
		once := declare(o, keys[0], lc.MaxAge(lc.Forever), lc.Name("once"))
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { lc.KeepFresh(ctx, append(list, e, once)...); close(stopped) }()
		<-time.After(time.Second)
		want(t, "calls at its start", len(s.took()), 2)
		for range 600 {
			want(t, "a reader waits", took(func() { must(e.Get(t.Context()))(t) }), 0)
			<-time.After(time.Second)
		}
		if n := len(s.took()); n < 2*10 || n > 2*13 {
			t.Errorf("%d calls in ten minutes, want two every 48 s or so", n)
		}
		want(t, "most at once", s.most, 1)

		s.failing(down)
		events := observe(t)
		<-time.After(2 * time.Minute)
		if n := len(s.took()); n > 2*20 {
			t.Errorf("%d calls to a broken source in two minutes", n)
		}
		want(t, "told", events.count(lc.EventFailed) > 0, true)
		s.failing(nil)
		<-time.After(31 * time.Second)
		want(t, "recovered", took(func() { must(e.Get(t.Context()))(t) }), 0)

		stop()
		<-stopped
		synctest.Wait()
		want(t, "in flight when it has stopped", flight.Running(), 0)
		s.took()
		<-time.After(10 * time.Minute)
		want(t, "calls after it has stopped", len(s.took()), 0)
	})
}

// A context that is done already starts nothing.
func TestKeepFreshOfAContextThatIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		ctx, stop := context.WithCancel(t.Context())
		stop()
		lc.KeepFresh(ctx, declare(lc.NewOrigin("scripted", s), "k"))
		synctest.Wait() // for a load that was begun all the same
		want(t, "calls", len(s.took()), 0)
	})
}

func TestKeepFreshWhereNothingRunsOn(t *testing.T) {
	defer environment.Replace(environment.Function)()
	s := newScripted(1, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	lc.KeepFresh(t.Context(), e) // returns
	want(t, "calls", len(s.took()), 0)
	never := declare(lc.NewOrigin("scripted", s), "k", lc.MaxAge(0))
	wantPanic(t, `lambdacache: KeepFresh: k has MaxAge(0)`, func() { lc.KeepFresh(t.Context(), never) })
}
