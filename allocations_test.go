package lambdacache_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// What a hit allocates is the same on every machine, so that, unlike its time, it can
// be a test.
func TestAllocationsOfAHit(t *testing.T) {
	e := constant("e")
	derived := lc.Derive("derived", func(ctx context.Context) (string, error) { return e.Value(ctx), nil }, []lc.Cached{e})
	entries := []lc.Cached{e}
	for i := range 29 {
		entries = append(entries, constant(fmt.Sprint("e", i)))
	}
	h := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		want(t, "allocations of Value", testing.AllocsPerRun(100, func() { e.Value(ctx) }), 0)
		deep := deeper(ctx, 2)
		want(t, "allocations of Value, 3 deep", testing.AllocsPerRun(100, func() { e.Value(deep) }), 0)
		want(t, "allocations of Get", testing.AllocsPerRun(100, func() { _, _ = e.Get(ctx) }), 0)
		want(t, "allocations of Get, derived", testing.AllocsPerRun(100, func() { _, _ = derived.Get(ctx) }), 0)
		return 0, nil
	}, entries...)
	family := lc.NewFamily("family", func(_ context.Context, key string) (string, error) { return key, nil })
	must(family.Get(t.Context(), "key"))(t)
	want(t, "allocations of a family's Get", testing.AllocsPerRun(100, func() { _, _ = family.Get(t.Context(), "key") }), 0)
	must(derived.Get(t.Context()))(t)
	must(h(t.Context(), 0))(t)

	fresh := lc.Wrap(func(context.Context, int) (int, error) { return 0, nil }, entries...)
	ctx := at(0)
	must(e.Refresh(t.Context()))(t) // what was loaded anew is found as fast
	_, _ = fresh(ctx, 0)
	want(t, "allocations of a fresh invocation", testing.AllocsPerRun(100, func() { _, _ = fresh(ctx, 0) }), 1)
	testlab.Landed() // or the loads of the tests before count as well
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		_, _ = fresh(ctx, 0)
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / 1000; n > 70 { // anything else that ran meanwhile included
		t.Errorf("a fresh invocation allocates %d bytes, want 64", n)
	}
}
