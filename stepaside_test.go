package lambdacache_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// busyFunction counts its calls that run: those that read something do not.
type busyFunction struct{ running, most atomic.Int64 }

func (b *busyFunction) work() {
	b.most.Store(max(b.most.Load(), b.running.Add(1)))
	<-time.After(100 * time.Millisecond)
	b.running.Add(-1)
}

// Keys that are made of another key of their family do not keep the places that it needs.
func TestAFamilyReadsItself(t *testing.T) {
	for name, prefetched := range map[string]bool{"alone": false, "with its children": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var f *lc.Family[string, string]
				var busy busyFunction
				f = lc.NewFamily("tree", func(ctx context.Context, key string) (string, error) {
					busy.work()
					if key == "root" {
						return key, nil
					}
					parent, err := f.Get(ctx, "root")
					busy.work()
					return parent + "/" + key, err
				})
				var keys []string
				for i := range 40 {
					keys = append(keys, fmt.Sprint("child", i))
				}
				if prefetched {
					keys = append(keys, "root")
				}
				start := time.Now()
				if err := f.Prefetch(t.Context(), keys...); err != nil {
					t.Error(err)
				}
				want(t, "value", must(f.Get(t.Context(), "child7"))(t), "root/child7")
				if took := time.Since(start); took > time.Second {
					t.Error("took", took)
				}
				if n := busy.most.Load(); n > 17 { // one waited
					t.Errorf("%d calls at once", n)
				}
				synctest.Wait()
				departed, waiting := f.Calls()
				want(t, "in flight at the end", departed+waiting, 0)
			})
		})
	}
}

// Nor do keys of two families, each of which reads the other.
func TestFamiliesReadEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f, g *lc.Family[string, int]
		deeper := func(other **lc.Family[string, int]) func(context.Context, string) (int, error) {
			return func(ctx context.Context, key string) (int, error) {
				<-time.After(100 * time.Millisecond)
				if len(key) == 1 {
					return 1, nil
				}
				n, err := (*other).Get(ctx, key[1:])
				return n + 1, err
			}
		}
		f, g = lc.NewFamily("f", deeper(&g)), lc.NewFamily("g", deeper(&f))
		var keys []string
		for i := range 40 {
			keys = append(keys, fmt.Sprintf("%03d", i))
		}
		done := make(chan error, 1)
		go func() { done <- f.Prefetch(t.Context(), keys...) }()
		if err := g.Prefetch(t.Context(), keys...); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		want(t, "value", must(f.Get(t.Context(), "007"))(t), 3)
		synctest.Wait()
		for _, f := range []*lc.Family[string, int]{f, g} {
			departed, waiting := f.Calls()
			want(t, "in flight at the end", departed+waiting, 0)
		}
	})
}
