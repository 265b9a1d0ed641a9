package lambdacache_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// A value that cannot be decoded is a failure of the source too, but two entries of one
// key never show two versions.
func TestStaleIfNewValueCannotBeDecoded(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "old"})
	o := lc.NewOrigin("scripted", s)
	consent := lc.StaleIfError(tenMinutes)
	plain := declare(o, "k", consent)
	picky := lc.Declare(o, "k", "picky", func(v string) (string, error) {
		if v == "bad" {
			return "", errors.New("bad")
		}
		return v, nil
	}, consent)
	must(invoke(t.Context(), plain, picky))(t)
	s.set("k", "bad")
	guest.both(time.Minute)
	events := observe(t)

	want(t, "of whom it does not suit", must(picky.Get(t.Context()))(t), "old")
	want(t, "of whom it suits", must(plain.Get(t.Context()))(t), "bad")
	want(t, "stale", events.first(lc.EventStale).Entries[0], "picky")
	wantError(t, events.first(lc.EventStale).Err, "cannot decode")
	want(t, "calls", len(s.took()), 2)
	want(t, "in the pause", must(picky.Get(t.Context()))(t), "old")
	want(t, "calls in the pause", len(s.took()), 0)

	_, err := invoke(t.Context(), plain, picky)
	if !errors.Is(err, lc.ErrDecode) {
		t.Errorf("two versions of one key in an invocation, or %v", err)
	}
	guest.both(tenMinutes)
	_, err = picky.Get(t.Context())
	wantError(t, err, "cannot decode")
}

// Whom every value suits does not suffer from a sibling whom none does.
func TestSiblingThatNeverDecodes(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "1"})
	o := lc.NewOrigin("scripted", s)
	e := declare(o, "k", lc.MaxAge(time.Second), lc.StaleIfError(tenMinutes), lc.RefreshAhead(0.5))
	never := lc.Declare(o, "k", "never", func(string) (string, error) { return "", errors.New("bad") })
	for i := range 20 {
		_, err := never.Get(t.Context())
		wantError(t, err, "cannot decode")
		guest.both(time.Second)
		s.set("k", string(rune('a'+i)))
		want(t, "value", must(e.Get(t.Context()))(t), string(rune('a'+i)))
		s.took()
		guest.both(500 * time.Millisecond)
		must(reading(e)(t.Context()))(t)
		want(t, "early", len(s.took()), 1)
	}
}

// An old value is told of once for each load that failed, after the failure itself.
func TestStaleEvents(t *testing.T) {
	guest := newTimes(t)
	s, e := stale(t)
	events := observe(t)
	guest.both(61 * time.Second)
	read := reading(e)
	for range 5 {
		must(read(t.Context()))(t)
		must(e.Get(t.Context()))(t)
	}
	want(t, "events", events.lines(), "failed scripted \"k\" k calls=1 age=1m1s err=ServiceUnavailable\n"+
		"stale scripted \"k\" k calls=0 age=1m1s err=ServiceUnavailable")
	guest.both(time.Second)
	must(e.Get(t.Context()))(t)
	want(t, "events", events.lines(), "failed scripted \"k\" k calls=1 age=1m2s err=ServiceUnavailable\n"+
		"stale scripted \"k\" k calls=0 age=1m2s err=ServiceUnavailable")
	stats := e.Stats()
	want(t, "Failures", stats.Failures, 2)
	want(t, "Stale", stats.Stale, 2)
	s.failing(nil)
	guest.both(2 * time.Second)
	must(e.Get(t.Context()))(t)
	want(t, "recovered", events.lines(), `loaded scripted "k" k calls=1 age=0s err=<nil>`)
}

// What is built from a value that is stale is built from it as long.
func TestDerivedFromStale(t *testing.T) {
	guest := newTimes(t)
	_, e := stale(t)
	d := lc.Derive("d", func(ctx context.Context) (string, error) { return "<" + e.Value(ctx) + ">", nil }, []lc.Cached{e})
	guest.both(hardLimit - 1)
	want(t, "derived", must(reading(d)(t.Context()))(t), "<old>")
	want(t, "derived", must(d.Get(t.Context()))(t), "<old>")
	guest.both(1)
	_, err := d.Get(t.Context())
	wantError(t, err, "ServiceUnavailable")
}

// That a caller leaves, or the last invocation ends, is not the source's failure.
func TestCancelledLoadIsNoFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s := newScripted(1, map[string]string{"k": "old"})
		e := declare(lc.NewOrigin("scripted", s), "k", lc.StaleIfError(tenMinutes))
		must(e.Get(t.Context()))(t)
		s.set("k", "new")
		<-time.After(time.Minute)
		for name, cancel := range map[string]func(context.CancelFunc){
			"the caller leaves":           func(leave context.CancelFunc) { leave() },
			"the last invocation is over": func(context.CancelFunc) { _, _ = invoke(t.Context()) },
		} {
			s.gate = make(chan struct{})
			ctx, leave := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = e.Get(ctx) })
			synctest.Wait()
			cancel(leave)
			leave()
			wg.Wait()
			synctest.Wait()
			s.gate = nil
			s.took()
			want(t, name, must(e.Get(t.Context()))(t), "new")
			want(t, "calls", len(s.took()), 1)
			<-time.After(time.Minute)
		}
	})
}

