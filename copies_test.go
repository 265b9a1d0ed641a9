package lambdacache_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// aged says of every value that it is a minute old, however young the request wants it.
type aged struct{ calls int }

func (s *aged) Load(context.Context, []lc.Request) []lc.Result[string] {
	s.calls++
	return []lc.Result[string]{{Value: "v", Age: time.Minute}}
}

// A source that does not heed that no copy will do is taken at its word once, not asked for ever.
func TestRefreshOfACopyThatIsNotWanted(t *testing.T) {
	newTimes(t)
	s := &aged{}
	e := declare(lc.NewOrigin("aged", s), "k", lc.MaxAge(time.Hour))
	want(t, "value", must(e.Refresh(t.Context()))(t), "v")
	want(t, "calls", s.calls, 1)
	want(t, "age", e.Stats().Age, time.Minute)
}

// What others have loaded while one waited for another key of the same origin is his too,
// whatever its age is by then, unless it is no answer of the source to a Refresh.
func TestWhatWasLoadedMeanwhile(t *testing.T) {
	for what, test := range map[string]struct {
		refresh bool
		age     time.Duration // of the answer that came meanwhile
		value   string        // likewise
		loads   int           // the one before, that one, and perhaps another
	}{
		"get":                  {false, 0, "v", 2},
		"refresh":              {true, 0, "v", 2},
		"refresh, a copy":      {true, time.Second, "v", 3},
		"refresh, undecodable": {true, 0, "bad", 3},
	} {
		t.Run(what, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				guest := newTimes(t) // it stands still, and tells no order
				loads := 0
				o := lc.NewOrigin("thing", loader(func(_ context.Context, reqs []lc.Request) []lc.Result[string] {
					if reqs[0].Key == "slow" {
						<-time.After(2 * time.Second)
						return []lc.Result[string]{{Value: "s"}}
					}
					<-time.After(time.Second)
					if loads++; loads == 2 {
						return []lc.Result[string]{{Value: test.value, Age: min(test.age, reqs[0].MaxAge)}}
					}
					return []lc.Result[string]{{Value: "v"}}
				}))
				age := time.Duration(0)
				if test.refresh {
					age = time.Hour
				}
				slow := declare(o, "slow", lc.MaxAge(0))
				e := lc.Declare(o, "e", "", func(v string) (string, error) {
					if v == "bad" {
						return "", errDown
					}
					return v, nil
				}, lc.MaxAge(age))
				n := 0
				both := pairOf("both", &n, slow, e)
				wait := each(t.Context(), []lc.Cached{e}) // too early to be shared
				<-time.After(500 * time.Millisecond)
				guest.both(500 * time.Millisecond)
				var all sync.WaitGroup
				all.Go(func() {
					if test.refresh {
						must(both.Refresh(t.Context()))(t)
					} else {
						must(both.Get(t.Context()))(t)
					}
				})
				<-time.After(600 * time.Millisecond)
				wait()
				if test.refresh {
					guest.both(time.Hour)
				}
				_, _ = e.Get(t.Context())
				all.Wait()
				want(t, "loads", loads, test.loads)
			})
		})
	}
}

// Retry joins a load that was in flight when it was refused. If that one brings a copy, the
// source is asked: a copy may be of before the rotation.
func TestRetryJoinsCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var requests []time.Duration
		gate := make(chan struct{})
		s := loader(func(_ context.Context, reqs []lc.Request) []lc.Result[string] {
			requests = append(requests, reqs[0].MaxAge)
			switch len(requests) {
			case 1:
				return []lc.Result[string]{{Value: "first"}}
			case 2:
				<-gate
				return []lc.Result[string]{{Value: "copy", Age: 5 * time.Second}}
			}
			return []lc.Result[string]{{Value: "new"}}
		})
		o := lc.NewOrigin("tier", s)
		e, strict := declare(o, "k", lc.MaxAge(time.Hour)), declare(o, "k", lc.MaxAge(10*time.Second))
		must(e.Get(t.Context()))(t)
		<-time.After(20 * time.Second)
		var all sync.WaitGroup
		all.Go(func() { want(t, "who takes a copy", must(strict.Get(t.Context()))(t), "copy") })
		synctest.Wait()
		var tried []string
		all.Go(func() {
			_, _ = lc.Retry(t.Context(), e, func(_ context.Context, v string) (int, error) { tried = append(tried, v); return 0, errLogin }, isLogin)
		})
		synctest.Wait()
		close(gate)
		all.Wait()
		want(t, "tried", fmt.Sprint(tried), "[first new]")
		want(t, "accepted ages", fmt.Sprint(requests), "[10s 10s 0s]")
	})
}
