package lambdacache_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// Each benchmark stands beside its floor: what the least code for the same would
// cost. The aims are ratios of the two in one run: see design section 6.

type deep struct{}

func deeper(ctx context.Context, n int) context.Context {
	for range n {
		ctx = context.WithValue(ctx, deep{}, n)
	}
	return ctx
}

func constant(name string) *lc.Entry[string] {
	return lc.New(name, func(context.Context) (string, error) { return "value", nil }, lc.MaxAge(time.Hour))
}

// inside runs f with the context of an invocation that has entries.
func inside(b *testing.B, f func(ctx context.Context), entries ...lc.Cached) {
	b.Helper()
	h := lc.Wrap(func(ctx context.Context, _ int) (int, error) { f(ctx); return 0, nil }, entries...)
	if _, err := h(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkValue(b *testing.B) {
	key := new(int)
	e := constant("e")
	for _, depth := range []int{0, 2} {
		b.Run(fmt.Sprintf("depth=%d/floor=ctx.Value", depth+1), func(b *testing.B) {
			ctx := deeper(context.WithValue(b.Context(), key, "value"), depth)
			for b.Loop() {
				_ = ctx.Value(key).(string)
			}
		})
		b.Run(fmt.Sprintf("depth=%d/ours", depth+1), func(b *testing.B) {
			inside(b, func(ctx context.Context) {
				ctx = deeper(ctx, depth)
				b.ReportAllocs()
				for b.Loop() {
					_ = e.Value(ctx)
				}
			}, constant("another"), e)
		})
	}
}

func BenchmarkGet(b *testing.B) {
	b.Run("floor=time.Now+atomic", func(b *testing.B) {
		var p atomic.Pointer[string]
		p.Store(new("value"))
		limit := time.Now().Add(time.Hour)
		for b.Loop() {
			if time.Now().Before(limit) {
				_ = *p.Load()
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		e, ctx := constant("e"), b.Context()
		b.ReportAllocs()
		for b.Loop() {
			_, _ = e.Get(ctx)
		}
	})
	b.Run("ours/parallel", func(b *testing.B) {
		e, ctx := constant("e"), b.Context()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = e.Get(ctx)
			}
		})
	})
}

func BenchmarkWrap(b *testing.B) {
	lambdaContext := func(b *testing.B) context.Context { // as aws-lambda-go makes it
		ctx, cancel := context.WithDeadline(b.Context(), time.Now().Add(time.Hour))
		b.Cleanup(cancel)
		return deeper(ctx, 2)
	}
	b.Run("floor=time.Now+WithValue", func(b *testing.B) {
		ctx, key := lambdaContext(b), new(int)
		h := func(ctx context.Context, _ int) (int, error) { return 0, nil }
		b.ReportAllocs()
		for b.Loop() {
			if !time.Now().IsZero() {
				_, _ = h(context.WithValue(ctx, key, key), 0)
			}
		}
	})
	for _, n := range []int{1, 30} {
		b.Run(fmt.Sprintf("ours/entries=%d", n), func(b *testing.B) {
			ctx := lambdaContext(b)
			var entries []lc.Cached
			for i := range n {
				entries = append(entries, constant(fmt.Sprint("e", i)))
			}
			h := lc.Wrap(func(context.Context, int) (int, error) { return 0, nil }, entries...)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = h(ctx, 0)
			}
		})
	}
}