// Where the source forbids asking, the limit runs from the time when it allows it.
func TestStaleAfterNotBefore(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "old"})
	s.tweak = func(r *lc.Result[string]) { r.NotBefore = time.Hour }
	e := declare(lc.NewOrigin("scripted", s), "k", lc.StaleIfError(tenMinutes))
	must(e.Get(t.Context()))(t)
	s.failing(down)
	guest.both(time.Hour + tenMinutes - 1)
	want(t, "value", must(e.Get(t.Context()))(t), "old")
	guest.both(1)
	_, err := e.Get(t.Context())
	wantError(t, err, "ServiceUnavailable")
}

func TestPolicyRefuses(t *testing.T) {
	wantPanic(t, "lambdacache: StaleIfError(0s): say how long", func() { lc.StaleIfError(0) })
	wantPanic(t, "lambdacache: StaleIfError(-1s): say how long", func() { lc.StaleIfError(-time.Second) })
	o := lc.NewOrigin("ssm", newScripted(1, nil))
	for name, opts := range map[string][]lc.Option{
		"StaleIfError with MaxAge(Forever)": {lc.StaleIfError(1), lc.MaxAge(lc.Forever)},
		"Jitter with MaxAge(Forever)":       {lc.MaxAge(lc.Forever), lc.Jitter(0.5)},
		"RefreshAhead with MaxAge(Forever)": {lc.MaxAge(lc.Forever), lc.RefreshAhead(0.5)},
		"RefreshAhead with MaxAge(0)":       {lc.RefreshAhead(0.5), lc.MaxAge(0)},
	} {
		wantPanic(t, `lambdacache: the entry for "k" from ssm: `+name, func() { declare(o, "k", opts...) })
	}
	nan := 0.0
	nan /= nan
	for _, f := range []float64{0, -0.1, 1, 2, nan} {
		wantPanic(t, "such as 0.8", func() { lc.RefreshAhead(f) })
	}
	for _, f := range []float64{0, -0.1, 1.1, nan} {
		wantPanic(t, "such as 0.25", func() { lc.Jitter(f) })
	}
	declare(o, "k", lc.StaleIfError(lc.Forever), lc.Jitter(1), lc.RefreshAhead(0.999))
	declare(o, "k", lc.StaleIfError(time.Hour), lc.MaxAge(0), lc.Jitter(1))
}

// Each entry is told of that goes on with an old value, whoever reads first.
func TestStaleIsToldOfEveryEntry(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "old"})
	o := lc.NewOrigin("scripted", s)
	a, b := declare(o, "k", lc.StaleIfError(tenMinutes), lc.Name("a")), declare(o, "k", lc.StaleIfError(tenMinutes), lc.Name("b"))
	must(invoke(t.Context(), a, b))(t)
	s.failing(down)
	guest.both(time.Minute)
	events := observe(t)
	for range 3 {
		must(a.Get(t.Context()))(t)
		must(b.Get(t.Context()))(t)
	}
	want(t, "events", events.lines(), "failed scripted \"k\" a,b calls=1 age=1m0s err=ServiceUnavailable\n"+
		"stale scripted \"k\" a calls=0 age=1m0s err=ServiceUnavailable\n"+
		"stale scripted \"k\" b calls=0 age=1m0s err=ServiceUnavailable")
	want(t, "Stale", b.Stats().Stale, 1)
}

// An entry that was fresh when the load failed is told of when it is due.
func TestStaleIsToldWhenAnEntryIsDue(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "old"})
	o := lc.NewOrigin("scripted", s)
	brief := declare(o, "k", lc.StaleIfError(tenMinutes), lc.MaxAge(10*time.Second), lc.Name("brief"))
	long := declare(o, "k", lc.StaleIfError(tenMinutes), lc.MaxAge(10500*time.Millisecond), lc.Name("long"))
	read := func() { must(invoke(t.Context(), brief, long))(t) }
	read()
	s.failing(down)
	guest.both(10 * time.Second)
	events := observe(t)
	read()
	want(t, "told", events.first(lc.EventStale).Entries[0], "brief")
	guest.both(500 * time.Millisecond) // in the pause, or just after it
	read()
	told := events.of(lc.EventStale)
	want(t, "told", told[len(told)-1].Entries[len(told[len(told)-1].Entries)-1], "long")
}
