package lambdacache_test

import (
	"context"
	"fmt"
	"slices"
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

// declareFamily makes a family with options by chance, of keys that are entries as well:
// of those of one origin or the other.
func (w *world) declareFamily(tier bool) *modelFamily {
	f := &modelFamily{keys: modelKeys[:4], limit: 1 + w.pick(3)}
	if tier {
		f.keys = modelKeys[4:]
	}
	made := &modelEntry{key: f.keys[0]}
	o, opts := w.chance(made, w.pick(4) == 0)
	opts = append(opts, lc.MaxEntries(f.limit))
	if w.pick(2) == 0 {
		opts = append(opts, lc.RememberMisses(time.Second))
	}
	number := w.number
	name := func(key string) string { return fmt.Sprint(key, " family ", number) }
	f.Family = lc.DeclareFamily(o, func(key string) (lc.Located, error) { return lc.Located{Key: key, Name: name(key)}, nil }, made.decode(), opts...)
	for _, k := range f.keys {
		e := *made
		e.key, e.name = k, name(k)
		e.get = func(ctx context.Context) (string, error) { return f.Get(ctx, k) }
		e.refresh = func(ctx context.Context) (string, error) { return f.Refresh(ctx, k) }
		e.retry = func(ctx context.Context, login func(context.Context, string) (int, error), refused func(error) bool) (int, error) {
			return lc.RetryKey(ctx, f.Family, k, login, refused)
		}
		f.entries = append(f.entries, &e)
	}
	return f
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
