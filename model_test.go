package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// TestModel makes random histories of everything that can happen, many things at a
// time, and holds each read against a record of what the sources have answered. A
// failure prints its seed and what happened until then. LAMBDACACHE_SEED makes that
// history again, but for what happens at one instant, whose order is the scheduler's;
// LAMBDACACHE_WORLDS makes more of them.
func TestModel(t *testing.T) {
	seed, repeat := rand.Uint64(), false
	if n, err := strconv.ParseUint(os.Getenv("LAMBDACACHE_SEED"), 10, 64); err == nil {
		seed, repeat = n, true
	}
	worlds := 300
	if n, err := strconv.Atoi(os.Getenv("LAMBDACACHE_WORLDS")); err == nil {
		worlds = n
	}
	for range worlds {
		synctest.Test(t, func(t *testing.T) { newWorld(t, seed).run() })
		if t.Failed() || repeat {
			t.Logf("LAMBDACACHE_SEED=%d", seed)
			return
		}
		seed++
	}
}

// world is a process, its sources and its clocks. The guest's clocks may stand still
// while the host's goes on, and the wall clock may step.
type world struct {
	t       *testing.T
	seed    uint64
	entries []*lc.Entry[string]
	ages    []time.Duration
	wraps   []func(context.Context, func(context.Context)) (int, error)
	lists   [][]int // the entries of each Wrap
	calm    bool    // nobody leaves or invalidates: then nobody waits for longer than two loads
	ops     sync.WaitGroup

	mu               sync.Mutex
	random           *rand.Rand
	born             time.Time
	mono, wall, host time.Duration // beside the time that passes for all of them
	invoked          bool
	tick             int // orders what happens
	versions         map[string]int
	loads            []answered
	inFlight         map[string]int
	told             map[string]int // the newest version that somebody was given
	forgotten        map[string]int // when Invalidate was called
	fault            string
	healthy          time.Time // the time of the last fault
	split            bool      // loads may have begun before their last call
	log              []string
	failed           int
}

// answered is one answer of a source: a version, and since when it is known to be one.
type answered struct {
	key     string
	version int
	tick    int // of the call
	at      clock.Reading
	copied  time.Duration
}

var modelKeys = []string{"a", "b", "c", "d", "x", "y"} // x and y come by a tier

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), born: time.Now(),
		versions: make(map[string]int), inFlight: make(map[string]int), told: make(map[string]int), forgotten: make(map[string]int),
	}
	t.Cleanup(clock.Replace(func() (int64, int64) { r := w.reading(); return r.Mono, r.Wall }))
	w.calm = w.pick(2) == 0
	t.Cleanup(environment.Replace([]environment.Kind{environment.Function, environment.Managed}[w.pick(2)]))
	batched, tier := lc.NewOrigin("batched", &modelSource{world: w, max: 3}), lc.NewOrigin("tier", &modelSource{world: w, max: 1})
	for _, k := range modelKeys {
		o := batched
		if k >= "x" {
			o = tier
		}
		for _, name := range []string{"plain", "picky"} {
			age := []time.Duration{0, 2 * time.Second, 20 * time.Second, time.Minute, lc.Forever}[w.pick(5)]
			w.ages = append(w.ages, age)
			w.entries = append(w.entries, lc.Declare(o, k, "", func(s string) (string, error) {
				if name == "picky" && strings.HasSuffix(s, "2") {
					return "", errors.New("bad")
				}
				return s, nil
			}, lc.MaxAge(age), lc.Name(k+" "+name)))
		}
	}
	for range 4 {
		var list []lc.Cached
		var is []int
		for i, e := range w.entries {
			if w.pick(3) == 0 {
				list, is = append(list, e), append(is, i)
			}
		}
		h := lc.Wrap(func(ctx context.Context, f func(context.Context)) (int, error) { f(ctx); return 0, nil }, list...)
		w.wraps, w.lists = append(w.wraps, h), append(w.lists, is)
	}
	return w
}

func (w *world) pick(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.pick(int(d) + 1)) }

