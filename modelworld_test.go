package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

var errBad = errors.New("bad")

// handlerOf is a wrapped handler that does what its event says.
type handlerOf = func(context.Context, func(context.Context)) (int, error)

// world is a process, its sources and its clocks. The guest's clocks may stand still
// while the host's goes on, and the wall clock may step.
type world struct {
	t       *testing.T
	seed    uint64
	batched *lc.Origin[string]
	tier    *lc.Origin[string]
	calm    bool // nobody leaves or invalidates: then nobody waits for longer than two loads
	calls   int  // at once, to an origin; with enough of them nobody waits for more than one to end
	eager   bool // everybody takes an old value, and nobody asks for a new one: then the source is spared
	ops     sync.WaitGroup
	freezes bool

	mu               sync.Mutex
	random           *rand.Rand
	entries          []*modelEntry
	families         []*modelFamily
	wraps            []modelWrap
	number           int // of entries declared
	born             time.Time
	mono, wall, host time.Duration // beside the time that passes for all of them
	invoked          bool
	running          int // invocations and reads
	tick             int // orders what happens
	versions         map[string]int
	needed           map[string]int // the oldest version that the key's server takes
	loads            []answered
	inFlight         map[string]int
	kept             map[string]bool          // keys of families, for which the sources keep something
	told             map[string]int           // the newest version that somebody was given
	forgotten        map[string]int           // when Invalidate was called
	troubled         map[string]bool          // the last load was of no use to somebody
	trouble          map[string]int           // when one last was
	spared           map[string]clock.Reading // the last time that a call failed
	slept            bool                     // frozen, and not invoked since
	cancelled        int                      // when a call last was
	stepped          bool                     // the wall clock has gone back: nothing is known to be within its limit
	fault            string
	healthy          time.Time // the time of the last fault
	vain             time.Time // the time of the last retry that got nothing new
	split            bool      // loads may have begun before their last call
	events           []toldEvent
	servings         []serving
	log              []string
	failed           int
	did              done
}

// answered is one answer of a source: a version, and since when it is known to be one.
type answered struct {
	key     string
	version int
	tick    int // of the call
	at      clock.Reading
	copied  time.Duration
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), born: time.Now(),
		versions: make(map[string]int), needed: make(map[string]int), inFlight: make(map[string]int), kept: make(map[string]bool), told: make(map[string]int),
		forgotten: make(map[string]int), trouble: make(map[string]int), troubled: make(map[string]bool), spared: make(map[string]clock.Reading),
	}
	t.Cleanup(clock.Replace(func() (int64, int64) { r := w.reading(); return r.Mono, r.Wall }))
	w.calm, w.eager, w.calls = w.pick(2) == 0, w.pick(4) == 0, []int{1, 4, 16}[w.pick(3)]
	w.freezes = w.pick(2) == 0
	kind := environment.Managed
	if w.freezes {
		kind = environment.Function
	}
	t.Cleanup(environment.Replace(kind))
	t.Cleanup(environment.ReplaceDraw(w.random.Float64()))
	w.observe()
	w.start()
	return w
}

// start is what the process does before its first invocation.
func (w *world) start() {
	w.batched = lc.NewOrigin("batched", &modelSource{world: w, max: 3}, lc.OriginMaxCalls(w.calls))
	w.tier = lc.NewOrigin("tier", &modelSource{world: w, max: 1}, lc.OriginMaxCalls(w.calls))
	w.entries, w.wraps, w.families = nil, nil, nil
	for _, k := range entryKeys {
		w.entries = append(w.entries, w.declareEntry(k, false), w.declareEntry(k, true))
	}
	for i := range 4 {
		w.families = append(w.families, w.declareFamily(i == 0))
		w.wrap()
	}
}

// wrap lists some of the entries in a Wrap.
func (w *world) wrap() {
	var list []lc.Cached
	var m modelWrap
	for _, e := range w.entries {
		if w.pick(3) == 0 {
			list, m.list = append(list, e.Cached), append(m.list, e)
		}
	}
	m.invoke = lc.Wrap(func(ctx context.Context, f func(context.Context)) (int, error) { f(ctx); return 0, nil }, list...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wraps = append(w.wraps, m)
}

func (w *world) pick(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.pick(int(d) + 1)) }

func (w *world) someEntry() *modelEntry {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.entries[w.random.IntN(len(w.entries))]
}

func (w *world) someWrap() modelWrap {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wraps[w.random.IntN(len(w.wraps))]
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

func (w *world) logf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf("%v: "+format, append([]any{time.Since(w.born)}, args...)...))
}
