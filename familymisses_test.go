package lambdacache_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// What is not there takes nobody's room, but as long as that is remembered on request.
func TestFamilyMisses(t *testing.T) {
	c := newTimes(t)
	s, o, f := newTenants(10, lc.MaxEntries(2))
	r := tenants(o, lc.MaxEntries(2), lc.RememberMisses(10*time.Second))
	reads(t, f, "ab")
	miss := func(f *lc.Family[string, string], key string, sentinel error, loads string) {
		t.Helper()
		s.took()
		_, err := f.Get(t.Context(), key)
		if !errors.Is(err, sentinel) {
			t.Errorf("%s: %v", key, err)
		}
		want(t, "loads", keysOf(s.took()), loads)
	}
	miss(f, "none", lc.ErrNotFound, "none")
	miss(f, "none", lc.ErrNotFound, "none")
	reads(t, f, "ab")
	want(t, "loads", keysOf(s.took()), "")
	want(t, "held", lc.Slots(o), 2)

	miss(r, "none", lc.ErrNotFound, "none")
	c.pass(0, 9*time.Second)
	miss(r, "none", lc.ErrNotFound, "")
	miss(f, "none", lc.ErrNotFound, "none") // the other family does not remember
	c.pass(0, 9*time.Second)
	miss(r, "none", lc.ErrNotFound, "") // since then
	want(t, "held", lc.Slots(o), 3)
	c.pass(0, time.Second)
	miss(r, "none", lc.ErrNotFound, "none")
	if _, err := r.Refresh(t.Context(), "none"); !errors.Is(err, lc.ErrNotFound) || keysOf(s.took()) != "none" {
		t.Error("Refresh must ask", err)
	}
	s.set("/t/none", "there")
	miss(r, "none", lc.ErrNotFound, "")
	r.Invalidate("none")
	want(t, "value", must(r.Get(t.Context(), "none"))(t), "there")

	s.failing(func(keys []string) error { return lc.Blame(lc.Denied(errors.New("no"), "thing:Get", keys[0])) })
	miss(r, "x", lc.ErrDenied, "x")
	miss(r, "x", lc.ErrDenied, "")
	s.failing(func([]string) error { return lc.Throttled(errors.New("slow down")) })
	miss(r, "y", lc.ErrThrottled, "y")
	miss(r, "y", lc.ErrThrottled, "y")
	s.failing(nil)
	s.took()
	reads(t, r, "pqrs")
	c.pass(0, time.Second)
	miss(r, "x2", lc.ErrNotFound, "x2")
	want(t, "values and misses of both", lc.Slots(o), 6)
}

// A value that became a miss gives its room to values.
func TestValuesThatBecameMisses(t *testing.T) {
	newTimes(t)
	s, o, f := newTenants(10, lc.MaxEntries(2), lc.RememberMisses(time.Hour))
	reads(t, f, "ba")
	lc.Invalidate(declare(o, "/t/a")) // the family is not told
	s.mu.Lock()
	delete(s.values, "/t/a")
	s.mu.Unlock()
	if _, err := f.Get(t.Context(), "a"); !errors.Is(err, lc.ErrNotFound) {
		t.Error(err)
	}
	reads(t, f, "c")
	s.took()
	reads(t, f, "bc")
	want(t, "loads", keysOf(s.took()), "")
	want(t, "evicted", f.Stats().Evicted, 0)
}

// A miss that another family of the same keys has turned into a value takes a value's room
// when it is read.
func TestMissesThatBecameValues(t *testing.T) {
	s, o, loader := newTenants(10)
	f := tenants(o, lc.MaxEntries(3), lc.RememberMisses(time.Hour))
	reads(t, f, "abc")
	for _, key := range []string{"1", "2", "3"} {
		if _, err := f.Get(t.Context(), key); !errors.Is(err, lc.ErrNotFound) {
			t.Error(err)
		}
		s.set("/t/"+key, "value of "+key)
	}
	reads(t, loader, "123")
	reads(t, f, "123")
	want(t, "stats", f.Stats(), lc.FamilyStats{Loads: 6, Failures: 3, Evicted: 3, Entries: 3})
	want(t, "gone", f.Version("a")+f.Version("b")+f.Version("c"), "")
	s.took()
	reads(t, f, "123")
	want(t, "loads", keysOf(s.took()), "")

	lc.Invalidate(declare(o, "/t/1"))
	want(t, "entries when one was forgotten by an entry", f.Stats().Entries, 2)
}

// A miss that Invalidate came after is not remembered.
func TestFamilyForgetsAMissInFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, _, f := newTenants(10, lc.RememberMisses(time.Minute))
		s.gate = make(chan struct{})
		done := make(chan error)
		go func() { _, err := f.Get(t.Context(), "none"); done <- err }()
		synctest.Wait()
		f.Invalidate("none")
		close(s.gate)
		if err := <-done; !errors.Is(err, lc.ErrNotFound) {
			t.Error(err)
		}
		s.set("/t/none", "there")
		want(t, "value", must(f.Get(t.Context(), "none"))(t), "there")
	})
}

