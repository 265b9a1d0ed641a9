package lambdacache_test

import (
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// The max age is shortened by the environment's one draw: entries still share calls.
func TestJitterOnlyShortens(t *testing.T) {
	for _, test := range []struct{ draw, due float64 }{{0, 60}, {0.5, 45}, {0.99, 30.3}} {
		guest := newTimes(t)
		restore := environment.ReplaceDraw(test.draw)
		s := newScripted(10, map[string]string{"a": "a", "b": "b", "c": "c"})
		o := lc.NewOrigin("scripted", s)
		a := declare(o, "a", lc.Jitter(0.5))
		b := declare(o, "b", lc.Jitter(0.5), lc.RefreshAhead(0.5))
		c := declare(o, "c", lc.Jitter(0.5), lc.StaleIfError(tenMinutes))
		must(invoke(t.Context(), a, b, c))(t)
		s.took()
		due := time.Duration(test.due * float64(time.Second))
		guest.both(due - time.Microsecond)
		must(a.Get(t.Context()))(t)
		want(t, "calls before", len(s.took()), 0)
		guest.both(2 * time.Microsecond)
		must(invoke(t.Context(), a, b, c))(t)
		want(t, "calls", sorted(s.took()), "a+b+c")

		guest.both(due/2 + time.Microsecond)
		must(invoke(t.Context(), b))(t)
		want(t, "early", sorted(s.took()), "b")

		s.failing(down)
		guest.both(hardLimit - due/2 - 2*time.Microsecond) // the consent is to the declared max age
		want(t, "stale", must(c.Get(t.Context()))(t), "c")
		guest.both(2 * time.Microsecond)
		_, err := c.Get(t.Context())
		wantError(t, err, "ServiceUnavailable")
		restore()
	}
}

func TestDrawIsOfTheProcess(t *testing.T) {
	d := environment.Draw()
	want(t, "in range", d >= 0 && d < 1, true)
	want(t, "drawn once", environment.Draw(), d)
}
