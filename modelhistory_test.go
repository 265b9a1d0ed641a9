package lambdacache_test

import (
	"context"
	"errors"
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

// hurries reports whether a caller may have had too little time for a load.
func hurries(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && time.Until(deadline) < time.Hour
}

func (w *world) get(ctx context.Context, what string) {
	e, refresh := w.someReader(), !w.eager && w.pick(4) == 0
	if !w.eager && w.pick(6) == 0 {
		w.retry(ctx, what, e)
		return
	}
	ctx, leave := w.leaving(ctx)
	defer leave()
	o, read := w.begin(fmt.Sprint(what, " get ", e), clock.Now()), e.get
	defer o.end()
	if refresh {
		o.what, read = fmt.Sprint(what, " refresh ", e), e.refresh
	}
	value, err := read(ctx)
	o.ended(err, ctx.Err() != nil)
	if err == nil {
		o.hurried = hurries(ctx)
		o.saw(e, value, refresh)
	}
}

var errRefused = errors.New("login refused")

// retry logs in with a value: the server takes those that are new enough.
func (w *world) retry(ctx context.Context, what string, e *modelEntry) {
	o := w.begin(fmt.Sprint(what, " retry ", e), clock.Now())
	defer o.end()
	var had []string
	w.mu.Lock()
	needed := w.needed[e.key]
	w.did.retries++
	w.mu.Unlock()
	_, err := e.retry(ctx, func(_ context.Context, value string) (int, error) {
		had = append(had, value)
		if _, version := parseValue(value); version < needed {
			return 0, errRefused
		}
		return 0, nil
	}, func(err error) bool { return errors.Is(err, errRefused) })
	if len(had) > 2 || len(had) == 2 && had[0] == had[1] {
		o.failf("%s (%d): logged in with %q", o.what, o.tick, had)
	}
	w.mu.Lock()
	if len(had) == 2 {
		w.did.renewed++
	}
	vain := time.Since(w.vain) < 40*time.Second || w.trouble[e.key] > o.tick // there was no newer value to be had
	if err != nil {
		w.vain = time.Now()
	}
	w.mu.Unlock()
	switch {
	case errors.Is(err, errRefused) && (vain || e.picky || ctx.Err() != nil || !o.calm):
	default:
		o.ended(err, ctx.Err() != nil)
	}
}

func (w *world) invoke(outer context.Context, depth int) {
	ctx, leave := w.leaving(outer)
	defer leave()
	w.mu.Lock()
	w.invoked = environment.HasHostDeadlines() // else they are ignored
	if w.slept && depth == 0 {
		clear(w.spared) // only now does the process know how much time has passed
		w.slept = false
	}
	if depth == 0 {
		ctx = until{ctx, w.hostReading()}
	}
	w.mu.Unlock()
	now, m := w.reading(), w.someWrap()
	o := w.begin(fmt.Sprint("invocation of ", m.list), now)
	defer o.end()
	ran := false
	_, err := m.invoke(ctx, func(ctx context.Context) {
		ran = true
		o.ended(nil, ctx.Err() != nil)
		o.hurried = hurries(ctx)
		first := o.snapshot(ctx, m.list, depth)
		<-time.After(w.upTo(5 * time.Second))
		for range w.pick(3) {
			w.get(ctx, "inner")
		}
		if depth == 0 && w.pick(3) == 0 {
			w.invoke(ctx, 1)
		}
		for e, v := range first {
			if again := e.value(ctx); again != v {
				o.failf("%s (%d): %s became %s", o.what, o.tick, v, again)
			}
		}
	})
	if depth == 0 {
		o.nothingInFlight()
	}
	if !ran {
		o.ended(err, ctx.Err() != nil)
	}
}

// snapshot reads what the invocation sees: one version of each key.
func (o *op) snapshot(ctx context.Context, list []*modelEntry, depth int) map[*modelEntry]string {
	first, byKey := make(map[*modelEntry]string), make(map[string]string)
	for _, e := range list {
		v := e.value(ctx)
		first[e] = v
		if depth > 0 {
			continue
		}
		o.saw(e, v, false)
		if other, any := byKey[e.key]; any && other != v {
			o.failf("%s (%d): two versions of a key: %s, %s", o.what, o.tick, v, other)
		}
		byKey[e.key] = v
	}
	return first
}

// run makes a history.
func (w *world) run() {
	w.ops.Go(func() { w.invoke(context.Background(), 0) })
	synctest.Wait()
	steps := 10 + w.pick(40)
	for range steps {
		w.step()
		synctest.Wait()
	}
	w.did.steps = steps
	w.setFault("")
	w.ops.Wait()
	w.quiet()
	w.checkEvents()
	w.did.calls = len(w.loads)
	w.countEvicted()
}

func (w *world) step() {
	switch w.pick(20) {
	case 0, 1, 2, 3:
		w.ops.Go(func() { w.invoke(context.Background(), 0) })
	case 4, 5, 6:
		w.ops.Go(func() { w.get(context.Background(), "outside") })
	case 7:
		w.ops.Go(w.prefetchKeys)
		w.ops.Go(func() {
			o := w.begin("outside prefetch", clock.Now())
			defer o.end()
			o.ended(lc.Prefetch(context.Background(), w.someEntry().Cached, w.someEntry().Cached), false)
		})
	case 8, 9:
		w.change(modelKeys[w.pick(len(modelKeys))])
	case 10:
		if !w.calm {
			e := w.someReader()
			if e.Cached != nil && w.pick(2) == 0 {
				lc.Invalidate(e.Cached)
			} else {
				w.familyOf(e.key).Invalidate(e.key)
			}
			w.forget(e.key)
		}
	case 11:
		w.freeze(w.upTo(time.Minute))
	case 12, 13:
		w.did.faults++
		w.setFault([]string{"down", "culprit", "leftover", "panic", "goexit", "throttle", "batch"}[w.pick(7)])
	case 14:
		w.setFault("")
	case 15:
		if e := w.someReader(); !w.eager {
			w.rotate(e.key)
			w.ops.Go(func() { w.retry(context.Background(), "outside", e) })
		}
	case 16:
		w.declareLate()
	case 17:
		if w.pick(4) == 0 {
			w.crash()
		}
	default:
		<-time.After(w.upTo(3 * time.Second))
	}
}

func (w *world) change(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.versions[key]++
}

// rotate changes a key whose server takes no older version from now on.
func (w *world) rotate(key string) {
	w.change(key)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.needed[key] = w.versions[key]
}

func (w *world) declareLate() {
	e := w.declareEntry(entryKeys[w.pick(len(entryKeys))], w.pick(2) == 0)
	w.mu.Lock()
	w.entries = append(w.entries, e)
	w.did.declared++
	w.mu.Unlock()
	w.wrap()
}

// crash ends the process and starts another, which has read nothing. Sources and clocks
// go on.
func (w *world) crash() {
	w.ops.Wait()
	for flight.Running() > 0 { // early loads on Managed Instances
		<-time.After(time.Second)
	}
	tick := w.next()
	w.mu.Lock()
	for _, k := range modelKeys {
		w.forgotten[k] = tick
	}
	w.did.crashes++
	w.countEvicted()
	clear(w.troubled)
	clear(w.spared)
	clear(w.kept)
	w.log = append(w.log, fmt.Sprintf("%v: crash", time.Since(w.born)))
	w.mu.Unlock()
	w.start()
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
	w.slept = true
	w.stepped = w.stepped || step < 0
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
	for flight.Running() > 0 { // early loads on Managed Instances
		<-time.After(time.Second)
	}
	w.eager = false
	for _, e := range w.entries {
		entry := e.Cached.(*lc.Entry[string])
		_, err := entry.Get(context.Background())
		w.setFault("down")
		version, age := entry.Version(), entry.Stats().Age
		begun := time.Now()
		if _, err := entry.Refresh(context.Background()); err == nil {
			w.failf("%v: refreshed from a broken source", e)
		}
		if entry.Version() != version || err == nil && entry.Stats().Age != age+time.Since(begun) {
			w.failf("%v: a failed load changed version %q, age %v to %q, %v", e, version, age, entry.Version(), entry.Stats().Age)
		}
		w.setFault("")
	}
	var left sync.WaitGroup
	leave := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		left.Go(func() { _, _ = w.someReader().refresh(ctx) })
		synctest.Wait()
		return 0, nil
	})
	_, _ = leave(context.Background(), 0)
	if n := flight.Running(); n != 0 && environment.Freezes() {
		w.failf("%d loads in flight at the end", n)
	}
	left.Wait()
	w.checkSlots()
}
