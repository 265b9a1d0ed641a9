package e2e

import (
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/httpcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// What a server says of freshness and validators, as one that others wrote says it.
func TestDocumentsOnServeStatic(t *testing.T) {
	for name, options := range map[string]peers.StaticOptions{
		"by ETag":          {ETag: true, MaxAge: "10s"},
		"by Last-Modified": {ETag: false, MaxAge: "10s"},
	} {
		t.Run(name, func(t *testing.T) {
			s := peers.ServeStatic(t, options)
			clock := cachetest.NewClock(t)
			cachetest.Reset(t)
			calls := 0
			lambdacache.Observe(func(e lambdacache.Event) { calls += e.Calls })
			s.Put(t, "/dir/index.html", "one")
			e := httpcache.URL[string](s.Endpoint + "/dir") // redirected to /dir/
			read := func(want string, unchanged, requests int) {
				t.Helper()
				got, err := e.Get(t.Context())
				if err != nil || got != want {
					t.Fatal(got, err)
				}
				if n := int(e.Stats().Unchanged); n != unchanged || calls != requests {
					t.Errorf("%d unchanged by %d requests, want %d by %d", n, calls, unchanged, requests)
				}
			}
			read("one", 0, 2)
			if v := e.Version(); (v[0] == '"' || v[:3] == `W/"`) != options.ETag {
				t.Errorf("the version is %s", v)
			}
			clock.Advance(9 * time.Second)
			read("one", 0, 2)
			clock.Advance(time.Second)
			read("one", 1, 4)
			s.Put(t, "/dir/index.html", "two")
			clock.Advance(10 * time.Second)
			read("two", 1, 6)
			clock.Advance(10 * time.Second)
			read("two", 2, 8)
		})
	}
}
