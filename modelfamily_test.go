package lambdacache_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
)

// modelFamily is a family of some of the model's keys, and what its entries are declared
// to be.
type modelFamily struct {
	*lc.Family[string, string]
	keys    []string
	limit   int
	entries []*modelEntry
}

// declareFamily makes a family with options by chance, of keys that may be entries as
// well: of those of one origin or the other. It knows each of them by two names.
func (w *world) declareFamily(tier bool) *modelFamily {
	f := &modelFamily{keys: slices.Concat(entryKeys[:4], familyKeys[:2]), limit: 1 + w.pick(3)}
	if tier {
		f.keys = slices.Concat(entryKeys[4:], familyKeys[2:])
	}
	made := &modelEntry{key: f.keys[0]}
	o, opts := w.chance(made, w.pick(4) == 0, false)
	opts = append(opts, lc.MaxEntries(f.limit))
	if w.pick(2) == 0 {
		opts = append(opts, lc.RememberMisses(time.Second))
	}
	number := w.number
	name := func(key string) string { return fmt.Sprint(key, " family ", number) }
	f.Family = lc.DeclareFamily(o, func(key string) (lc.Located, error) {
		key = strings.ToLower(key)
		return lc.Located{Key: key, Name: name(key), Hold: func() { w.hold(key) }}, nil
	}, made.decode(), opts...)
	for _, key := range f.keys {
		for _, k := range []string{key, strings.ToUpper(key)} {
			e := *made
			e.key, e.name = key, name(key)
			e.get = func(ctx context.Context) (string, error) { return f.Get(ctx, k) }
			e.refresh = func(ctx context.Context) (string, error) { return f.Refresh(ctx, k) }
			e.retry = func(ctx context.Context, login func(context.Context, string) (int, error), refused func(error) bool) (int, error) {
				return lc.RetryKey(ctx, f.Family, k, login, refused)
			}
			f.entries = append(f.entries, &e)
		}
	}
	return f
}

func (w *world) hold(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(familyKeys, key) { // of the others entries are the users
		w.kept[key] = true
	}
}

// Release is told of a key that nobody needs.
func (s *modelSource) Release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.kept[key] || s.inFlight[key] > 0 {
		s.t.Errorf("%s was released; held: %v; loads in flight: %d", key, s.kept[key], s.inFlight[key])
	}
	delete(s.kept, key)
	s.did.released++
}

// checkSlots checks what is kept when nobody reads: of entries and of what families hold,
// and of entries only when families have forgotten it.
func (w *world) checkSlots() {
	check := func(when string) {
		w.mu.Lock()
		batched, tier := 4, 2
		for _, k := range familyKeys {
			switch {
			case !w.kept[k]:
			case k < "x":
				batched++
			default:
				tier++
			}
		}
		w.mu.Unlock()
		if b, t := lc.Slots(w.batched), lc.Slots(w.tier); b != batched || t != tier {
			w.failf("%s: %d and %d keys kept, want %d and %d", when, b, t, batched, tier)
		}
		for _, o := range []*lc.Origin[string]{w.batched, w.tier} {
			if departed, waiting := lc.CallsInFlight(o); departed+waiting > 0 {
				w.failf("%s: %d calls have places, and %d wait", when, departed, waiting)
			}
		}
	}
	synctest.Wait()
	check("at the end")
	for _, f := range w.families {
		for _, k := range f.keys {
			f.Invalidate(k, strings.ToUpper(k))
		}
	}
	for _, f := range w.families { // also those that another has forgotten it for
		for _, k := range f.keys {
			f.Invalidate(k, strings.ToUpper(k))
		}
		if n := f.Stats().Entries; n > 0 {
			w.failf("a family has %d entries of which nothing is held", n)
		}
	}
	w.mu.Lock()
	kept := slices.Collect(maps.Keys(w.kept))
	w.mu.Unlock()
	if kept != nil {
		w.failf("held when all is forgotten: %v", kept)
	}
	check("when all is forgotten")
}

// someReader gives an entry, or a family's key.
func (w *world) someReader() *modelEntry {
	if w.pick(2) == 0 {
		return w.someEntry()
	}
	f := w.families[w.pick(len(w.families))]
	return f.entries[w.pick(len(f.entries))]
}

// familyOf gives a family of a key.
func (w *world) familyOf(key string) *modelFamily {
	i := slices.IndexFunc(w.families, func(f *modelFamily) bool { return slices.Contains(f.keys, key) })
	return w.families[i]
}

func (w *world) prefetchKeys() {
	f := w.families[w.pick(len(w.families))]
	o := w.begin("outside prefetch of a family", clock.Now())
	defer o.end()
	o.ended(f.Prefetch(context.Background(), f.keys...), false)
	if n := f.Stats().Entries; n > f.limit {
		o.failf("a family of at most %d has %d entries", f.limit, n)
	}
}

func (w *world) countEvicted() {
	for _, f := range w.families {
		w.did.evicted += int(f.Stats().Evicted)
	}
}

// value is what an invocation sees of an entry.
func (e *modelEntry) value(ctx context.Context) string {
	return e.Cached.(*lc.Entry[string]).Value(ctx)
}
