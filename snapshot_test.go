package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
	"github.com/lambda-cache/lambdacache/internal/leftover"
)

func TestMain(m *testing.M) { leftover.Main(m) }

var errDown = errors.New("ServiceUnavailable")

func down([]string) error { return errDown }

// picky makes an entry that decodes nothing that begins with "bad", and whose decoder
// quotes it. It counts in decoded.
func picky(o *lc.Origin[string], key, name string, decoded *int, opts ...lc.Option) *lc.Entry[string] {
	return lc.Declare(o, key, name, func(s string) (string, error) {
		*decoded++
		if strings.HasPrefix(s, "bad") {
			return "", fmt.Errorf("cannot use %q", s)
		}
		return s, nil
	}, opts...)
}

// wantUndecodable checks a decode error: the kind is known and nothing is quoted.
func wantUndecodable(t *testing.T, err error, entry string) {
	t.Helper()
	wantError(t, err, fmt.Sprintf("load %q from scripted k: cannot decode: the decoder into string failed with a *errors.errorString", entry))
	want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
	if err != nil && strings.Contains(err.Error(), "bad") {
		t.Errorf("the error quotes the value: %v", err)
	}
}

// invoke calls a handler that reads all entries, in one string.
func invoke(ctx context.Context, entries ...*lc.Entry[string]) (string, error) {
	var list []lc.Cached
	for _, e := range entries {
		list = append(list, e)
	}
	return lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		var values []string
		for _, e := range entries {
			values = append(values, e.Value(ctx))
		}
		return strings.Join(values, " "), nil
	}, list...)(ctx, 0)
}

func TestFailedLoadLeavesEverythingAsItWas(t *testing.T) {
	for name, load := range map[string]func(e *lc.Entry[string]) error{
		"refresh": func(e *lc.Entry[string]) error { _, err := e.Refresh(context.Background()); return err },
		"due":     func(e *lc.Entry[string]) error { _, err := e.Get(context.Background()); return err },
		"wrap":    func(e *lc.Entry[string]) error { _, err := invoke(context.Background(), e); return err },
		"fetch":   func(e *lc.Entry[string]) error { return lc.Prefetch(context.Background(), e) },
	} {
		t.Run(name, func(t *testing.T) {
			guest := newTimes(t)
			s := newScripted(10, map[string]string{"k": "v1", "other": "w1"})
			o := lc.NewOrigin("scripted", s)
			e := declare(o, "k", lc.MaxAge(20*time.Second))
			patient, other := declare(o, "k"), declare(o, "other") // both fresh for longer
			must(invoke(context.Background(), e, patient, other))(t)
			guest.both(30 * time.Second)
			s.set("k", "v2")
			s.failing(down)
			if err := load(e); !errors.Is(err, errDown) {
				t.Fatalf("error %v", err)
			}
			s.took()
			want(t, "age", e.Stats().Age, 30*time.Second)
			want(t, "age of who shares the key", patient.Stats().Age, 30*time.Second)
			want(t, "age of another key", other.Stats().Age, 30*time.Second)
			want(t, "version", e.Version(), "v:v1")
			want(t, "others", must(invoke(context.Background(), patient, other))(t), "v1 w1")
			want(t, "calls for the others", len(s.took()), 0)

			s.failing(nil)
			want(t, "later", must(invoke(context.Background(), e))(t), "v2")
			want(t, "age later", e.Stats().Age, 0)
		})
	}
}

func TestHandlerRunsWithACompleteSnapshotOrNotAtAll(t *testing.T) {
	keys, values := many(3)
	s := newScripted(1, values)
	s.fail = denying(keys[1])
	o := lc.NewOrigin("scripted", s)
	entries := declareAll(o, keys)
	ran := 0
	h := lc.Wrap(func(context.Context, int) (string, error) { ran++; return "response", nil }, entries...)
	response, err := h(context.Background(), 0)
	want(t, "is denied", errors.Is(err, lc.ErrDenied), true)
	want(t, "response", response, "")
	want(t, "handler ran", ran, 0)
	want(t, "calls", len(s.took()), 3)

	s.failing(nil)
	want(t, "response", must(h(context.Background(), 0))(t), "response")
	want(t, "calls for what is missing", sorted(s.took()), keys[1])
}

