package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// An entry, and another family, share loads and versions with a family's keys, and what
// they need stays.
func TestFamilySharesKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, f := newTenants(1, lc.MaxEntries(1))
		other, entry := tenants(o, lc.MaxEntries(10)), declare(o, "/t/a")
		s.gate = make(chan struct{})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { _, _ = f.Get(t.Context(), "a") })
			all.Go(func() { _, _ = other.Get(t.Context(), "a") })
			all.Go(func() { _, _ = entry.Get(t.Context()) })
		}
		synctest.Wait()
		close(s.gate)
		all.Wait()
		want(t, "loads", keysOf(s.took()), "a")
		for range 100 {
			reads(t, f, "ab")
		}
		want(t, "held", lc.Slots(o), 2)
		want(t, "loads", strings.Contains(keysOf(s.took()), "a"), false) // the entry has it
		reads(t, other, "ab")
		reads(t, f, "abc")
		want(t, "released", strings.Contains(strings.Join(s.released, " "), "/t/a"), false)
	})
}

// Keys of any comparable type; one that is not equal to itself could never be found again.
func TestFamilyKeys(t *testing.T) {
	s := newScripted(1, map[string]string{"1.5": "v", "eu/7": "w"})
	o := lc.NewOrigin("thing", s)
	asIs := func(s string) (string, error) { return s, nil }
	numbers := lc.DeclareFamily(o, func(n float64) (lc.Located, error) { return lc.Located{Key: fmt.Sprint(n)}, nil }, asIs)
	want(t, "value", must(numbers.Get(t.Context(), 1.5))(t), "v")
	_, err := numbers.Get(t.Context(), math.NaN())
	wantError(t, err, "load \"thing\" from thing NaN: the key is not equal to itself")
	type place struct {
		region string
		id     int
	}
	places := lc.DeclareFamily(o, func(p place) (lc.Located, error) { return lc.Located{Key: fmt.Sprintf("%s/%d", p.region, p.id)}, nil }, asIs)
	for range 2 {
		want(t, "value", must(places.Get(t.Context(), place{"eu", 7}))(t), "w")
	}
	want(t, "loads", len(s.took()), 2)

	located := lc.DeclareFamily(o, func(int) (lc.Located, error) { return lc.Located{}, nil }, asIs)
	_, err = located.Get(t.Context(), 7)
	wantError(t, err, "load \"thing\" from thing 7: the key is empty")
	want(t, "is not there", errors.Is(err, lc.ErrNotFound), true)
	want(t, "loads of what has no key", len(s.took()), 0)
}

// A load that began before a key was a family's may have brought a copy that is too old
// for it.
func TestFamilyTakesNoOldCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.tweak = func(r *lc.Result[string]) { r.Age = min(30*time.Minute, s.reqs[len(s.reqs)-1].MaxAge) }
		s.gate = make(chan struct{})
		o := lc.NewOrigin("thing", s)
		located := make(chan struct{})
		f := lc.DeclareFamily(o, func(key string) (lc.Located, error) { <-located; return lc.Located{Key: key}, nil },
			func(s string) (string, error) { return s, nil }, lc.MaxAge(time.Second))
		var all sync.WaitGroup
		all.Go(func() { must(f.Get(t.Context(), "k"))(t) })
		synctest.Wait()
		wait := each(t.Context(), []lc.Cached{declare(o, "k", lc.MaxAge(time.Hour))})
		synctest.Wait()
		close(located)
		synctest.Wait()
		close(s.gate)
		wait()
		all.Wait()
		want(t, "calls", len(s.took()), 2)
	})
}

// Keys that a family locates at one and the same key share all that is held of it.
func TestFamilyKeysOfOneKey(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type request struct {
			tenant string
			number int
		}
		s := newScripted(1, map[string]string{"acme": "v"})
		o := lc.NewOrigin("thing", s)
		decoded := 0
		f := lc.DeclareFamily(o, func(r request) (lc.Located, error) { return lc.Located{Key: r.tenant}, nil },
			func(s string) (string, error) { decoded++; return s, nil }, lc.MaxEntries(3))
		for n := range 100 {
			want(t, "value", must(f.Get(t.Context(), request{"acme", n}))(t), "v")
		}
		want(t, "calls", len(s.took()), 1)
		must(f.Refresh(t.Context(), request{"acme", 1000}))(t)
		want(t, "decoded", decoded, 1) // the second load found it unchanged
		want(t, "held", f.Stats().Entries, 3)

		ctx := cachetest.Context(t, cachetest.FixedKey(f, request{"acme", 1}, "fixed"))
		want(t, "fixed", must(f.Get(ctx, request{"acme", 1}))(t), "fixed")
		want(t, "another", must(f.Get(ctx, request{"acme", 2}))(t), "v")
	})
}

// Keys are found whatever their type, and while others come and go.
func TestFamilyFindsItsKeys(t *testing.T) {
	s := newScripted(1, nil)
	s.tweak = func(r *lc.Result[string]) { r.Err, r.Value = nil, "v" }
	f := lc.DeclareFamily(lc.NewOrigin("thing", s), func(key any) (lc.Located, error) { return lc.Located{Key: fmt.Sprintf("%T %v", key, key)}, nil },
		func(s string) (string, error) { return s, nil }, lc.MaxEntries(3000))
	kept := []any{nil, 7, "7", 7.5, [2]int{7, 7}, true}
	for _, key := range kept {
		must(f.Get(t.Context(), key))(t)
	}
	want(t, "loads", len(s.took()), len(kept))
	var all sync.WaitGroup
	all.Go(func() {
		for n := range 2000 {
			must(f.Get(t.Context(), n))(t)
			if n%3 == 0 && n != 7 {
				f.Invalidate(n)
			}
		}
	})
	for range 4 {
		all.Go(func() {
			for range 500 {
				for _, key := range kept {
					must(f.Get(t.Context(), key))(t)
				}
			}
		})
	}
	all.Wait()
	want(t, "loads", len(s.took()), 1999) // 7 was there
	want(t, "held", f.Stats().Entries, len(kept)+1999-667)
	wantPanic(t, "hash of unhashable type", func() { _, _ = f.Get(t.Context(), []int{}) })
}

// A reader who leaves, and who forgets a key, take it from nobody who waits for its load.
func TestFamilyKeyInUse(t *testing.T) {
	for name, interfere := range map[string]func(f *lc.Family[string, string], leave func()){
		"leaves":  func(_ *lc.Family[string, string], leave func()) { leave() },
		"forgets": func(f *lc.Family[string, string], _ func()) { f.Invalidate("a") },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, o, f := newTenants(10)
				if name == "forgets" {
					reads(t, f, "a")
				}
				s.gate = make(chan struct{})
				ctx, leave := context.WithCancel(t.Context())
				var readers sync.WaitGroup
				readers.Go(func() { _, _ = f.Refresh(ctx, "a") })
				synctest.Wait()
				readers.Go(func() { must(f.Refresh(t.Context(), "a"))(t) }) // with a load that begins later
				synctest.Wait()
				interfere(f, leave)
				synctest.Wait()
				close(s.gate)
				readers.Wait()
				leave()
				s.took()
				must(f.Get(t.Context(), "a"))(t)
				want(t, "loads of what the last one to wait has loaded", len(s.took()), 0)
				want(t, "held", f.Stats().Entries, 1)
				want(t, "slots", lc.Slots(o), 1)
			})
		})
	}
}
