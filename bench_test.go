package lambdacache_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// What a hit costs, beside its floor: the least code for the same. Both run in turn,
// a thousand at a time, and the ratio of their medians is what counts: on a shared
// machine no single figure is worth anything.

type deep struct{}

func deeper(ctx context.Context, n int) context.Context {
	for range n {
		ctx = context.WithValue(ctx, deep{}, n)
	}
	return ctx
}

// constant has every option set: none of them may cost a hit anything.
func constant(name string) *lc.Entry[string] {
	return lc.New(name, func(context.Context) (string, error) { return "value", nil },
		lc.MaxAge(time.Hour), lc.StaleIfError(time.Hour), lc.RefreshAhead(0.9), lc.Jitter(0.1), lc.LoadTimeout(time.Minute))
}

func constants(n int) (list []lc.Cached) {
	for i := range n {
		list = append(list, constant(fmt.Sprint("e", i)))
	}
	return list
}

// compare reports the medians of both in ns, and their ratio.
func compare(b *testing.B, floor, ours func(n int)) {
	b.Helper()
	const batch = 1000
	var times [2][]time.Duration
	for n := 0; b.Loop(); n++ {
		for i := range 2 {
			i = (i + n) % 2 // who goes first changes
			start := time.Now()
			[]func(int){floor, ours}[i](batch)
			times[i] = append(times[i], time.Since(start))
		}
	}
	var ns [2]float64
	for i, t := range times {
		slices.Sort(t)
		ns[i] = float64(t[len(t)/2]) / batch
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ns[0], "floor-ns")
	b.ReportMetric(ns[1], "ours-ns")
	b.ReportMetric(ns[1]/ns[0], "ratio")
}

var sink string // keeps what is read from being optimised away

// lambdaContext is a context as aws-lambda-go makes it for an invocation.
func lambdaContext(b *testing.B) context.Context {
	ctx, cancel := context.WithDeadline(b.Context(), time.Now().Add(time.Hour))
	b.Cleanup(cancel)
	return deeper(ctx, 2)
}

// BenchmarkWrap comes first: in a function there is one Wrap, and it does not look for
// another around it.
func BenchmarkWrap(b *testing.B) {
	ctx := lambdaContext(b)
	one := wrapped(ctx, 1)
	for _, kind := range []struct {
		name string
		environment.Kind
	}{{"elsewhere", environment.Elsewhere}, {"function", environment.Function}, {"managed", environment.Managed}} {
		b.Run("entries=1/"+kind.name, func(b *testing.B) {
			defer environment.Replace(kind.Kind)()
			key := new(int)
			h := func(context.Context, int) (int, error) { return 0, nil }
			compare(b, func(n int) {
				for range n {
					if !time.Now().IsZero() {
						_, _ = h(context.WithValue(ctx, key, key), 0)
					}
				}
			}, one)
		})
	}
	b.Run("entries=30/floor=entries=1", func(b *testing.B) { compare(b, one, wrapped(ctx, 30)) })
}

// wrapped runs fresh invocations with so many entries.
func wrapped(ctx context.Context, entries int) func(int) {
	h := lc.Wrap(func(context.Context, int) (int, error) { return 0, nil }, constants(entries)...)
	return func(n int) {
		for range n {
			_, _ = h(ctx, 0)
		}
	}
}

func BenchmarkValue(b *testing.B) {
	key := new(int)
	for _, depth := range []int{1, 3} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			e := constant("e")
			plain := deeper(context.WithValue(b.Context(), key, "value"), depth-1)
			h := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
				ctx = deeper(ctx, depth-1)
				compare(b, func(n int) {
					for range n {
						sink = plain.Value(key).(string)
					}
				}, func(n int) {
					for range n {
						sink = e.Value(ctx)
					}
				})
				return 0, nil
			}, constant("another"), e)
			if _, err := h(b.Context(), 0); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	e, ctx := constant("e"), b.Context()
	var p atomic.Pointer[string]
	p.Store(new("value"))
	limit := time.Now().Add(time.Hour)
	compare(b, func(n int) {
		for range n {
			if time.Now().Before(limit) {
				sink = *p.Load()
			}
		}
	}, func(n int) {
		for range n {
			sink, _ = e.Get(ctx)
		}
	})
}

// BenchmarkGetParallel shows that readers do not hinder each other: with -cpu 1,2 the
// time of one halves.
func BenchmarkGetParallel(b *testing.B) {
	e, ctx := constant("e"), b.Context()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = e.Get(ctx)
		}
	})
}

// BenchmarkMiss has a thousand readers of one due entry at once. The floor is the least
// that lets them wait for one load.
func BenchmarkMiss(b *testing.B) {
	ctx := b.Context()
	var asked sync.WaitGroup // the load lasts until everybody has asked
	together := func(n int, read func()) {
		var all sync.WaitGroup
		asked.Add(n)
		for range n {
			all.Go(func() { asked.Done(); read() })
		}
		all.Wait()
	}
	e := lc.New("e", func(context.Context) (string, error) { asked.Wait(); return "value", nil }, lc.MaxAge(time.Hour))
	compare(b, func(n int) {
		var mu sync.Mutex
		var loaded chan struct{}
		together(n, func() {
			mu.Lock()
			if loaded == nil {
				loaded = make(chan struct{})
				go func(done chan struct{}) { asked.Wait(); close(done) }(loaded)
			}
			done := loaded
			mu.Unlock()
			<-done
		})
	}, func(n int) {
		lc.Invalidate(e)
		together(n, func() { _, _ = e.Get(ctx) })
	})
}
