package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// line is an event in one line, without its duration.
func line(e lc.Event) string {
	return fmt.Sprintf("%v %s %q %s calls=%d age=%v err=%v", e.Kind, e.Source, e.Key, strings.Join(e.Entries, ","), e.Calls, e.Age, e.Err)
}

// lines gives the events since the last time it was asked.
func (r *recorded) lines() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, e := range r.list {
		all = append(all, line(e))
	}
	r.list = nil
	return strings.Join(all, "\n")
}

func TestEventsOfOneKey(t *testing.T) {
	guest := newTimes(t)
	events := observe(t)
	s := newScripted(1, map[string]string{"/app/k": "v1"})
	o := lc.NewOrigin("scripted", s)
	decoded := 0
	a, b := declare(o, "/app/k"), picky(o, "/app/k", "b", &decoded)
	ctx := context.Background()

	must(a.Get(ctx))(t)
	want(t, "loaded", events.lines(), `loaded scripted "/app/k" k,b calls=1 age=0s err=<nil>`)
	for range 3 {
		must(a.Get(ctx))(t)
		must(invoke(ctx, a, b))(t)
		must(0, lc.Prefetch(ctx, a, b))(t)
	}
	want(t, "hits", events.lines(), "")

	guest.both(time.Minute)
	must(b.Get(ctx))(t)
	want(t, "unchanged", events.lines(), `unchanged scripted "/app/k" k,b calls=1 age=0s err=<nil>`)

	guest.both(90 * time.Second)
	s.failing(down)
	_, _ = a.Get(ctx)
	want(t, "failed", events.lines(), `failed scripted "/app/k" k,b calls=1 age=1m30s err=ServiceUnavailable`)

	s.failing(nil)
	s.set("/app/k", "bad2")
	must(a.Get(ctx))(t)
	want(t, "undecodable for b", events.lines(), `loaded scripted "/app/k" k calls=1 age=0s err=<nil>`+"\n"+
		`failed scripted "/app/k" b calls=0 age=1m30s err=cannot decode: the decoder into string failed with a *errors.errorString`)

	lc.Invalidate(a)
	want(t, "Invalidate", events.lines(), "")
	s.failing(down)
	_, _ = a.Get(ctx)
	want(t, "failed with nothing held", events.lines(), `failed scripted "/app/k" k,b calls=1 age=0s err=ServiceUnavailable`)

	lc.Observe(nil)
	_, _ = a.Get(ctx)
	want(t, "unset", events.lines(), "")

	want(t, "stats of a", a.Stats(), lc.Stats{Loads: 2, Unchanged: 1, Failures: 3})
	want(t, "stats of b", b.Stats(), lc.Stats{Loads: 1, Unchanged: 1, Failures: 4})
}

func TestEventsOfABatch(t *testing.T) {
	events := observe(t)
	keys, values := many(3)
	s := newScripted(10, values)
	s.fail = denying(keys[1])
	entries := declareAll(lc.NewOrigin("scripted", s), keys)
	_ = lc.Prefetch(context.Background(), entries...)
	want(t, "calls", events.calls(), len(s.took()))
	want(t, "isolated", line(events.first(lc.EventIsolated)),
		`isolated scripted "/app/k01" k01 calls=0 age=0s err=AccessDeniedException; allow svc:GetMany on arn:/app/k01`)
	want(t, "loaded", events.count(lc.EventLoaded), 2)
	want(t, "failed", events.count(lc.EventFailed), 1)
	var denied *lc.DeniedError
	want(t, "cause", errors.As(events.first(lc.EventFailed).Err, &denied), true)
}

func TestEventOfAFallback(t *testing.T) {
	events := observe(t)
	keys, values := many(3)
	s := &single{newScripted(10, values), func(string) error { return nil }}
	s.fail = func([]string) error { return lc.Blame(lc.Denied(errAccess, "svc:GetMany", "*")) }
	must(0, lc.Prefetch(context.Background(), declareAll(lc.NewOrigin[string]("scripted", s), keys)...))(t)
	e := events.first(lc.EventFallback)
	want(t, "event", line(e), `fallback scripted ""  calls=0 age=0s err=AccessDeniedException; allow svc:GetMany on *`)
	var denied *lc.DeniedError
	want(t, "what to grant", errors.As(e.Err, &denied) && denied.Action == "svc:GetMany", true)
	want(t, "calls", events.calls(), len(s.took()))
}

func TestEventDuration(t *testing.T) {
	guest := newTimes(t)
	events := observe(t)
	e := lc.New("slow", func(context.Context) (int, error) {
		guest.pass(7*time.Second, time.Hour) // by the monotonic clock
		return 1, nil
	})
	must(e.Get(context.Background()))(t)
	want(t, "duration", events.first(lc.EventLoaded).Duration, 7*time.Second)
	want(t, "age: since the start of the load", events.first(lc.EventLoaded).Age, time.Hour)
}

func TestEventsComeBeforeTheWaitersGoOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		told, returned := make(chan struct{}), false
		lc.Observe(func(lc.Event) { <-told })
		defer lc.Observe(nil)
		e := constant("e")
		go func() { _, _ = e.Get(t.Context()); returned = true }()
		synctest.Wait()
		want(t, "returned before the event was taken", returned, false)
		close(told)
		synctest.Wait()
		want(t, "returned", returned, true)
	})
}

