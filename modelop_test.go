package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// op is something somebody asked for.
type op struct {
	*world
	what            string
	tick            int
	now             clock.Reading
	begun           time.Time
	hurried         bool            // he may have had too little time
	told, forgotten map[string]int  // before it began
	troubled        map[string]bool // likewise: the last load was of no use to somebody
}

func (w *world) begin(what string, now clock.Reading) *op {
	o := &op{world: w, what: what, tick: w.next(), now: now, begun: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running++
	o.told, o.forgotten, o.troubled = maps.Clone(w.told), maps.Clone(w.forgotten), maps.Clone(w.troubled)
	w.log = append(w.log, fmt.Sprintf("%v: %d %s", time.Since(w.born), o.tick, what))
	return o
}

func (o *op) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running--
}

func parseValue(value string) (key string, version int) {
	key, n, _ := strings.Cut(value, ":")
	version, _ = strconv.Atoi(n)
	return key, version
}

// saw checks a value against promises 1 and 10: some load of its version started since,
// or was young enough on every clock; or it is within the entry's consent, and a load
// was of no use a short while ago.
func (o *op) saw(e *modelEntry, value string, anew bool) {
	key, version := parseValue(value)
	o.mu.Lock()
	o.did.reads++
	within := func(limit time.Duration) bool {
		return slices.ContainsFunc(o.loads, func(l answered) bool { return o.known(l, e, version, anew, limit) })
	}
	ok := within(e.age)
	if !ok && !anew && e.stale > 0 && within(e.age+e.stale) {
		ok = o.hurried || o.troubled[key] || o.trouble[key] > o.tick
		o.did.stale++
		o.servings = append(o.servings, serving{e, o.tick})
		if !ok {
			defer o.failf("%s (%d): %v has the old value %q although no load failed; now %v", o.what, o.tick, e, value, o.now)
		}
	}
	o.world.told[key] = max(o.world.told[key], version)
	o.mu.Unlock()
	if !e.picky && key < "x" && version < o.told[key] && e.stale == 0 {
		o.failf("%s (%d): %v has the value %q after somebody was given version %d", o.what, o.tick, e, value, o.told[key])
	}
	if key != e.key || !ok || e.picky && version%10 == 2 {
		o.failf("%s (%d): %v with max age %v, stale %v has the value %q; now %v, loads %v", o.what, o.tick, e, e.age, e.stale, value, o.now, o.of(key))
	}
}

// known reports whether a load makes a version good for an entry.
func (o *op) known(l answered, e *modelEntry, version int, anew bool, limit time.Duration) bool {
	wall := o.now.Wall - l.at.Wall
	switch {
	case l.key != e.key || l.version != version || l.tick < o.forgotten[e.key]:
		return false
	case l.tick > o.tick:
		return l.copied <= limit && !(anew && l.copied > 0)
	case anew:
		return false
	case e.age == lc.Forever:
		return true
	}
	if o.split {
		return o.now.Mono-l.at.Mono <= int64(limit) && o.now.Host-l.at.Host <= int64(limit)
	}
	return o.now.Since(l.at) <= limit && wall >= -int64(time.Second)
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

// sick reports whether the sources failed in the op's time, or shortly before.
func (o *op) sick() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fault != "" || o.begun.Before(o.healthy.Add(4*time.Second))
}

// ended checks how long it took and that an error has a reason.
func (o *op) ended(err error, left bool) {
	took := time.Since(o.begun)
	// Two loads of 3 s at most; each may have waited for a call to end.
	if o.calm && o.calls == 16 && took > 12*time.Second && !o.someCancelled() && !strings.Contains(o.what, "refresh") && !strings.Contains(o.what, "retry") {
		o.failf("%s (%d) took %v", o.what, o.tick, took)
	}
	switch {
	case err == nil, o.sick(), left, errors.Is(err, lc.ErrDecode), !o.calm && errors.Is(err, context.DeadlineExceeded):
	case strings.Contains(o.what, "outside") && errors.Is(err, flight.ErrGrounded):
	default:
		o.failf("%s (%d) failed without a reason: %v", o.what, o.tick, err)
	}
}

// someCancelled reports whether a load was cancelled in the op's time: whoever waited for
// it needs another.
func (o *op) someCancelled() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cancelled > o.tick
}

// nothingInFlight checks promise 7 when nobody else is there.
func (o *op) nothingInFlight() {
	o.mu.Lock()
	alone := o.running == 1
	o.mu.Unlock()
	if n := flight.Running(); alone && o.freezes && n != 0 {
		o.failf("%s (%d): %d loads in flight when Wrap had returned", o.what, o.tick, n)
	}
}
