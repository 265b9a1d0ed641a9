package lambdacache_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func TestMain(m *testing.M) {
	testhook.Patient() // but in bubbles, where no time passes that nobody waits for
	leftover.Main(m)
}

var errDown = errors.New("ServiceUnavailable")

func down([]string) error { return errDown }

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
		wantPanic(t, `lambdacache: no entry that the handler's Wrap lists is named "k": there is "other"; list the entry too`, func() { lc.Value[string](ctx, "k") })
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
	bubble(t, func(t *testing.T) {
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
