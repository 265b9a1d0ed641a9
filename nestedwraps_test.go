package lambdacache_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

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

// So does an old value in place of one that could not be decoded: it stays what it is, and
// the inner Wrap asks for nothing.
func TestInnerWrapTakesWhatStandsIn(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "good"})
	e := lc.Declare(lc.NewOrigin("scripted", s), "k", "picky", func(v string) (string, error) {
		if v == "bad" {
			return "", errDown
		}
		return v, nil
	}, lc.StaleIfError(tenMinutes))
	in := reading(e)
	out := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		s.took()
		s.set("k", "better")
		guest.both(time.Minute)
		return in(ctx)
	}, e)
	must(e.Get(t.Context()))(t)
	s.set("k", "bad")
	guest.both(time.Minute)
	want(t, "inside", must(out(t.Context(), 0))(t), "good")
	want(t, "loads inside", len(s.took()), 0)
}

// What came of age before the invocation began is asked for by an inner Wrap that alone
// lists it, though it may be stale: its source has not failed.
func TestInnerWrapAsksBeforeItMakesDo(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	patient, strict := declare(o, "k", lc.MaxAge(time.Hour)), declare(o, "k", lc.MaxAge(time.Second), lc.StaleIfError(time.Hour))
	in := reading(strict)
	out := lc.Wrap(func(ctx context.Context, _ int) (string, error) { return in(ctx) }, patient)
	must(out(t.Context(), 0))(t)
	s.set("k", "v2")
	guest.both(time.Minute)
	want(t, "inside", must(out(t.Context(), 0))(t), "v2")
}

// And what is too old even to make do with is not taken from the outer Wrap, whose own entry
// may make do with it for longer.
func TestInnerWrapHasALimitOfItsOwn(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "old"})
	o := lc.NewOrigin("scripted", s)
	patient, strict := declare(o, "k", lc.StaleIfError(time.Hour)), declare(o, "k", lc.StaleIfError(time.Minute))
	in := reading(strict)
	out := lc.Wrap(func(ctx context.Context, _ int) (string, error) { return in(ctx) }, patient)
	must(out(t.Context(), 0))(t)
	s.failing(down)
	guest.both(90 * time.Second)
	want(t, "within both limits", must(out(t.Context(), 0))(t), "old")
	guest.both(time.Minute)
	_, err := out(t.Context(), 0)
	wantError(t, err, "ServiceUnavailable")
}

// A stream of an inner Wrap belongs to the invocation: when that has ended, what the stream
// loads is nobody's who runs.
func TestStreamOfAnInnerWrap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		slow := declare(lc.NewOrigin("scripted", s), "k")
		in := lc.Wrap(func(ctx context.Context, _ int) (context.Context, error) { return ctx, nil })
		out := lc.Wrap(func(ctx context.Context, _ int) (context.Context, error) { return in(ctx, 0) })
		ctx := must(out(t.Context(), 0))(t)
		var stream sync.WaitGroup
		stream.Go(func() { _, _ = slow.Get(ctx) })
		synctest.Wait()
		must(out(t.Context(), 0))(t)
		want(t, "in flight when the last Wrap has returned", flight.Running(), 0)
		close(s.gate)
		stream.Wait()
	})
}

// Every Wrap of an invocation began when the outermost did: what was young enough then is.
func TestThreeWrapsBeginAtOnce(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	patient, strict := declare(o, "k", lc.MaxAge(time.Hour)), declare(o, "k", lc.MaxAge(10*time.Second))
	inner := reading(strict)
	middle := lc.Wrap(func(ctx context.Context, _ int) (string, error) { return inner(ctx) }, patient)
	outer := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		guest.both(20 * time.Second)
		s.set("k", "v2")
		return middle(ctx, 0)
	})
	must(0, lc.Prefetch(t.Context(), patient))(t)
	want(t, "inside", must(outer(t.Context(), 0))(t), "v1")
}

// The end of an inner Wrap is not the invocation's: what the handler has begun by itself
// goes on.
func TestEndOfAnInnerWrap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k")
		in := lc.Wrap(func(context.Context, int) (int, error) { return 0, nil })
		out := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
			var own sync.WaitGroup
			own.Go(func() { want(t, "value", must(e.Get(context.Background()))(t), "v") })
			synctest.Wait()
			must(in(ctx, 0))(t)
			close(s.gate)
			own.Wait()
			return 0, nil
		})
		must(out(t.Context(), 0))(t)
	})
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
