package freshnessdoc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// The entry whose life is drawn.
const (
	maxAge = lambdacache.DefaultMaxAge
	ahead  = 0.8
	stale  = 30 * time.Second
	// A jitter of up to a quarter, of which this environment has drawn nothing.
	jitter = 0.25
)

// phase is a part of an entry's life: what an invocation meets that begins then.
type phase struct {
	name         string
	from         time.Duration // the first age of it
	works, fails outcome       // with a source that answers, and with one that does not
}

// outcome is what an invocation that begins at some age sees.
type outcome struct {
	calls  int
	beside bool // the call is made while the handler runs, not before
	value  string
	err    bool
	events string
}

// at makes an entry of the given age and begins an invocation with it.
func at(t *testing.T, age time.Duration, works bool) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { o = meet(t, age, works) })
	return o
}

func meet(t *testing.T, age time.Duration, works bool) (o outcome) {
	t.Cleanup(environment.Replace(environment.Function))
	t.Cleanup(environment.ReplaceDraw(0))
	cachetest.Reset(t)
	clock := cachetest.NewClock(t)
	aged, inside := false, make(chan struct{})
	e := lambdacache.New("entry", func(context.Context) (string, error) {
		if !aged {
			return "old", nil
		}
		o.calls++
		select {
		case <-inside:
			o.beside = true
		case <-time.After(time.Second): // the handler waits for it
		}
		if !works {
			return "", errors.New("503 Service Unavailable")
		}
		return "new", nil
	}, lambdacache.MaxAge(maxAge), lambdacache.RefreshAhead(ahead), lambdacache.StaleIfError(stale), lambdacache.Jitter(jitter))
	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		if aged {
			close(inside)
		}
		return e.Value(ctx), nil
	}, e)
	if _, err := handler(t.Context(), struct{}{}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(age)
	aged = true
	var events []string
	lambdacache.Observe(func(event lambdacache.Event) { events = append(events, event.Kind.String()) })
	defer lambdacache.Observe(nil)
	value, err := handler(t.Context(), struct{}{})
	o.value, o.err, o.events = value, err != nil, strings.Join(events, ", ")
	return o
}

// life finds the phases of the entry's life.
func life(t *testing.T) []phase {
	t.Helper()
	return find(func(age time.Duration) phase {
		return phase{from: age, works: at(t, age, true), fails: at(t, age, false)}
	}, time.Second)
}

// find finds the phases of a life, each where one of its outcomes changes; none is
// shorter than a step.
func find(both func(age time.Duration) phase, step time.Duration) (phases []phase) {
	const end = maxAge + stale + maxAge
	same := func(p, q phase) bool { return p.works == q.works && p.fails == q.fails }
	now := both(0)
	phases = []phase{now}
	for age := time.Duration(0); age < end; age += step {
		next := both(age + step)
		if same(now, next) {
			continue
		}
		low, high := age, age+step // the change is after low, and at high at the latest
		for high-low > 1 {
			if middle := low + (high-low)/2; same(now, both(middle)) {
				low = middle
			} else {
				high = middle
			}
		}
		now = both(high)
		phases = append(phases, now)
	}
	for i := range phases {
		phases[i].name = phases[i].kind()
	}
	return phases
}

// kind names a phase by what happens in it.
func (p phase) kind() string {
	switch w, f := p.works, p.fails; {
	case w.calls == 0 && f.calls == 0 && w.value == "old" && !f.err:
		return "fresh"
	case w.beside && f.beside && w.value == "old" && f.value == "old":
		return "ahead"
	case w.value == "new" && f.value == "old" && f.events == "failed, stale":
		return "stale allowed"
	case w.value == "new" && f.err && f.events == "failed":
		return "refused"
	}
	return "unknown"
}