func TestObserveReplaces(t *testing.T) {
	newTimes(t)
	first, second := observe(t), observe(t)
	must(constant("e").Get(context.Background()))(t)
	want(t, "first", first.lines(), "")
	want(t, "second", second.lines(), `loaded func "e" e calls=1 age=0s err=<nil>`)
}

func TestEventKinds(t *testing.T) {
	kinds := []lc.EventKind{0, lc.EventLoaded, lc.EventUnchanged, lc.EventFailed, lc.EventIsolated, lc.EventFallback, 99}
	want(t, "names", fmt.Sprint(kinds), "[unknown loaded unchanged failed isolated fallback unknown]")
}

// troubled is a source that does everything a source may do, and what it may not.
type troubled struct {
	*single
	random *rand.Rand
}

func (s *troubled) roll(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

func (s *troubled) Load(ctx context.Context, reqs []lc.Request) []lc.Result[string] {
	results := s.scripted.Load(ctx, reqs)
	switch s.roll(8) {
	case 0:
		panic("trouble")
	case 1:
		runtime.Goexit()
	case 2:
		return results[1:]
	case 3:
		for i := range results {
			if s.roll(3) > 0 {
				results[i] = lc.Result[string]{Err: lc.ErrLeftOver}
			}
		}
	case 4:
		<-ctx.Done()
		results[0] = lc.Result[string]{Err: ctx.Err()}
	}
	return results
}

// In every scenario the calls of the events add up to the calls of the source, and
// the counts of the entries to the events.
func TestEventsAddUp(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for i := range uint64(60) {
		bubble(t, func(t *testing.T) { addUp(t, rand.New(rand.NewPCG(seed, i))) })
	}
}

func addUp(t *testing.T, random *rand.Rand) {
	events := observe(t)
	keys, values := many(7)
	one := func(string) error { return nil }
	s := &troubled{&single{newScripted(3, values), one}, rand.New(rand.NewPCG(random.Uint64(), 0))}
	o := lc.NewOrigin[string]("scripted", s)
	decoded := 0
	var entries []*lc.Entry[string]
	for i, k := range keys {
		entries = append(entries, declare(o, k, lc.MaxAge(time.Duration(i)*time.Second)))
	}
	entries = append(entries, picky(o, keys[0], "picky", &decoded, lc.MaxAge(time.Second)))
	for i := range 40 {
		switch random.IntN(5) {
		case 0:
			s.failing(nil)
		case 1:
			s.failing(denying(keys[random.IntN(7)], keys[random.IntN(7)]))
		case 2:
			s.failing(down)
		}
		s.set(keys[random.IntN(7)], fmt.Sprint([]string{"", "bad"}[random.IntN(2)], i/3))
		var list []lc.Cached
		for range 1 + random.IntN(7) {
			list = append(list, entries[random.IntN(8)])
		}
		var wg sync.WaitGroup
		e := entries[random.IntN(8)]
		wg.Go(func() { _ = lc.Prefetch(t.Context(), list...) })
		wg.Go(func() { _, _ = e.Refresh(t.Context()) })
		if random.IntN(4) == 0 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(100))*time.Millisecond)
			wg.Go(func() { defer cancel(); _, _ = e.Get(ctx) })
		}
		if random.IntN(6) == 0 {
			lc.Invalidate(entries[random.IntN(8)])
		}
		wg.Wait()
		<-time.After(time.Duration(random.IntN(2000)) * time.Millisecond)
	}
	synctest.Wait()
	want(t, "calls", events.calls(), len(s.took()))

	counted := make(map[string]lc.Stats)
	for _, e := range events.list {
		for _, name := range e.Entries {
			st := counted[name]
			switch e.Kind {
			case lc.EventLoaded:
				st.Loads++
			case lc.EventUnchanged:
				st.Unchanged++
			case lc.EventFailed:
				st.Failures++
			}
			counted[name] = st
		}
	}
	for _, e := range entries {
		st := e.Stats()
		st.Age = 0
		want(t, "stats of "+e.Name(), st, counted[e.Name()])
	}
}

// Nothing of what was loaded, sent or quoted by others is in an event.
func TestEventsHoldNoValue(t *testing.T) {
	events := observe(t)
	s := newScripted(10, map[string]string{"k": "bad " + secret})
	o := lc.NewOrigin("scripted", s)
	decoded := 0
	a, b := declare(o, "k"), picky(o, "k", "b", &decoded)
	_, _ = b.Get(context.Background())
	_, _ = invoke(context.Background(), a, b)
	_, _ = lc.New("panics", func(context.Context) (int, error) { panic("quoting " + secret) }).Get(context.Background())
	if events.count(lc.EventFailed) < 3 {
		t.Fatal("the events did not happen")
	}
	for _, e := range events.list {
		noSecret(t, e.Kind.String(), e)
		noSecret(t, "its error", e.Err)
	}
	noSecret(t, "stats", a.Stats(), b.Stats())
}