// reading is the moment on the true clocks; the host's time is of no use before the
// first invocation.
func (w *world) reading() clock.Reading {
	w.mu.Lock()
	defer w.mu.Unlock()
	passed := time.Since(w.born) + 500*24*time.Hour
	r := clock.Reading{Mono: int64(passed + w.mono), Wall: int64(passed + w.wall)}
	if w.invoked {
		r.Host = hostTime.Add(time.Since(w.born) + w.host).UnixNano()
	}
	return r
}

func (w *world) next() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick++
	return w.tick
}

func (w *world) failf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed++; w.failed == 1 {
		w.t.Log(strings.Join(w.log, "\n"))
	}
	w.t.Errorf("LAMBDACACHE_SEED=%d %v: "+format, append([]any{w.seed, time.Since(w.born)}, args...)...)
}

// op is something somebody asked for.
type op struct {
	*world
	what            string
	tick            int
	now             clock.Reading
	begun           time.Time
	told, forgotten map[string]int // before it began
}

func (w *world) begin(what string, now clock.Reading) *op {
	o := &op{world: w, what: what, tick: w.next(), now: now, begun: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	o.told, o.forgotten = maps.Clone(w.told), maps.Clone(w.forgotten)
	w.log = append(w.log, fmt.Sprintf("%v: %d %s", time.Since(w.born), o.tick, what))
	return o
}

// saw checks a value against promise 1: some load of its version started since, or was
// young enough on every clock.
func (o *op) saw(i int, value string, anew bool) {
	key, n, _ := strings.Cut(value, ":")
	version, _ := strconv.Atoi(n)
	o.mu.Lock()
	ok := slices.ContainsFunc(o.loads, func(l answered) bool {
		wall := o.now.Wall - l.at.Wall
		switch {
		case l.key != key || l.version != version || key != modelKeys[i/2] || l.tick < o.forgotten[key]:
			return false
		case l.tick > o.tick:
			return l.copied <= o.ages[i] && !(anew && l.copied > 0)
		case anew:
			return false
		case o.ages[i] == lc.Forever:
			return true
		}
		if o.split {
			return o.now.Mono-l.at.Mono <= int64(o.ages[i]) && o.now.Host-l.at.Host <= int64(o.ages[i])
		}
		return o.now.Since(l.at) <= o.ages[i] && wall >= -int64(time.Second)
	})
	o.world.told[key] = max(o.world.told[key], version)
	o.mu.Unlock()
	if i%2 == 0 && key < "x" && version < o.told[key] {
		o.failf("%s (%d): entry %d has the value %q after somebody was given version %d", o.what, o.tick, i, value, o.told[key])
	}
	if !ok || i%2 == 1 && version%10 == 2 {
		o.failf("%s (%d): entry %d with max age %v has the value %q; now %v, loads %v", o.what, o.tick, i, o.ages[i], value, o.now, o.of(key))
	}
}

func (o *op) of(key string) (list []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.loads {
		if l.key == key {
			list = append(list, fmt.Sprint("\n", l.tick, " v", l.version, " age ", o.now.Since(l.at), " wall ", time.Duration(o.now.Wall-l.at.Wall), " mono ", time.Duration(o.now.Mono-l.at.Mono), " host ", time.Duration(o.now.Host-l.at.Host), " copied ", l.copied))
		}
	}
	return list
}

// ended checks how long it took and that an error has a reason.
func (o *op) ended(err error, left bool) {
	took := time.Since(o.begun)
	if o.calm && took > 6*time.Second && !strings.Contains(o.what, "refresh") {
		o.failf("%s (%d) took %v", o.what, o.tick, took)
	}
	o.mu.Lock()
	sick := o.fault != "" || o.begun.Before(o.healthy.Add(4*time.Second))
	o.mu.Unlock()
	switch {
	case err == nil, sick, left, errors.Is(err, lc.ErrDecode), !o.calm && errors.Is(err, context.DeadlineExceeded):
	case strings.Contains(o.what, "outside") && errors.Is(err, flight.ErrGrounded):
	default:
		o.failf("%s (%d) failed without a reason: %v", o.what, o.tick, err)
	}
}
