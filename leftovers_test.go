package lambdacache_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

func TestLeftOversAreAskedForAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(10)
		s := newScripted(10, values)
		answered := 0
		s.tweak = func(r *lc.Result[string]) { // every call answers one key only
			if answered++; answered > len(s.calls) {
				r.Err = lc.ErrLeftOver
				answered--
			}
		}
		start := time.Now()
		o := lc.NewOrigin("scripted", s, lc.OriginLoadTimeout(time.Hour))
		h := lc.Wrap(func(context.Context, int) (int, error) { return 1, nil }, declareAll(o, keys)...)
		must(h(t.Context(), 0))(t)
		for i, call := range s.took() {
			want(t, "keys of a call", strings.Join(call, " "), strings.Join(keys[i:], " "))
		}
		if time.Since(start) == 0 {
			t.Error("asked again without a pause")
		}
	})
}

func TestLeftOversEndWithTheBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(10, map[string]string{"k": "v"})
		s.tweak = func(r *lc.Result[string]) { r.Err = lc.ErrLeftOver }
		start := time.Now()
		_, err := declare(lc.NewOrigin("scripted", s), "k").Get(t.Context())
		wantError(t, err, "no answer within 3s")
		want(t, "left over", errors.Is(err, lc.ErrLeftOver), true)
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("took %v", d)
		}
		if n := len(s.took()); n > 200 {
			t.Errorf("hammered the source: %d calls in 3 s", n)
		}
	})
}

// The pauses double from 25 ms to 400 ms; each is drawn from nothing up to that.
func TestPausesOfLeftOvers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(10, map[string]string{"k": "v"})
		e := declare(lc.NewOrigin("scripted", s), "k", lc.LoadTimeout(time.Hour))
		longest := make([]time.Duration, 8)
		for range 200 {
			var asked []time.Time
			s.tweak = func(r *lc.Result[string]) {
				if asked = append(asked, time.Now()); len(asked) <= len(longest) {
					r.Err = lc.ErrLeftOver
				}
			}
			must(e.Refresh(t.Context()))(t)
			for i := range longest {
				longest[i] = max(longest[i], asked[i+1].Sub(asked[i]))
			}
		}
		for i, got := range longest {
			if most := min(25*time.Millisecond<<i, 400*time.Millisecond); got > most || got < most*3/4 {
				t.Errorf("pause %d: %v at the longest of 200, want up to %v", i+1, got, most)
			}
		}
	})
}

// When the time is up, nothing is split: the calls for each key alone would be in vain.
func TestNothingIsSplitWhenTheTimeIsUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(3)
		s := newScripted(10, values)
		s.gate = make(chan struct{})
		s.tweak = func(r *lc.Result[string]) { r.Err = lc.Blame(r.Err) }
		err := lc.Prefetch(t.Context(), declareAll(lc.NewOrigin("scripted", s), keys)...)
		wantError(t, err, "no answer within 3s")
		want(t, "calls", len(s.took()), 1)
	})
}