func TestValueStaysWhateverHappens(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	h := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		check := func(what, get, version string) {
			t.Helper()
			want(t, "Value after "+what, e.Value(ctx), "v1")
			want(t, "by name after "+what, lc.Value[string](ctx, "k"), "v1")
			want(t, "Get after "+what, must(e.Get(ctx))(t), get)
			want(t, "Version after "+what, e.Version(), version)
		}
		check("the start", "v1", "v:v1")
		s.set("k", "v2")
		want(t, "Refresh", must(e.Refresh(ctx))(t), "v2")
		check("Refresh", "v2", "v:v2")
		s.set("k", "v3")
		guest.both(time.Minute)
		check("Get of what is due", "v3", "v:v3")
		s.set("k", "v4")
		lc.Invalidate(e)
		want(t, "Version after Invalidate", e.Version(), "")
		want(t, "Age after Invalidate", e.Stats().Age, 0)
		check("Invalidate", "v4", "v:v4")
		s.set("k", "v5")
		guest.both(time.Minute)
		want(t, "other invocation", must(invoke(context.Background(), e))(t), "v5")
		check("another invocation", "v5", "v:v5")
		return 0, nil
	}, e)
	must(h(context.Background(), 0))(t)
	want(t, "next invocation", must(invoke(context.Background(), e))(t), "v5")
}

// A streamed response is made after Wrap has returned.
func TestValueAfterWrapHasReturned(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	h := lc.Wrap(func(ctx context.Context, _ int) (func() string, error) {
		return func() string { return e.Value(ctx) }, nil
	}, e)
	first := must(h(context.Background(), 0))(t)
	want(t, "streamed", first(), "v1")
	s.set("k", "v2")
	guest.both(time.Minute)
	second := must(h(context.Background(), 0))(t)
	want(t, "streamed by the first, late", first(), "v1")
	want(t, "streamed by the second", second(), "v2")
	lc.Invalidate(e)
	want(t, "streamed after Invalidate", first()+second(), "v1v2")
}

// One of two entries of a key cannot decode its new version.
func TestOneOfTwoCannotDecode(t *testing.T) {
	guest := newTimes(t)
	events := observe(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	decoded := 0
	a, b := declare(o, "k", lc.Name("a"), lc.MaxAge(20*time.Second)), picky(o, "k", "b", &decoded)
	ctx := context.Background()
	want(t, "both", must(invoke(ctx, a, b))(t), "v1 v1")

	s.set("k", "bad2")
	guest.both(30 * time.Second)
	want(t, "a alone goes on", must(invoke(ctx, a))(t), "bad2")
	want(t, "b alone keeps the old value", must(invoke(ctx, b))(t), "v1")
	want(t, "Get of b", must(b.Get(ctx))(t), "v1")
	want(t, "version of a", a.Version(), "v:bad2")
	want(t, "version of b", b.Version(), "v:v1")
	want(t, "age of a", a.Stats().Age, 0)
	want(t, "age of b", b.Stats().Age, 30*time.Second)
	want(t, "loads so far", len(s.took()), 2)
	want(t, "decodings so far", decoded, 2)
	failed := events.of(lc.EventFailed)
	want(t, "reported", len(failed), 1)
	want(t, "reported for", strings.Join(failed[0].Entries, ","), "b")

	for range 2 { // Have stands: the answer is Unchanged, and the error the same
		_, err := invoke(ctx, a, b)
		wantUndecodable(t, err, "b")
		_, err = b.Refresh(ctx)
		wantUndecodable(t, err, "b")
	}
	want(t, "asked with", s.reqs[len(s.reqs)-1].Have, "v:bad2")
	want(t, "decoded again", decoded, 2)
	want(t, "b alone still", must(invoke(ctx, b))(t), "v1")
	want(t, "age of b in spite of Unchanged", b.Stats().Age, 30*time.Second)

	guest.both(30 * time.Second)
	_, err := invoke(ctx, b)
	wantUndecodable(t, err, "b")
	_, err = b.Get(ctx)
	wantUndecodable(t, err, "b")
	want(t, "a alone", must(invoke(ctx, a))(t), "bad2")

	s.set("k", "v3")
	want(t, "mended", must(invoke(ctx, b))(t), "v3")
	want(t, "both", must(invoke(ctx, a, b))(t), "v3 v3")
}

func TestNeverDecoded(t *testing.T) {
	s := newScripted(1, map[string]string{"k": "bad1"})
	o := lc.NewOrigin("scripted", s)
	decoded := 0
	a, b := declare(o, "k", lc.Name("a")), picky(o, "k", "b", &decoded)
	_, err := b.Get(context.Background())
	wantUndecodable(t, err, "b")
	want(t, "version of b", b.Version(), "")
	want(t, "version of a, loaded by the way", a.Version(), "v:bad1")
	want(t, "a", must(a.Get(context.Background()))(t), "bad1")
	_, err = b.Get(context.Background())
	wantUndecodable(t, err, "b")
	want(t, "decodings", decoded, 1)
	want(t, "loads", len(s.took()), 2)
}

// A Refresh that has to wait for something else finds, when it gets to the key, that
// somebody has loaded it since, and in vain: the old value is not an answer.
func TestRefreshComesLateToWhatCannotBeDecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, s := newScripted(1, map[string]string{"slow": "s"}), newScripted(1, map[string]string{"k": "v1"})
		slow.gate = make(chan struct{})
		decoded := 0
		first, e := declare(lc.NewOrigin("slow", slow), "slow"), picky(lc.NewOrigin("scripted", s), "k", "k", &decoded)
		built := 0
		d := pairOf("pair", &built, first, e)
		must(e.Get(t.Context()))(t)
		s.gate = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { must(e.Refresh(t.Context()))(t) })
		synctest.Wait()
		wg.Go(func() { // waits for slow, and then for a load of k that began too early for it
			_, err := d.Refresh(t.Context())
			want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
		})
		synctest.Wait()
		s.gate <- struct{}{}
		synctest.Wait()
		s.set("k", "bad2")
		close(s.gate)
		_, err := e.Refresh(t.Context())
		want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
		close(slow.gate)
		wg.Wait()
		want(t, "held still", must(e.Get(t.Context()))(t), "v1")
	})
}

