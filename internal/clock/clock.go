// Package clock tells the age of a value on three clocks at once, because in
// Lambda no single clock can be trusted: an environment is frozen between
// invocations, and a paused or restored microVM may resume with any of the
// guest's clocks behind.
//
//   - Mono, the monotonic clock: immune to steps, may miss frozen time.
//   - Wall, the wall clock: counts frozen time once the guest is right again,
//     may be stepped forward and back.
//   - Host, the host's time as the invocation deadlines tell it: two deadlines
//     are as far apart as the two invocations were, whatever the guest thinks.
//
// The age of a value is the largest of the three elapsed times.
package clock

import (
	"math"
	"sync/atomic"
	"time"
)

// Reading is one moment on the three clocks, in nanoseconds. Each clock has an
// origin of its own: only differences on the same clock mean anything.
type Reading struct {
	Mono int64
	Wall int64
	Host int64 // 0: no invocation has been seen yet
}

// tolerance is how far the wall clock may stand behind a load before the load
// counts as due: less is the correction of a drift, more is a clock stepped back.
const tolerance = int64(time.Second)

// base anchors the monotonic clock: time.Time does not give the raw number away.
var base = time.Now()

// source reads the guest's clocks; nil means the real ones. Tests replace it.
var source atomic.Pointer[func() (mono, wall int64)]

// offset is Host minus Mono by the best deadline seen, 0 while none was. The host
// clock runs with the monotonic one and is corrected by each new invocation: what
// the guest slept through unseen makes the offset grow. It only grows, because a
// deadline can be seen late (a slow start of the handler) but never early.
var offset atomic.Int64

// Now reads the clocks.
func Now() Reading {
	if source.Load() != nil {
		return hosted(read())
	}
	now := time.Now() // as in read, one call less: it is most of what a hit costs
	return hosted(int64(now.Sub(base)), now.UnixNano())
}

func hosted(mono, wall int64) Reading {
	r := Reading{Mono: mono, Wall: wall}
	if o := offset.Load(); o != 0 {
		r.Host = mono + o
	}
	return r
}

// Begin reads the clocks at the start of an invocation whose deadline is given,
// and corrects the host clock by it. A zero deadline is as good as Now.
func Begin(deadline time.Time) Reading {
	if deadline.IsZero() {
		return Now()
	}
	mono, wall := read()
	seen := deadline.UnixNano() - mono
	for {
		o := offset.Load()
		if seen <= o {
			return Reading{Mono: mono, Wall: wall, Host: mono + o}
		}
		if offset.CompareAndSwap(o, seen) {
			return Reading{Mono: mono, Wall: wall, Host: mono + seen}
		}
	}
}

func read() (mono, wall int64) {
	if f := source.Load(); f != nil {
		return (*f)()
	}
	now := time.Now()
	return int64(now.Sub(base)), now.UnixNano()
}

// Replace makes every reading come from f until restore is called, and forgets
// the deadlines seen. For tests only.
func Replace(f func() (mono, wall int64)) (restore func()) {
	old, oldOffset := source.Swap(&f), offset.Swap(0)
	return func() { source.Store(old); offset.Store(oldOffset) }
}

// Forget forgets the deadlines seen. For tests only.
func Forget() { offset.Store(0) }

// Since is how long ago start was: the largest of the elapsed times, never
// negative. Without a host time at both ends the other two decide.
func (r Reading) Since(start Reading) time.Duration {
	age := max(sub(r.Mono, start.Mono), sub(r.Wall, start.Wall), 0)
	if r.Host != 0 && start.Host != 0 {
		age = max(age, sub(r.Host, start.Host))
	}
	return time.Duration(age)
}

// Accepts reports whether something from start is not older than age. Unlike Passed,
// it takes what is exactly of that age: who asks at the very moment a load starts
// may share it.
func (r Reading) Accepts(start Reading, age time.Duration) bool {
	return r.Since(start) <= age && r.Wall >= start.Wall-tolerance
}

// Back is the reading d earlier on all clocks: a copy that is already d old was
// loaded then.
func (r Reading) Back(d time.Duration) Reading {
	b := Reading{Mono: sub(r.Mono, int64(d)), Wall: sub(r.Wall, int64(d))}
	if r.Host != 0 {
		b.Host = sub(r.Host, int64(d))
	}
	return b
}

// Due is the moment from which a value is due, on each clock: whichever comes
// first. It is computed once a load, so that asking costs four comparisons.
type Due struct {
	mono, wall, host int64
	floor            int64 // the wall clock stepped back below this makes it due as well
}

// Never is due on no clock.
func Never() Due {
	return Due{mono: math.MaxInt64, wall: math.MaxInt64, host: math.MaxInt64, floor: math.MinInt64}
}

// DueAfter is the moment at which something from r is age old. An age that does
// not fit (Forever) is due on no clock; one below zero has passed.
func (r Reading) DueAfter(age time.Duration) Due {
	if age == math.MaxInt64 {
		return Never()
	}
	d := Due{mono: add(r.Mono, age), wall: add(r.Wall, age), host: math.MaxInt64, floor: r.Wall - tolerance}
	if r.Host != 0 {
		d.host = add(r.Host, age)
	}
	return d
}

// Passed reports whether the moment has come: on any clock, or because the wall
// clock stands before the load itself.
func (d Due) Passed(now Reading) bool {
	return now.Mono >= d.mono || now.Wall >= d.wall || now.Host >= d.host || now.Wall < d.floor
}

// Earliest is the Due that has passed as soon as d or o has.
func (d Due) Earliest(o Due) Due {
	return Due{mono: min(d.mono, o.mono), wall: min(d.wall, o.wall), host: min(d.host, o.host), floor: max(d.floor, o.floor)}
}

// Latest is the Due that has passed only when d and o have, but for a wall clock
// stepped back, for which either is enough.
func (d Due) Latest(o Due) Due {
	if d == Never() || o == Never() {
		return Never()
	}
	return Due{mono: max(d.mono, o.mono), wall: max(d.wall, o.wall), host: max(d.host, o.host), floor: max(d.floor, o.floor)}
}

// add is t+d, or the largest number there is.
func add(t int64, d time.Duration) int64 {
	if s := t + int64(d); s >= t || d < 0 {
		return s
	}
	return math.MaxInt64
}

// sub is a-b, or the nearest number there is.
func sub(a, b int64) int64 {
	switch d := a - b; {
	case a >= 0 && b < 0 && d < 0:
		return math.MaxInt64
	case a < 0 && b >= 0 && d >= 0:
		return math.MinInt64
	default:
		return d
	}
}
