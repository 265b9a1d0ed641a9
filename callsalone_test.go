package lambdacache_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// That the batched call is not permitted is known to those who waited for theirs.
func TestWhatWaitsKnowsOfTheFallback(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(4)
		s := &single{newScripted(10, values), func(string) error { return nil }}
		s.gate = make(chan struct{})
		s.failing(func([]string) error { return lc.BatchDenied(lc.Denied(errors.New("denied"), "thing:GetMany", "*")) })
		o := lc.NewOrigin("thing", s, lc.OriginMaxCalls(1))
		calls := 0
		lc.Observe(func(e lc.Event) { calls += e.Calls })
		defer lc.Observe(nil)
		entries := declareAll(o, keys)
		var all sync.WaitGroup
		for _, two := range [][]lc.Cached{entries[:2], entries[2:]} {
			all.Go(func() {
				if err := lc.Prefetch(t.Context(), two...); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(s.gate)
		all.Wait()
		took := s.took()
		want(t, "calls", sorted(took), "/app/k00+/app/k01 one+/app/k00 one+/app/k01 one+/app/k02 one+/app/k03")
		want(t, "calls told", calls, len(took))
	})
}

// Where the batched call is not permitted each key takes a place of its own.
func TestSingleCallsTakePlaces(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(6)
		s := &single{newScripted(10, values), nil}
		s.failing(func([]string) error { return lc.BatchDenied(lc.Denied(errors.New("denied"), "thing:GetMany", "*")) })
		most, now := 0, 0
		s.one = func(string) error {
			s.mu.Lock()
			now++
			most = max(most, now)
			s.mu.Unlock()
			<-time.After(time.Second)
			s.mu.Lock()
			now--
			s.mu.Unlock()
			return nil
		}
		entries := declareAll(lc.NewOrigin("thing", s, lc.OriginMaxCalls(2)), keys)
		must(0, lc.Prefetch(t.Context(), entries[:2]...))(t)
		lc.Invalidate(entries...)
		most = 0
		must(0, lc.Prefetch(t.Context(), entries...))(t)
		want(t, "most calls at once", most, 2)
	})
}

// A culprit waits alone, and does not end up in a batch again.
func TestACulpritWaitsAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(4)
		s := newScripted(10, values)
		s.failing(func(asked []string) error {
			if slices.Contains(asked, keys[2]) {
				return lc.Blame(lc.Denied(errors.New("denied"), "thing:Get", keys[2]))
			}
			return nil
		})
		o := lc.NewOrigin("thing", s, lc.OriginMaxCalls(1))
		entries := declareAll(o, keys)
		_ = lc.Prefetch(t.Context(), entries...)
		lc.Invalidate(entries...)
		s.took()
		s.gate = make(chan struct{})
		first := each(t.Context(), entries[:1])
		synctest.Wait()
		var rest []func() []error
		for _, i := range []int{2, 1, 3} { // the others come when it waits
			rest = append(rest, each(t.Context(), entries[i:i+1]))
			synctest.Wait()
		}
		close(s.gate)
		first()
		for i, wait := range rest {
			if err := wait()[0]; errors.Is(err, lc.ErrDenied) != (i == 0) || err != nil && i > 0 {
				t.Error(i, err)
			}
		}
		var list []string
		for _, c := range s.took() {
			slices.Sort(c)
			list = append(list, strings.Join(c, "+"))
		}
		slices.Sort(list)
		want(t, "calls", strings.Join(list, " "), "/app/k00 /app/k01+/app/k03 /app/k02")
	})
}

// Where there is one operation only, who is refused by it alone is asked for no more, and
// has spoiled nobody's batch.
func TestRefusedByTheOnlyOperation(t *testing.T) {
	keys, values := many(3)
	s := newScripted(10, values)
	s.failing(func([]string) error { return lc.Blame(lc.Denied(errAccess, "svc:GetMany", "*")) })
	o := lc.NewOrigin("scripted", s)
	entries := declareAll(o, keys)
	events := observe(t)
	_ = lc.Prefetch(t.Context(), entries[0])
	want(t, "calls for one", len(s.took()), 1)
	want(t, "isolated", events.count(lc.EventIsolated), 0)
	_ = lc.Prefetch(t.Context(), entries...)
	want(t, "calls for all", len(s.took()), 1+3)
}

// The operation for single keys helps against nothing but a refusal, and tells no other
// one; what it says itself is final.
func TestTheSecondOperationIsForRefusals(t *testing.T) {
	keys, values := many(4)
	s := &single{newScripted(10, values), func(string) error { return lc.Blame(lc.Denied(errAccess, "svc:GetOne", "*")) }}
	o := lc.NewOrigin[string]("scripted", s)
	entries := declareAll(o, keys)
	s.failing(func([]string) error { return lc.Blame(errors.New("ValidationException")) })
	wantError(t, lc.Prefetch(t.Context(), entries[:3]...), "ValidationException")
	want(t, "calls for malformed keys", len(s.took()), 1+3)

	s.failing(func([]string) error { return lc.Blame(lc.Denied(errAccess, "svc:GetMany", "*")) })
	o = lc.NewOrigin[string]("scripted", s)
	err := lc.Prefetch(t.Context(), declareAll(o, keys[:3])...)
	wantError(t, err, "allow svc:GetMany on *")
	want(t, "refusal of the single call is told", strings.Contains(err.Error(), "GetOne"), false)
	want(t, "calls where neither works", len(s.took()), 1+3+3)

	s.failing(func([]string) error { return lc.BatchDenied(lc.Denied(errAccess, "svc:GetMany", "*")) })
	o = lc.NewOrigin[string]("scripted", s)
	_ = lc.Prefetch(t.Context(), declareAll(o, keys[:3])...) // now it is known
	s.took()
	wantError(t, lc.Prefetch(t.Context(), declare(o, keys[3])), "allow svc:GetOne on *")
	want(t, "calls for one that is refused", len(s.took()), 1)
}

// A permission that can be done without is told of once, each.
func TestMissingPermissionsAreToldOnce(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	events := observe(t)
	e := declare(lc.NewOrigin("scripted", s), "k")
	for _, action := range []string{"svc:Describe", "svc:Describe", "svc:List", "svc:Describe", "svc:List"} {
		s.tweak = func(r *lc.Result[string]) { r.Missing = lc.Denied(errAccess, action, "*") }
		must(e.Get(t.Context()))(t)
		guest.both(time.Minute)
	}
	told := events.of(lc.EventFallback)
	want(t, "told", len(told), 2)
	wantError(t, told[0].Err, "allow svc:Describe on *")
	wantError(t, told[1].Err, "allow svc:List on *")
}