// Whatever happens, in whatever order: who reads both sees one version, and b never
// shows what it cannot decode.
func TestTwoOfOneKeyNeverMix(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		guest := newTimes(t)
		s := newScripted(1, map[string]string{"k": "1"})
		o := lc.NewOrigin("scripted", s)
		decoded := 0
		age := func() lc.Option { return lc.MaxAge(time.Duration(random.IntN(4)) * 10 * time.Second) }
		a, b := declare(o, "k", lc.Name("a"), age()), picky(o, "k", "b", &decoded, age())
		both := lc.Derive("both", func(ctx context.Context) (string, error) {
			if a.Value(ctx) != b.Value(ctx) {
				t.Errorf("built from %q and %q", a.Value(ctx), b.Value(ctx))
			}
			return a.Value(ctx), nil
		}, []lc.Cached{a, b})
		for i := range 40 {
			ctx := context.Background()
			guest.both(time.Duration(random.IntN(3)) * 5 * time.Second)
			if random.IntN(3) == 0 {
				s.set("k", fmt.Sprint([]string{"", "bad"}[random.IntN(2)], i))
			}
			s.failing(nil)
			if random.IntN(6) == 0 {
				s.failing(down)
			}
			var ofB string
			var err error
			switch random.IntN(8) {
			case 0:
				_, err = a.Refresh(ctx)
			case 1:
				ofB, err = b.Refresh(ctx)
			case 2:
				lc.Invalidate(a)
			case 3:
				ofB, err = both.Get(ctx)
			case 4:
				ofB, err = invoke(ctx, b)
			case 5:
				_, err = invoke(ctx, a)
			default:
				var got string
				if got, err = invoke(ctx, a, b); err == nil {
					ofA, second, _ := strings.Cut(got, " ")
					want(t, "b beside a", second, ofA)
					ofB = second
				}
			}
			if err != nil && !errors.Is(err, lc.ErrDecode) && !errors.Is(err, errDown) {
				t.Error(err)
			}
			if strings.HasPrefix(ofB, "bad") {
				t.Errorf("b shows %q", ofB)
			}
		}
		if t.Failed() {
			return
		}
	}
}

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
		synctest.Test(t, func(t *testing.T) {
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
	synctest.Test(t, func(t *testing.T) {
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

func TestNestedWraps(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"shared": "s1", "inner": "i1", "outer": "o1"})
	o := lc.NewOrigin("scripted", s)
	shared, inner, outer := declare(o, "shared"), declare(o, "inner"), declare(o, "outer")
	in := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		return shared.Value(ctx) + inner.Value(ctx) + outer.Value(ctx) +
			lc.Value[string](ctx, "shared") + lc.Value[string](ctx, "inner") + lc.Value[string](ctx, "outer"), nil
	}, inner, shared)
	out := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		s.set("shared", "s2")
		must(shared.Refresh(ctx))(t)
		guest.both(2 * time.Minute)
		got, err := in(context.WithValue(ctx, s, s), 0)
		want(t, "outside, after the inner", shared.Value(ctx), "s1")
		wantPanic(t, `the value of "inner" was read outside a Wrap that lists it`, func() { inner.Value(ctx) })
		return got, err
	}, shared, outer)
	want(t, "first", must(out(context.Background(), 0))(t), "s1i1o1s1i1o1")
	want(t, "loads", sorted(s.took()), "inner shared shared+outer")

	// What the inner Wrap saw in there is not what it shows elsewhere.
	wantPanic(t, `the value of "outer" was read outside`, func() { _, _ = in(context.Background(), 0) })
	want(t, "value by itself", must(invoke(context.Background(), shared))(t), "s2")
}

