package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// keeper is scripted that keeps something of its keys.
type keeper struct {
	*scripted
	released []string
}

func (k *keeper) Release(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.released = append(k.released, key)
}

// tenants is a family of keys "/t/…".
func tenants(o *lc.Origin[string], opts ...lc.Option) *lc.Family[string, string] {
	return lc.DeclareFamily(o, func(tenant string) (lc.Located, error) {
		if strings.Contains(tenant, "/") {
			return lc.Located{}, errors.New("a tenant has no slash")
		}
		return lc.Located{Key: "/t/" + tenant}, nil
	}, func(s string) (string, error) { return s, nil }, opts...)
}

func tenantValues(names string) map[string]string {
	values := make(map[string]string)
	for _, r := range names {
		values["/t/"+string(r)] = "value of " + string(r)
	}
	return values
}

// newTenants is a family of the tenants a to z.
func newTenants(max int, opts ...lc.Option) (*keeper, *lc.Origin[string], *lc.Family[string, string]) {
	s := &keeper{scripted: newScripted(max, tenantValues("abcdefghijklmnopqrstuvwxyz"))}
	o := lc.NewOrigin("thing", s)
	return s, o, tenants(o, opts...)
}

// reads gets keys one after another, a letter each.
func reads(t *testing.T, f *lc.Family[string, string], keys string) {
	t.Helper()
	for _, r := range keys {
		want(t, string(r), must(f.Get(t.Context(), string(r)))(t), "value of "+string(r))
	}
}

func keysOf(calls [][]string) string {
	return strings.ReplaceAll(strings.Join(slices.Concat(calls...), ""), "/t/", "")
}

// byBothClocks runs a test where the clock stands still between reads, before and after the
// moment that it counts from, and where it goes on.
func byBothClocks(t *testing.T, test func(t *testing.T)) {
	t.Run("standing still", func(t *testing.T) { bubble(t, test) })
	t.Run("standing still later", func(t *testing.T) { newTimes(t); test(t) })
	t.Run("going on", test)
}

func TestFamilyKeepsWhatWasReadLast(t *testing.T) {
	byBothClocks(t, func(t *testing.T) {
		s, o, f := newTenants(10, lc.MaxEntries(3))
		for _, test := range []struct{ reads, loads string }{
			{"abc", "abc"},
			{"abccba", ""},
			{"d", "d"}, // c was read first of the three
			{"ab", ""},
			{"c", "c"}, // in place of d
			{"bad", "d"},
			{"ba", ""},
		} {
			reads(t, f, test.reads)
			want(t, "loads of "+test.reads, keysOf(s.took()), test.loads)
		}
		want(t, "held", lc.Slots(o), 3)
		want(t, "released", strings.Join(s.released, " "), "/t/c /t/d /t/c")
		stats := f.Stats()
		want(t, "stats", stats, lc.FamilyStats{Loads: 6, Evicted: 3, Entries: 3})
	})
}

// Of many keys those that were read almost at the same time count as read at once: those
// read before them still go first.
func TestFamilyOfMany(t *testing.T) {
	byBothClocks(t, func(t *testing.T) {
		s := newScripted(1, nil)
		s.tweak = func(r *lc.Result[string]) { r.Err, r.Value = nil, "v" }
		o := lc.NewOrigin("thing", s)
		f := tenants(o, lc.MaxEntries(80))
		for i := range 1000 {
			for hot := range 70 {
				must(f.Get(t.Context(), fmt.Sprint("hot", hot)))(t)
			}
			must(f.Get(t.Context(), fmt.Sprint("rare", i)))(t)
		}
		want(t, "loads", len(s.took()), 1070)
		want(t, "held", lc.Slots(o), 80)
	})
}

