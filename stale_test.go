package lambdacache_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

const (
	tenMinutes = 10 * time.Minute
	hardLimit  = time.Minute + tenMinutes // of an entry with the default max age that is stale for ten minutes
)

// stale is an entry that may be stale for ten minutes, loaded once, of a source that
// has failed since.
func stale(t *testing.T, opts ...lc.Option) (*scripted, *lc.Entry[string]) {
	t.Helper()
	s := newScripted(10, map[string]string{"k": "old"})
	e := declare(lc.NewOrigin("scripted", s), "k", append([]lc.Option{lc.StaleIfError(tenMinutes)}, opts...)...)
	must(e.Get(context.Background()))(t)
	s.took()
	s.set("k", "new")
	s.failing(down)
	return s, e
}

// An old value is served up to its limit and not a moment longer, whichever clock
// tells the age.
func TestStaleIfErrorHasAHardLimit(t *testing.T) {
	for name, pass := range map[string]func(*times, time.Duration) time.Duration{
		"all clocks": func(c *times, d time.Duration) time.Duration { c.both(d); return d },
		"monotonic":  func(c *times, d time.Duration) time.Duration { c.pass(d, 0); return 0 },
		"wall":       func(c *times, d time.Duration) time.Duration { c.pass(0, d); return 0 },
		"host":       func(_ *times, d time.Duration) time.Duration { return d },
	} {
		t.Run(name, func(t *testing.T) {
			guest := newTimes(t)
			s := newScripted(10, map[string]string{"k": "old"})
			e := declare(lc.NewOrigin("scripted", s), "k", lc.StaleIfError(tenMinutes))
			read := reading(e)
			want(t, "first", must(read(at(0)))(t), "old")
			s.set("k", "new")
			s.failing(down)
			host := pass(guest, hardLimit-1)
			want(t, "a moment before the limit", must(read(at(host)))(t), "old")
			want(t, "Get", must(e.Get(t.Context()))(t), "old")
			if err := lc.Prefetch(t.Context(), e); err != nil {
				t.Error("Prefetch:", err)
			}
			host += pass(guest, 1)
			for range 2 {
				_, err := read(at(host))
				wantError(t, err, "ServiceUnavailable")
				_, err = e.Get(t.Context())
				wantError(t, err, "ServiceUnavailable")
			}
			s.failing(nil)
			want(t, "healed", must(read(at(host)))(t), "new")
		})
	}
}

func TestStaleValueIsNotServedWhenItsAgeIsUnknown(t *testing.T) {
	guest := newTimes(t)
	_, e := stale(t)
	guest.pass(time.Second, -time.Hour)
	_, err := e.Get(t.Context())
	wantError(t, err, "ServiceUnavailable")
}

// Only who gave consent gets an old value, and never when he asked for a new one or
// said that the old one is wrong.
func TestStaleOnlyByConsent(t *testing.T) {
	guest := newTimes(t)
	s, e := stale(t)
	strict := declare(lc.NewOrigin("scripted", s), "k", lc.Name("strict"))
	sibling := declare(lc.NewOrigin("scripted", s), "k")
	s.failing(nil)
	must(strict.Get(t.Context()))(t)
	must(sibling.Get(t.Context()))(t)
	s.failing(down)
	guest.both(2 * time.Minute)

	want(t, "with consent", must(e.Get(t.Context()))(t), "old")
	_, err := strict.Get(t.Context())
	wantError(t, err, "ServiceUnavailable")
	_, err = reading(e, strict)(t.Context())
	wantError(t, err, `load "strict" from scripted`)
	var failed *lc.LoadError
	if errors.As(err, &failed); len(failed.Failures) != 1 {
		t.Errorf("%d failures, want only that of the entry without consent", len(failed.Failures))
	}
	_, err = e.Refresh(t.Context())
	wantError(t, err, "ServiceUnavailable")
	want(t, "after a Refresh that failed", must(e.Get(t.Context()))(t), "old")
	lc.Invalidate(e)
	_, err = e.Get(t.Context())
	wantError(t, err, "ServiceUnavailable")
}

// However often it is invoked, a broken source is asked once a backoff; the pauses
// double to half a minute and are forgotten when it has recovered.
func TestBrokenSourceIsAskedOncePerBackoff(t *testing.T) {
	for _, ask := range []string{"Wrap", "Get"} {
		t.Run(ask, func(t *testing.T) {
			guest := newTimes(t)
			s, e := stale(t)
			read := e.Get
			if ask == "Wrap" {
				read = reading(e)
			}
			guest.both(time.Minute)
			const step = 100 * time.Millisecond
			var gaps []time.Duration
			since := time.Duration(0)
			for range 9 * time.Minute / step {
				want(t, "stale", must(read(t.Context()))(t), "old")
				if len(s.took()) > 0 {
					gaps, since = append(gaps, since), 0
				}
				guest.both(step)
				since += step
			}
			longest := time.Second
			for _, gap := range gaps[1:] {
				if gap < longest/2 || gap > longest+step {
					t.Errorf("asked again after %v, want %v to %v", gap, longest/2, longest)
				}
				longest = min(2*longest, 30*time.Second)
			}
			if len(gaps) < 18 || len(gaps) > 45 {
				t.Errorf("%d calls in nine minutes", len(gaps))
			}

			s.failing(nil)
			guest.both(30 * time.Second)
			want(t, "recovered", must(read(t.Context()))(t), "new")
			s.failing(down)
			s.took()
			guest.both(time.Minute)
			want(t, "stale again", must(read(t.Context()))(t), "new")
			guest.both(time.Second)
			want(t, "stale again", must(read(t.Context()))(t), "new")
			want(t, "calls: the pause is a second again", len(s.took()), 2)
		})
	}
}

