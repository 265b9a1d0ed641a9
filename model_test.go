package lambdacache_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
)

// keptSeeds are of histories that once failed.
var keptSeeds = []uint64{
	16322071994803354888, // an entry that came of age in the snapshot of one that was stale was not told of
	2966192644576450615,  // a Prefetch waited for a place before each of two loads of a key
	6223222032144095310,  // an entry that was fresh when a load failed was not told of when it was due
}

// TestModel makes random histories of everything that can happen, many things at a
// time, and holds each read against a record of what the sources have answered. A
// failure prints its seed and what happened until then. LAMBDACACHE_SEED makes that
// history again, but for what happens at one instant, whose order is the scheduler's;
// LAMBDACACHE_WORLDS makes more of them: "make soak".
func TestModel(t *testing.T) {
	for _, seed := range keptSeeds {
		history(t, seed)
	}
	if seed, err := strconv.ParseUint(os.Getenv("LAMBDACACHE_SEED"), 10, 64); err == nil {
		history(t, seed)
		return
	}
	worlds := 500
	if n, err := strconv.Atoi(os.Getenv("LAMBDACACHE_WORLDS")); err == nil {
		worlds = n
	}
	seed := rand.Uint64()
	var what done
	for range worlds {
		what.add(history(t, seed))
		if t.Failed() {
			return
		}
		seed++
	}
	t.Logf("%d histories: %v", worlds, what)
	if worlds >= 100 {
		what.check(t)
	}
}

func history(t *testing.T, seed uint64) (what done) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, seed)
		w.run()
		what = w.did
	})
	if t.Failed() {
		t.Logf("LAMBDACACHE_SEED=%d", seed)
	}
	return what
}

// done counts what histories are made of, so that a model which never gets to
// something is noticed.
type done struct {
	steps, reads, stale, early, retries, renewed, crashes, declared, faults, calls, evicted, released int
}

func (d *done) add(o done) {
	d.steps += o.steps
	d.reads += o.reads
	d.stale += o.stale
	d.early += o.early
	d.retries += o.retries
	d.renewed += o.renewed
	d.crashes += o.crashes
	d.declared += o.declared
	d.faults += o.faults
	d.calls += o.calls
	d.evicted += o.evicted
	d.released += o.released
}

func (d done) String() string {
	return fmt.Sprintf("%d steps, %d values read, %d of them stale, %d early loads, %d retries (%d with a renewed value), %d crashes, %d entries declared late, %d faults, %d calls, %d keys evicted, %d released",
		d.steps, d.reads, d.stale, d.early, d.retries, d.renewed, d.crashes, d.declared, d.faults, d.calls, d.evicted, d.released)
}

func (d done) check(t *testing.T) {
	for name, n := range map[string]int{
		"stale": d.stale, "early": d.early, "renewed": d.renewed, "crashes": d.crashes, "declared": d.declared, "faults": d.faults, "evicted": d.evicted, "released": d.released,
	} {
		if n == 0 {
			t.Errorf("no history had any %s", name)
		}
	}
}

// modelEntry is an entry and what was declared of it.
type modelEntry struct {
	lc.Cached // nil for a family's key
	reader
	name  string
	key   string
	picky bool // cannot decode versions that end in 2
	age   time.Duration
	stale time.Duration
	ahead bool
}

// modelWrap is a wrapped handler and the entries it lists.
type modelWrap struct {
	invoke handlerOf
	list   []*modelEntry
}

// The keys of the model: x and what comes after it comes by a tier.
var (
	entryKeys  = []string{"a", "b", "c", "d", "x", "y"}
	familyKeys = []string{"e", "f", "z"} // no entry keeps their slots
	modelKeys  = slices.Concat(entryKeys, familyKeys)
)

// reader is what reads an entry, or a family's key.
type reader struct {
	get, refresh func(context.Context) (string, error)
	retry        func(ctx context.Context, login func(context.Context, string) (int, error), refused func(error) bool) (int, error)
}

func (e *modelEntry) Name() string   { return e.name }
func (e *modelEntry) String() string { return e.name }

// declareEntry makes an entry of a key, with options by chance.
func (w *world) declareEntry(key string, picky bool) *modelEntry {
	e := &modelEntry{key: key}
	o, opts := w.chance(e, picky, true)
	entry := lc.Declare(o, key, "", e.decode(), append(opts, lc.Name(e.name))...)
	e.Cached, e.get, e.refresh = entry, entry.Get, entry.Refresh
	e.retry = func(ctx context.Context, login func(context.Context, string) (int, error), refused func(error) bool) (int, error) {
		return lc.Retry(ctx, entry, login, refused)
	}
	return e
}

func (e *modelEntry) decode() func(string) (string, error) {
	return func(s string) (string, error) {
		if e.picky && strings.HasSuffix(s, "2") {
			return "", errBad
		}
		return s, nil
	}
}

// chance chooses an entry's options, and gives its origin.
func (w *world) chance(e *modelEntry, picky, early bool) (*lc.Origin[string], []lc.Option) {
	ages := []time.Duration{0, 2 * time.Second, 20 * time.Second, time.Minute, lc.Forever}
	if w.eager { // nobody has a reason to insist
		picky, ages = false, ages[:4]
	}
	e.picky, e.age = picky, ages[w.pick(len(ages))]
	w.number++
	e.name = fmt.Sprint(e.key, " ", w.number)
	opts := []lc.Option{lc.MaxAge(e.age)}
	if e.age != lc.Forever {
		if w.eager || w.pick(2) == 0 {
			e.stale = []time.Duration{5 * time.Second, time.Minute, time.Hour}[w.pick(3)]
			if w.eager {
				e.stale = 1000 * time.Hour
			}
			opts = append(opts, lc.StaleIfError(e.stale))
		}
		if w.pick(3) == 0 {
			opts = append(opts, lc.Jitter(0.5))
		}
		if early && e.age > 0 && w.pick(2) == 0 {
			e.ahead = true
			opts = append(opts, lc.RefreshAhead(0.5))
		}
	}
	if e.key >= "x" {
		return w.tier, opts
	}
	return w.batched, opts
}

// hostReading is the host's time, by which deadlines go.
func (w *world) hostReading() time.Time { return hostTime.Add(time.Since(w.born) + w.host) }

// reading is the moment on the true clocks; the host's time is of no use before the
// first invocation.
func (w *world) reading() clock.Reading {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.readingLocked()
}

func (w *world) readingLocked() clock.Reading {
	passed := time.Since(w.born) + 500*24*time.Hour
	r := clock.Reading{Mono: int64(passed + w.mono), Wall: int64(passed + w.wall)}
	if w.invoked {
		r.Host = w.hostReading().UnixNano()
	}
	return r
}