func TestFamilyKeepsItsPromises(t *testing.T) {
	c := newTimes(t)
	s, _, f := newTenants(10, lc.MaxAge(time.Minute), lc.StaleIfError(time.Hour), lc.Name("tenants"))
	reads(t, f, "ab")
	s.set("/t/a", "value of a, newer")
	c.pass(0, 59*time.Second)
	reads(t, f, "ab")
	want(t, "loads", keysOf(s.took()), "ab")
	c.pass(0, time.Second) // frozen
	want(t, "due", must(f.Get(t.Context(), "a"))(t), "value of a, newer")
	want(t, "version", f.Version("a")+", "+f.Version("b")+", "+f.Version("c"), "v:value of a, newer, v:value of b, ")

	var events []lc.Event
	lc.Observe(func(e lc.Event) { events = append(events, e) })
	defer lc.Observe(nil)
	s.failing(func([]string) error { return errors.New("down") })
	want(t, "stale", must(f.Get(t.Context(), "b"))(t), "value of b")
	if _, err := f.Refresh(t.Context(), "a"); err == nil || err.Error() != `lambdacache: load "tenants" from thing /t/a: down` {
		t.Error(err)
	}
	want(t, "a failed load", must(f.Get(t.Context(), "a"))(t), "value of a, newer")
	if len(events) != 3 || events[0].Kind != lc.EventFailed || events[1].Kind != lc.EventStale || events[1].Key != "/t/b" || events[1].Entries[0] != "tenants" {
		t.Error(events)
	}
	s.failing(nil)
	f.Invalidate("a", "b", "c", "not/one")
	s.took()
	if err := f.Prefetch(t.Context(), "a", "b", "a", "c"); err != nil {
		t.Error(err)
	}
	want(t, "one call", len(s.took()), 1)
	want(t, "refreshed", must(f.Refresh(t.Context(), "c"))(t), "value of c")
	want(t, "calls", keysOf(s.took()), "c")
	want(t, "stats", f.Stats(), lc.FamilyStats{Loads: 6, Unchanged: 1, Failures: 2, Stale: 1, Entries: 3})
	want(t, "name", f.String(), `lambdacache.Family[string, string]("tenants")`)
}

// A key that has to make room while it is loaded still answers who waits for it; who asks
// for it again meanwhile shares that load.
func TestFamilyEvictsWhatIsLoaded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, f := newTenants(1, lc.MaxEntries(1))
		s.gate = make(chan struct{})
		var all sync.WaitGroup
		get := func(key string) {
			all.Go(func() { reads(t, f, key) })
			synctest.Wait()
		}
		get("a")
		get("b")
		get("a")
		get("b")
		get("a")
		want(t, "in flight", lc.Slots(o), 2)
		close(s.gate)
		all.Wait()
		synctest.Wait()
		want(t, "loads", keysOf(s.took()), "ab")
		want(t, "most of one", s.most, 1)
		want(t, "held", lc.Slots(o), 1)
		want(t, "released", strings.Join(s.released, " "), "/t/b")
		reads(t, f, "a")
		want(t, "loads", keysOf(s.took()), "")
	})
}

func TestFamilyPrefetch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, f := newTenants(10, lc.MaxEntries(20))
		err := f.Prefetch(t.Context(), strings.Split("abcdefghijklmnopqrstuvwxyz", "")...)
		if err != nil {
			t.Fatal(err)
		}
		wantSizes(t, s.scripted, 6, 10, 10)
		want(t, "held", lc.Slots(o), 20)
		reads(t, f, "ghijklmnopqrstuvwxyz")
		want(t, "loads", keysOf(s.took()), "")
		err = f.Prefetch(t.Context(), "a", "no/tenant", "none", "b")
		var failed *lc.LoadError
		if !errors.As(err, &failed) || len(failed.Failures) != 2 || !errors.Is(err, lc.ErrNotFound) {
			t.Fatal(err)
		}
		wantError(t, err, `load "thing" from thing no/tenant: a tenant has no slash`)
		want(t, "loads", keysOf(s.took()), "anoneb")
		reads(t, f, "ab")
		want(t, "loads", keysOf(s.took()), "")
		if err := f.Prefetch(t.Context()); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.Prefetch(ctx, "c"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		want(t, "held", lc.Slots(o), 20)
	})
}

