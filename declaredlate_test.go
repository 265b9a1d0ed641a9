package lambdacache_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

func TestDeclaredAfterTheLoadOfItsKey(t *testing.T) {
	s := newScripted(1, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	a := declare(o, "k")
	must(a.Get(context.Background()))(t)
	s.took()
	late := declare(o, "k", lc.Name("late"))
	want(t, "version before", late.Version(), "")
	want(t, "a is not disturbed", must(a.Get(context.Background()))(t), "v1")
	want(t, "loads for a", len(s.took()), 0)
	want(t, "late", must(invoke(context.Background(), a, late))(t), "v1 v1")
	want(t, "loads for late", len(s.took()), 1)
	want(t, "asked with", s.reqs[len(s.reqs)-1].Have, "")
	must(late.Refresh(context.Background()))(t)
	want(t, "asked with from then on", s.reqs[len(s.reqs)-1].Have, "v:v1")
}

// The strictest of a key's entries says how old a copy may be.
func TestOldestCopyAccepted(t *testing.T) {
	strict, patient := lc.MaxAge(10*time.Second), lc.MaxAge(time.Hour)
	for _, ages := range [][]lc.Option{{strict, patient}, {patient, strict}} {
		s := newScripted(1, map[string]string{"k": "v1"})
		o := lc.NewOrigin("scripted", s)
		must(invoke(context.Background(), declare(o, "k", ages[0]), declare(o, "k", ages[1])))(t)
		want(t, "asked with", s.reqs[0].MaxAge, 10*time.Second)
	}
}

// The load in flight knew nothing of the entry: its answer to the others stands, and
// the next load brings the entry its part.
func TestDeclaredDuringTheLoadOfItsKey(t *testing.T) {
	for _, have := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			s := newScripted(1, map[string]string{"k": "v1"})
			o := lc.NewOrigin("scripted", s)
			a := declare(o, "k")
			if have {
				must(a.Get(t.Context()))(t)
				s.took()
			}
			s.gate = make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() { want(t, "a", must(a.Refresh(t.Context()))(t), "v1") })
			synctest.Wait()
			late := declare(o, "k", lc.Name("late"))
			wg.Go(func() { want(t, "late", must(late.Get(t.Context()))(t), "v1") })
			synctest.Wait()
			close(s.gate)
			wg.Wait()
			if n := len(s.took()); n > 2 || have && n != 2 {
				t.Errorf("%d loads", n)
			}
			want(t, "most at once", s.most, 1)
		})
	}
}

// An invalidated load answers who waits for it and is then forgotten.
func TestInvalidatedInFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v1"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k")
		var wg sync.WaitGroup
		wg.Go(func() { want(t, "before", must(e.Get(t.Context()))(t), "v1") })
		synctest.Wait()
		lc.Invalidate(e)
		wg.Go(func() { want(t, "after", must(e.Get(t.Context()))(t), "v2") })
		synctest.Wait()
		want(t, "loads", len(s.took()), 1)
		s.gate <- struct{}{}
		synctest.Wait()
		want(t, "held", e.Version(), "")
		s.set("k", "v2")
		close(s.gate)
		wg.Wait()
		want(t, "held at last", e.Version(), "v:v2")
		want(t, "most at once", s.most, 1)
	})
}