// A Wrap used inside another does not keep for others what it was given there.
func TestInnerWrapKeepsNothingOfTheOuter(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "v1"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	in := reading(e)
	out := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		s.set("k", "v2")
		guest.both(time.Minute)
		want(t, "inside", must(in(ctx))(t), "v1")
		for range 3 { // until it has a snapshot of its own that is worth keeping
			want(t, "alone", must(in(context.Background()))(t), "v2")
		}
		return in(ctx)
	}, e)
	want(t, "inside, after it was alone", must(out(context.Background(), 0))(t), "v1")
	want(t, "alone", must(in(context.Background()))(t), "v2")
}

func TestOneEntryInSeveralWrapsAndTwiceInOne(t *testing.T) {
	guest := newTimes(t)
	keys, values := many(5)
	s := newScripted(10, values)
	o := lc.NewOrigin("scripted", s)
	var es []*lc.Entry[string]
	for _, k := range keys {
		es = append(es, declare(o, k))
	}
	handler := func(order ...int) func() string {
		var list []lc.Cached
		for _, i := range order {
			list = append(list, es[i])
		}
		h := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
			got := ""
			for _, i := range order {
				got += strings.TrimPrefix(es[i].Value(ctx), "value of /app/k0")
			}
			return got, nil
		}, list...)
		return func() string { t.Helper(); return must(h(context.Background(), 0))(t) }
	}
	a, b, c := handler(0, 1, 2, 3), handler(3, 2, 1), handler(4, 1, 1, 4)
	for range 3 {
		want(t, "first", a(), "0123")
		want(t, "turned round", b(), "321")
		want(t, "listed twice", c(), "4114")
		guest.both(time.Minute)
	}
	want(t, "calls", len(s.took()), 6)
	want(t, "keys asked", len(s.reqs), 15)
}

func TestReadOutsideAWrap(t *testing.T) {
	s := newScripted(1, map[string]string{"k": "v", "other": "w"})
	o := lc.NewOrigin("scripted", s)
	e, other := declare(o, "k"), declare(o, "other")
	const text = `lambdacache: the value of "k" was read outside a Wrap that lists it: ` +
		`list the entry in lambdacache.Wrap(handler, …) and pass on the handler's context, or read it with Get(ctx)`
	must(e.Get(context.Background()))(t) // held is not enough
	wantPanic(t, text, func() { e.Value(context.Background()) })
	wantPanic(t, text, func() { lc.Value[string](context.Background(), "k") })
	_, _ = lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		wantPanic(t, text, func() { e.Value(ctx) })
		wantPanic(t, text, func() { lc.Value[string](ctx, "k") })
		return 0, nil
	}, other)(context.Background(), 0)
}

// Values of the caller's context, its deadline and its end reach the handler.
func TestInvocationIsTheCallersContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Hour)
	deadline, _ := ctx.Deadline()
	h := lc.Wrap(func(inv context.Context, _ int) (int, error) {
		want(t, "value", inv.Value(key{}), any("value"))
		got, ok := inv.Deadline()
		want(t, "deadline", ok && got.Equal(deadline), true)
		want(t, "before", inv.Err(), nil)
		cancel()
		<-inv.Done()
		want(t, "after", inv.Err(), context.Canceled)
		return 0, nil
	})
	must(h(ctx, 0))(t)
}

func TestPanicOfAHandlerPassesThrough(t *testing.T) {
	e := constant("e")
	type unusual struct{ n int }
	h := lc.Wrap(func(context.Context, int) (int, error) { panic(unusual{7}) }, e)
	func() {
		defer func() { want(t, "panic", recover(), any(unusual{7})) }()
		_, _ = h(context.Background(), 0)
	}()
	want(t, "afterwards", must(reading(e)(context.Background()))(t), "value")
}

// An invocation that fails ends like any other: nothing stays in flight.
func TestNothingInFlightAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		slow := declare(lc.NewOrigin("scripted", s), "k")
		var late error
		failing := lc.New("failing", func(context.Context) (int, error) {
			go func() { _, late = slow.Get(context.Background()) }() // outlives the invocation
			synctest.Wait()
			return 0, errDown
		})
		for range 2 {
			_, err := reading(failing)(t.Context())
			want(t, "failed", errors.Is(err, errDown), true)
			want(t, "in flight", flight.Running(), 0)
			synctest.Wait()
			wantError(t, late, "the last running invocation ended during the load")
		}
	})
}