func TestFamilyRetries(t *testing.T) {
	s, _, f := newTenants(10)
	reads(t, f, "a")
	s.set("/t/a", "new")
	refused := errors.New("refused")
	login := func(_ context.Context, v string) (string, error) {
		if v != "new" {
			return "", refused
		}
		return "in with " + v, nil
	}
	isRefused := func(err error) bool { return errors.Is(err, refused) }
	want(t, "retried", must(lc.RetryKey(t.Context(), f, "a", login, isRefused))(t), "in with new")
	_, err := lc.RetryKey(t.Context(), f, "b", login, isRefused)
	want(t, "in vain", err, refused)
	_, err = lc.RetryKey(t.Context(), f, "no/tenant", login, isRefused)
	wantError(t, err, "a tenant has no slash")
	wantPanic(t, "RetryKey: a function and what recognises", func() { _, _ = lc.RetryKey(t.Context(), f, "a", login, nil) })
	wantPanic(t, "RetryKey: a function and what recognises", func() { _, _ = lc.RetryKey[string, string, int](t.Context(), f, "a", nil, isRefused) })
}

func TestFamilyOfAFunction(t *testing.T) {
	loads := 0
	f := lc.NewFamily("rates", func(_ context.Context, currency string) (float64, error) {
		loads++
		if currency == "XXX" {
			return 0, lc.NotFound(errors.New("no such currency"))
		}
		return 1.5, nil
	})
	for range 3 {
		want(t, "rate", must(f.Get(t.Context(), "EUR"))(t), 1.5)
	}
	want(t, "loads", loads, 1)
	_, err := f.Get(t.Context(), "XXX")
	if !errors.Is(err, lc.ErrNotFound) || err.Error() != `lambdacache: load "rates" from func XXX: no such currency` {
		t.Error(err)
	}
	_, err = f.Get(t.Context(), "")
	wantError(t, err, `load "rates" from func : the key is empty`)
	wantPanic(t, "NewFamily: a name and a function", func() { lc.NewFamily[int]("", nil) })
	wantPanic(t, "a function for the keys and a decoder", func() {
		lc.DeclareFamily[string, string](lc.NewOrigin("thing", newScripted(1, nil)), nil, func(s string) (string, error) { return s, nil })
	})
}

func TestFamilyInTests(t *testing.T) {
	s, _, f := newTenants(1)
	ctx := cachetest.Context(t, cachetest.FixedKey(f, "a", "fixed"))
	want(t, "fixed", must(f.Get(ctx, "a"))(t), "fixed")
	want(t, "fixed", must(f.Refresh(ctx, "a"))(t), "fixed")
	want(t, "loads", keysOf(s.took()), "")
	want(t, "another key", must(f.Get(ctx, "b"))(t), "value of b")
	want(t, "elsewhere", must(f.Get(t.Context(), "a"))(t), "value of a")
	wantPanic(t, "FixedKey: the family is nil", func() { cachetest.FixedKey[string, string](nil, "a", "") })
	wantPanic(t, "was read outside a Wrap", func() { lc.Value[string](ctx, "a") })

	cachetest.Reset(t)
	want(t, "held", f.Stats().Entries, 0)
	s.took()
	reads(t, f, "b")
	want(t, "loads", keysOf(s.took()), "b")
}

func TestFamilyOptions(t *testing.T) {
	o := lc.NewOrigin("thing", newScripted(1, nil))
	for text, opt := range map[string]lc.Option{
		"lambdacache.MaxEntries is an option of families":     lc.MaxEntries(1),
		"lambdacache.RememberMisses is an option of families": lc.RememberMisses(time.Second),
	} {
		wantPanic(t, text, func() { declare(o, "k", opt) })
	}
	wantPanic(t, "NewFamily: a name and a function are required", func() { lc.NewFamily[int]("f", nil) })
	wantPanic(t, "NewFamily: a name and a function are required", func() {
		lc.NewFamily("", func(context.Context, string) (int, error) { return 0, nil })
	})
	wantPanic(t, "a function for the keys and a decoder are required", func() {
		lc.DeclareFamily[string, string](o, func(string) (lc.Located, error) { return lc.Located{Key: "k"}, nil }, nil)
	})
	wantPanic(t, "MaxEntries(0): a family without room", func() { lc.MaxEntries(0) })
	wantPanic(t, "RememberMisses(0s): say how long", func() { lc.RememberMisses(0) })
	wantPanic(t, "RefreshAhead with MaxAge(0)", func() { tenants(o, lc.MaxAge(0), lc.RefreshAhead(0.5)) })
	kind := lc.NewOptionKind[int]("other.Option")
	wantPanic(t, "a family of entries from thing: other.Option is not an option of this source", func() { tenants(o, kind.With(1)) })
}