// The pause is not longer than the max age: a source that has recovered is seen then.
func TestBackoffDoesNotExceedMaxAge(t *testing.T) {
	guest := newTimes(t)
	s, e := stale(t, lc.MaxAge(4*time.Second))
	for range 10 {
		guest.both(30 * time.Second)
		must(e.Get(t.Context()))(t)
	}
	s.took()
	guest.both(4 * time.Second)
	must(e.Get(t.Context()))(t)
	want(t, "calls after a max age", len(s.took()), 1)
}

// While one invocation finds out whether the source still fails, others go on at once.
func TestOneProbesWhileOthersGoOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, e := stale(t)
		<-time.After(time.Minute)
		must(e.Get(t.Context()))(t) // it is known to fail
		<-time.After(time.Second)
		s.took()
		s.gate = make(chan struct{})
		read := reading(e)
		var probe, others sync.WaitGroup
		probe.Go(func() { want(t, "probe", must(read(t.Context()))(t), "old") })
		synctest.Wait()
		for range 16 {
			others.Go(func() {
				want(t, "another waits", took(func() { want(t, "value", must(read(t.Context()))(t), "old") }), 0)
			})
		}
		others.Wait() // the probe is still held
		close(s.gate)
		probe.Wait()
		want(t, "calls", len(s.took()), 1)
	})
}

// A source that hangs costs an invocation half of its time, and less than 0.2 s is not
// worth a try.
func TestTooLittleTimeLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, e := stale(t, lc.LoadTimeout(time.Hour))
		events := observe(t)
		s.gate = make(chan struct{}) // for ever
		<-time.After(time.Minute)
		read := reading(e)
		within := func(d time.Duration) time.Duration {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			begun := time.Now()
			want(t, "value", must(read(ctx))(t), "old")
			return time.Since(begun)
		}
		took := within(3 * time.Second) // 0.1 s are kept to report an error
		if took < 1400*time.Millisecond || took > 1500*time.Millisecond {
			t.Errorf("waited %v for a source that hangs, of 3 s", took)
		}
		want(t, "calls", len(s.took()), 1)
		want(t, "in the pause", within(3*time.Second), 0)
		<-time.After(time.Minute)
		want(t, "with little time", within(190*time.Millisecond), 0)
		want(t, "calls", len(s.took()), 0)
		told := events.of(lc.EventStale)
		want(t, "events", len(told), 2)
		wantError(t, told[0].Err, "half of the time that was left is over")
		wantError(t, told[1].Err, "too little time is left for a load")

		done, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := e.Get(done); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who has left got %v", err)
		}
	})
}

// An entry that has not come of age stands in no other's way: it needs no consent.
func TestStaleBesideAFreshOneOfTheSameKey(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "old"})
	o := lc.NewOrigin("scripted", s)
	fresh, e := declare(o, "k", lc.MaxAge(time.Hour)), declare(o, "k", lc.MaxAge(time.Second), lc.StaleIfError(time.Hour))
	must(invoke(t.Context(), fresh, e))(t)
	s.failing(down)
	guest.both(time.Minute)
	want(t, "values", must(invoke(t.Context(), fresh, e))(t), "old old")
	guest.both(time.Hour)
	_, err := invoke(t.Context(), fresh, e)
	wantError(t, err, "ServiceUnavailable") // now both are due
}

// Who comes of age while its key is in a pause makes do from that moment on, and is told of.
func TestComingOfAgeInAPause(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "old"})
	o := lc.NewOrigin("scripted", s)
	strict, patient := declare(o, "k", lc.MaxAge(40*time.Second), lc.StaleIfError(time.Hour)), declare(o, "k", lc.MaxAge(5*time.Minute), lc.StaleIfError(time.Hour))
	h := lc.Wrap(func(context.Context, int) (int, error) { return 0, nil }, strict, patient)
	must(h(t.Context(), 0))(t)
	s.failing(down)
	for second := range 301 { // the pauses last 15 to 30 s by then
		must(h(t.Context(), 0))(t)
		want(t, "stale from then on", patient.Stats().Stale > 0, second == 300)
		guest.both(time.Second)
	}
}

// Who has an old value to go on with waits half of his time for a load; if it is forgotten
// by then he waits on, like those who never had one.
func TestStaleValueIsForgottenMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, e := stale(t, lc.LoadTimeout(time.Hour))
		s.failing(nil)
		s.latency = 12 * time.Second
		<-time.After(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var reader sync.WaitGroup
		reader.Go(func() {
			want(t, "waits for a load that began later", took(func() { want(t, "value", must(e.Get(ctx))(t), "new") }), 13*time.Second)
		})
		<-time.After(time.Second)
		synctest.Wait()
		s.latency = time.Second
		lc.Invalidate(e)
		reader.Wait()
		want(t, "most at once", s.most, 1)
	})
}

// One who has too little time for a load goes on with the old value at once. If it is
// forgotten at that very moment he loads after all, and has what the load brings.
func TestStaleValueIsForgottenAtTheSameMoment(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		e := declare(lc.NewOrigin("scripted", s), "k", lc.StaleIfError(tenMinutes))
		for range 10_000 {
			must(e.Get(t.Context()))(t)
			<-time.After(time.Minute)
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			var ready atomic.Int32
			together := func() {
				for ready.Add(1); ready.Load() < 2; {
					runtime.Gosched()
				}
			}
			var forgetting sync.WaitGroup
			forgetting.Go(func() { together(); lc.Invalidate(e) })
			together()
			must(e.Get(ctx))(t)
			forgetting.Wait()
			cancel()
		}
	})
}
