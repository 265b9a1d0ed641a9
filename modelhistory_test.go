package lambdacache_test

import (
	"context"
	"fmt"
	"sync"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// leaving is a context that ends some time, now and then.
func (w *world) leaving(ctx context.Context) (context.Context, context.CancelFunc) {
	if w.calm || w.pick(3) > 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, w.upTo(4*time.Second))
}

func (w *world) get(ctx context.Context, what string) {
	i, refresh := w.pick(len(w.entries)), w.pick(4) == 0
	ctx, leave := w.leaving(ctx)
	defer leave()
	o, read := w.begin(fmt.Sprint(what, " get ", i), clock.Now()), w.entries[i].Get
	if refresh {
		o.what, read = fmt.Sprint(what, " refresh ", i), w.entries[i].Refresh
	}
	value, err := read(ctx)
	o.ended(err, ctx.Err() != nil)
	if err == nil {
		o.saw(i, value, refresh)
	}
}

func (w *world) invoke(outer context.Context, depth int) {
	ctx, leave := w.leaving(outer)
	defer leave()
	w.mu.Lock()
	w.invoked = environment.HasHostDeadlines() // else they are ignored
	if depth == 0 {
		ctx = until{ctx, hostTime.Add(time.Since(w.born) + w.host)}
	}
	w.mu.Unlock()
	now, n := w.reading(), w.pick(len(w.wraps))
	o := w.begin(fmt.Sprint("invocation of ", n), now)
	ran := false
	_, err := w.wraps[n](ctx, func(ctx context.Context) {
		ran = true
		o.ended(nil, ctx.Err() != nil)
		first := make(map[int]string)
		for _, i := range w.lists[n] {
			first[i] = w.entries[i].Value(ctx)
			if depth == 0 {
				o.saw(i, first[i], false)
			}
			if j := i ^ 1; depth == 0 && first[j] != "" && first[i] != first[j] {
				o.failf("%s (%d): two versions of a key: %s, %s", o.what, o.tick, first[i], first[j])
			}
		}
		<-time.After(w.upTo(5 * time.Second))
		for range w.pick(3) {
			w.get(ctx, "inner")
		}
		if depth == 0 && w.pick(3) == 0 {
			w.invoke(ctx, 1)
		}
		for i, v := range first {
			if again := w.entries[i].Value(ctx); again != v {
				o.failf("%s (%d): %s became %s", o.what, o.tick, v, again)
			}
		}
	})
	if !ran {
		o.ended(err, ctx.Err() != nil)
	}
}

// run makes a history.
func (w *world) run() {
	w.ops.Go(func() { w.invoke(context.Background(), 0) })
	synctest.Wait()
	for range 60 {
		switch w.pick(16) {
		case 0, 1, 2, 3:
			w.ops.Go(func() { w.invoke(context.Background(), 0) })
		case 4, 5, 6:
			w.ops.Go(func() { w.get(context.Background(), "outside") })
		case 7:
			w.ops.Go(func() { _ = lc.Prefetch(context.Background(), w.entries[w.pick(12)], w.entries[w.pick(12)]) })
		case 8, 9:
			k := modelKeys[w.pick(6)]
			w.mu.Lock()
			w.versions[k]++
			w.mu.Unlock()
		case 10:
			if !w.calm {
				i := w.pick(12)
				lc.Invalidate(w.entries[i])
				w.forget(modelKeys[i/2])
			}
		case 11:
			w.freeze(w.upTo(time.Minute))
		case 12:
			w.setFault([]string{"down", "culprit", "leftover", "panic", "goexit", "throttle", "batch"}[w.pick(7)])
		case 13:
			w.setFault("")
		default:
			<-time.After(w.upTo(3 * time.Second))
		}
		synctest.Wait()
	}
	w.setFault("")
	w.ops.Wait()
	w.quiet()
}

func (w *world) forget(key string) {
	tick := w.next()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgotten[key] = tick
}

func (w *world) freeze(d time.Duration) {
	part, step := w.upTo(d), []time.Duration{0, d, -w.upTo(d), 2 * d}[w.pick(4)]
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf("%v: freeze %v mono %v wall %v", time.Since(w.born), d, part, step))
	w.host += d
	w.mono += part
	w.wall += step
}

func (w *world) setFault(f string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault != "" {
		w.healthy = time.Now()
	}
	w.fault = f
	w.split = w.split || f == "culprit" || f == "leftover" || f == "batch"
}

// quiet checks what holds when nobody else is there: a failed load changes neither
// version nor age, and what a handler leaves behind has ended when Wrap returns.
func (w *world) quiet() {
	for i, e := range w.entries {
		_, err := e.Get(context.Background())
		w.setFault("down")
		version, age := e.Version(), e.Stats().Age
		begun := time.Now()
		if _, err := e.Refresh(context.Background()); err == nil {
			w.failf("entry %d: refreshed from a broken source", i)
		}
		if e.Version() != version || err == nil && e.Stats().Age != age+time.Since(begun) {
			w.failf("entry %d: a failed load changed version %q, age %v to %q, %v", i, version, age, e.Version(), e.Stats().Age)
		}
		w.setFault("")
	}
	var left sync.WaitGroup
	leave := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		left.Go(func() { _, _ = w.entries[w.pick(12)].Refresh(ctx) })
		synctest.Wait()
		return 0, nil
	})
	_, _ = leave(context.Background(), 0)
	if n := flight.Running(); n != 0 && environment.Freezes() {
		w.failf("%d loads in flight at the end", n)
	}
	left.Wait()
}