// Whoever takes an old value when the source fails is given it also while a miss is
// remembered.
func TestFamilyMissesAndOldValues(t *testing.T) {
	c := newTimes(t)
	s, _, f := newTenants(10, lc.StaleIfError(time.Hour), lc.RememberMisses(time.Minute))
	reads(t, f, "a")
	c.both(time.Hour / 2)
	s.failing(func([]string) error { return lc.NotFound(errors.New("gone")) })
	var told []error
	lc.Observe(func(e lc.Event) {
		if e.Kind == lc.EventStale {
			told = append(told, e.Err)
		}
	})
	defer lc.Observe(nil)
	s.took()
	for range 5 {
		reads(t, f, "a")
		c.both(10 * time.Second)
	}
	want(t, "loads", keysOf(s.took()), "a")
	if len(told) != 1 || !errors.Is(told[0], lc.ErrNotFound) {
		t.Error(told)
	}
	f.Invalidate("a")
	if _, err := f.Get(t.Context(), "a"); !errors.Is(err, lc.ErrNotFound) {
		t.Error(err)
	}
}

// What is known of a key that spoils batches outlives all else that is kept of it.
func TestFamilyRemembersCulprits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, f := newTenants(10)
		s.failing(func(keys []string) error {
			if slices.Contains(keys, "/t/x") {
				return lc.Blame(lc.Denied(errors.New("no"), "thing:Get", "/t/x"))
			}
			return nil
		})
		for _, calls := range []string{"/t/a /t/a+/t/b+/t/x /t/b /t/x", "/t/a+/t/b /t/x"} {
			if err := f.Prefetch(t.Context(), "a", "b", "x"); !errors.Is(err, lc.ErrDenied) {
				t.Error(err)
			}
			want(t, "calls", sorted(s.took()), calls)
			want(t, "held", lc.Slots(o), 2)
			f.Invalidate("a", "b")
		}
		s.failing(nil)
		reads(t, f, "x")
		f.Invalidate("x")
		s.took()
		if err := f.Prefetch(t.Context(), "a", "b", "x"); err != nil {
			t.Error(err)
		}
		want(t, "one call", len(s.took()), 1)
		want(t, "culprits", lc.Culprits(o), 0)

		s.failing(func([]string) error { return lc.Blame(lc.Denied(errors.New("no"), "thing:Get", "*")) })
		for _, calls := range []int{1 + 3, 3} { // all of them are remembered
			_ = f.Prefetch(t.Context(), "k", "l", "m")
			want(t, "calls", len(s.took()), calls)
		}
		for i := range 3000 {
			_ = f.Prefetch(t.Context(), fmt.Sprint("n", i), fmt.Sprint("m", i))
		}
		if n := lc.Culprits(o); n == 0 || n > 1000 {
			t.Errorf("%d culprits remembered", n)
		}
	})
}

// Whoever asks for what is not there pushes nothing out that is.
func TestMissesTakeNoRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, f := newTenants(10, lc.MaxEntries(3), lc.RememberMisses(time.Hour))
		reads(t, f, "abc")
		for i := range 100 {
			if _, err := f.Get(t.Context(), fmt.Sprint("none", i)); !errors.Is(err, lc.ErrNotFound) {
				t.Error(err)
			}
		}
		s.took()
		reads(t, f, "abc")
		want(t, "loads", keysOf(s.took()), "")
		want(t, "stats", f.Stats(), lc.FamilyStats{Loads: 3, Failures: 100, Entries: 3})
		want(t, "slots", lc.Slots(o), 6)
		s.set("/t/none99", "value of none99")
		f.InvalidateAll()
		want(t, "slots", lc.Slots(o), 0)
		want(t, "a miss becomes a value", must(f.Get(t.Context(), "none99"))(t), "value of none99")
		s.set("/t/none98", "there")
		if _, err := f.Get(t.Context(), "none97"); !errors.Is(err, lc.ErrNotFound) {
			t.Error(err)
		}
		want(t, "slots", lc.Slots(o), 2)
		s.set("/t/none97", "there")
		want(t, "it becomes one", must(f.Refresh(t.Context(), "none97"))(t), "there")
		want(t, "held", f.Stats().Entries, 2)
	})
}

// A key that cannot be one is as good as not there; the empty one above all, which most
// functions make something else of that is there.
func TestBadKeysAreNotFound(t *testing.T) {
	s, _, f := newTenants(10)
	s.set("/t/", "everything")
	for _, key := range []string{"", "no/tenant"} {
		_, err := f.Get(t.Context(), key)
		var failed *lc.LoadError
		if !errors.Is(err, lc.ErrNotFound) || !errors.As(err, &failed) || failed.Failures[0].Key != key {
			t.Errorf("%q: %v", key, err)
		}
	}
	want(t, "loads", keysOf(s.took()), "")
	wantPanic(t, "a family of entries from thing: RefreshAhead loads beside a handler what its Wrap lists", func() {
		tenants(lc.NewOrigin("thing", s), lc.RefreshAhead(0.5))
	})
}
