package lambdacache_test

import (
	"context"
	"fmt"
	"strconv"
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
			bubble(t, func(t *testing.T) {
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

// Those that come back are over the limit no longer than until as many calls have ended.
func TestPlacesOfThoseThatComeBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *lc.Family[int, int]
		var busy busyFunction
		o := lc.NewOrigin("func", intSource(func(ctx context.Context, n int) (int, error) {
			busy.work()
			if n%2 == 0 {
				return n, nil
			}
			parent, err := f.Get(ctx, n-1)
			busy.work()
			return parent + 1, err
		}))
		f = lc.DeclareFamily(o, func(n int) (lc.Located, error) { return lc.Located{Key: strconv.Itoa(n)}, nil }, func(n int) (int, error) { return n, nil })
		var keys []int
		for n := range 200 {
			keys = append(keys, 2*n+1)
		}
		if err := f.Prefetch(t.Context(), keys...); err != nil {
			t.Error(err)
		}
		if n := busy.most.Load(); n > 32 {
			t.Errorf("%d calls at once", n)
		}
	})
}

// Who comes back counts again: the next in the line waits until he has ended as well.
func TestWhoComesBackHasAPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		var begun []string
		var root *lc.Entry[string]
		o := lc.NewOrigin("thing", loader(func(ctx context.Context, reqs []lc.Request) []lc.Result[string] {
			begun = append(begun, fmt.Sprint(reqs[0].Key, " ", time.Since(start)))
			if reqs[0].Key == "reader" {
				_, _ = root.Get(ctx)
				<-time.After(time.Second)
			}
			<-time.After(100 * time.Millisecond)
			return []lc.Result[string]{{Value: "v"}}
		}), lc.OriginMaxCalls(1))
		root = declare(o, "root")
		var all []func() []error
		for _, k := range []string{"reader", "a", "b"} {
			all = append(all, each(t.Context(), []lc.Cached{declare(o, k)}))
			synctest.Wait()
		}
		for _, wait := range all {
			must(0, wait()[0])(t)
		}
		want(t, "begun", fmt.Sprint(begun), "[reader 0s root 0s a 100ms b 1.2s]")
	})
}

// A function that reads what makes do with an old value waits for no load.
func TestAFunctionReadsWhatIsStale(t *testing.T) {
	guest := newTimes(t)
	s, e := stale(t)
	guest.both(time.Minute)
	must(e.Get(t.Context()))(t) // its source is known to fail
	s.took()
	reader := lc.New("reader", e.Get)
	want(t, "value", must(reader.Get(t.Context()))(t), "old")
	want(t, "calls", len(s.took()), 0)
}

type intSource func(context.Context, int) (int, error)

func (f intSource) Load(ctx context.Context, reqs []lc.Request) []lc.Result[int] {
	n, _ := strconv.Atoi(reqs[0].Key)
	v, err := f(ctx, n)
	return []lc.Result[int]{{Value: v, Err: err}}
}

// A call that does not heed the end of its time while it waits has no place to come back to.
func TestADeafCallThatWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *lc.Family[string, string]
		f = lc.NewFamily("deaf", func(ctx context.Context, key string) (string, error) {
			if key == "root" {
				<-time.After(2900 * time.Millisecond)
				return key, nil
			}
			<-time.After(time.Second)
			return f.Get(context.WithoutCancel(ctx), "root")
		})
		var keys []string
		for i := range 16 {
			keys = append(keys, fmt.Sprint("child", i))
		}
		wantError(t, f.Prefetch(t.Context(), keys...), "no answer within 3s")
		<-time.After(time.Minute)
		departed, waiting := f.Calls()
		want(t, "in flight", departed, 0)
		want(t, "waiting", waiting, 0)
	})
}

// Nor do keys of two families, each of which reads the other.
func TestFamiliesReadEachOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
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
