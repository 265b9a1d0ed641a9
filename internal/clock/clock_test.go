package clock

import (
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The rules once more, so simply that they can be read: numbers that cannot
// overflow, one clock after another.

func big64(n int64) *big.Int { return big.NewInt(n) }

func minus(a, b int64) *big.Int { return new(big.Int).Sub(big64(a), big64(b)) }

// elapsed gives the elapsed time on every clock that both readings know.
func elapsed(now, start Reading) []*big.Int {
	list := []*big.Int{minus(now.Mono, start.Mono), minus(now.Wall, start.Wall)}
	if now.Host != 0 && start.Host != 0 {
		list = append(list, minus(now.Host, start.Host))
	}
	return list
}

func steppedBack(now, start Reading) bool {
	return minus(now.Wall, start.Wall).Cmp(big64(-int64(time.Second))) < 0
}

// reached reports whether any clock saw at least age pass.
func reached(now, start Reading, age time.Duration) bool {
	for _, e := range elapsed(now, start) {
		if e.Cmp(big64(int64(age))) >= 0 {
			return true
		}
	}
	return false
}

// dice draws numbers that meet: few, close to each other, or extreme.
type dice struct{ *rand.Rand }

func newDice(t *testing.T) dice {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return dice{rand.New(rand.NewPCG(seed, 0))}
}

// moment draws a number of a clock: never negative, as no clock of ours is.
func (d dice) moment() int64 {
	switch d.IntN(6) {
	case 0:
		return d.Int64N(4)
	case 1:
		return math.MaxInt64 - 1 - d.Int64N(4)
	case 2:
		return d.Int64()
	}
	return int64(time.Hour) + d.Int64N(9) - 4 + (d.Int64N(5)-2)*int64(time.Second)
}

func (d dice) reading() Reading {
	r := Reading{Mono: d.moment(), Wall: d.moment()}
	if d.IntN(3) > 0 {
		r.Host = d.moment()
	}
	return r
}

// near draws a reading shortly before or after r.
func (d dice) near(r Reading) Reading {
	shift := func(n int64) int64 {
		by := d.Int64N(7) - 3 + (d.Int64N(7)-3)*int64(time.Second)
		if by > 0 && n > math.MaxInt64-1-by {
			return math.MaxInt64 - 1
		}
		return max(n+by, 1)
	}
	n := Reading{Mono: shift(r.Mono), Wall: shift(r.Wall)}
	if r.Host != 0 && d.IntN(4) > 0 {
		n.Host = shift(r.Host)
	}
	return n
}

func (d dice) age() time.Duration {
	switch d.IntN(8) {
	case 0:
		return 0
	case 1:
		return math.MaxInt64
	case 2:
		return math.MaxInt64 - 1 - time.Duration(d.Int64N(4))
	case 3:
		return time.Duration(d.Int64())
	}
	return time.Duration(d.Int64N(4))*time.Second + time.Duration(d.Int64N(5))
}

// pair draws the reading of a load and a later one to judge it by.
func (d dice) pair() (start, now Reading) {
	start = d.reading()
	if d.IntN(2) == 0 {
		return start, d.reading()
	}
	return start, d.near(start)
}

const rounds = 100_000

func TestPassed(t *testing.T) {
	d := newDice(t)
	for range rounds {
		start, now := d.pair()
		age := d.age()
		want := age != math.MaxInt64 && (reached(now, start, age) || steppedBack(now, start))
		if got := start.DueAfter(age).Passed(now); got != want {
			t.Fatalf("%+v.DueAfter(%d).Passed(%+v) = %v", start, age, now, got)
		}
	}
}

func TestSinceAndAccepts(t *testing.T) {
	d := newDice(t)
	for range rounds {
		start, now := d.pair()
		want := new(big.Int)
		for _, e := range elapsed(now, start) {
			if e.Cmp(want) > 0 {
				want = e
			}
		}
		if got := now.Since(start); want.Cmp(big64(int64(got))) != 0 {
			t.Fatalf("%+v.Since(%+v) = %d, want %d", now, start, got, want)
		}
		age := d.age()
		accepted := want.Cmp(big64(int64(age))) <= 0 && !steppedBack(now, start)
		if got := now.Accepts(start, age); got != accepted {
			t.Fatalf("%+v.Accepts(%+v, %d) = %v", now, start, age, got)
		}
	}
}

// A copy that is already d old is due that much earlier.
func TestBack(t *testing.T) {
	d := newDice(t)
	for range rounds {
		loaded, now := d.pair()
		loaded.Wall = max(loaded.Wall, int64(time.Hour)) // long after 1970
		old, age := d.age(), d.age()
		start := loaded.Back(old)
		if (start.Host == 0) != (loaded.Host == 0 || loaded.Host == int64(old)) {
			t.Fatalf("%+v.Back(%d) = %+v: the host clock was lost or invented", loaded, old, start)
		}
		if start.Host != 0 && now.Host == 0 {
			continue // one of the two was read before the first invocation, the other after it
		}
		want := age != math.MaxInt64 && (reached(now, start, age) || steppedBack(now, start))
		if got := start.DueAfter(age).Passed(now); got != want {
			t.Fatalf("%+v.Back(%d).DueAfter(%d).Passed(%+v) = %v", loaded, old, age, now, got)
		}
		if got := loaded.Mono - start.Mono; got != int64(old) {
			t.Fatalf("%+v.Back(%d) = %+v", loaded, old, start)
		}
	}
}

// What is due before it was made is due, and not for ever fresh.
func TestDueAfterLessThanNothing(t *testing.T) {
	r := Reading{Mono: 1, Wall: 2, Host: 3}
	for _, age := range []time.Duration{-1, -time.Hour} {
		if d := r.DueAfter(age); !d.Passed(r) {
			t.Errorf("%v: not due", age)
		}
	}
}

// What does not fit is the nearest number there is, whatever the signs.
func TestSub(t *testing.T) {
	edges := []int64{math.MinInt64, math.MinInt64 + 1, -2, -1, 0, 1, 2, math.MaxInt64 - 1, math.MaxInt64}
	for _, a := range edges {
		for _, b := range edges {
			want := minus(a, b)
			if low := big64(math.MinInt64); want.Cmp(low) < 0 {
				want = low
			}
			if high := big64(math.MaxInt64); want.Cmp(high) > 0 {
				want = high
			}
			if got := sub(a, b); want.Cmp(big64(got)) != 0 {
				t.Errorf("%d - %d: got %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestEarliestAndLatest(t *testing.T) {
	d := newDice(t)
	for range rounds {
		first, now := d.pair()
		second := d.near(first)
		a, b := first.DueAfter(d.age()), second.DueAfter(d.age())
		if got := a.Earliest(b).Passed(now); got != (a.Passed(now) || b.Passed(now)) {
			t.Fatalf("%+v.Earliest(%+v).Passed(%+v) = %v", a, b, now, got)
		}
		latest := a.Latest(b).Passed(now)
		if a == Never() || b == Never() {
			if latest {
				t.Fatalf("%+v.Latest(%+v) has passed at %+v", a, b, now)
			}
			continue
		}
		if now.Wall < a.floor || now.Wall < b.floor {
			if !latest {
				t.Fatalf("%+v.Latest(%+v) survives a wall clock at %+v", a, b, now)
			}
			continue
		}
		if latest && !(a.Passed(now) && b.Passed(now)) {
			t.Fatalf("%+v.Latest(%+v) has passed at %+v before both have", a, b, now)
		}
		if now.Mono >= a.mono && now.Mono >= b.mono && !latest {
			t.Fatalf("%+v.Latest(%+v) has not passed at %+v, though both have on one clock", a, b, now)
		}
	}
}

func TestNever(t *testing.T) {
	for _, now := range []Reading{
		{},
		{Mono: math.MaxInt64 - 1, Wall: math.MaxInt64 - 1, Host: math.MaxInt64 - 1},
		{Wall: math.MinInt64},
	} {
		if Never().Passed(now) || (Reading{Mono: 1, Wall: 1, Host: 1}).DueAfter(math.MaxInt64).Passed(now) {
			t.Errorf("never came at %+v", now)
		}
	}
	due := Reading{Mono: 5, Wall: 5, Host: 5}.DueAfter(3)
	if Never().Earliest(due) != due || due.Earliest(Never()) != due {
		t.Error("Never is not neutral for Earliest")
	}
}

// guest replaces the clocks by two numbers.
func guest(t *testing.T) (mono, wall *int64) {
	mono, wall = new(int64), new(int64)
	t.Cleanup(Replace(func() (int64, int64) { return *mono, *wall }))
	return mono, wall
}

func TestHostClock(t *testing.T) {
	mono, wall := guest(t)
	*mono, *wall = 100, 7000
	check := func(what string, got Reading, host int64) {
		t.Helper()
		if want := (Reading{Mono: *mono, Wall: *wall, Host: host}); got != want {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
	}
	check("before any invocation", Now(), 0)
	check("no deadline", Begin(time.Time{}), 0)
	check("first invocation", Begin(time.Unix(0, 5000)), 5000)
	*mono += 30
	check("it runs with the monotonic clock", Now(), 5030)
	check("a later invocation tells of a freeze", Begin(time.Unix(0, 6000)), 6000)
	check("a deadline seen late changes nothing", Begin(time.Unix(0, 5500)), 6000)
	check("nor does one that is missing", Begin(time.Time{}), 6000)
	*mono += 10
	check("now", Now(), 6010)
	Forget()
	check("forgotten", Now(), 0)
}

func TestReplaceIsUndone(t *testing.T) {
	guest(t)
	Begin(time.Unix(0, 5000))
	outer := Now()
	restore := Replace(func() (int64, int64) { return 1, 2 })
	if got := Now(); got != (Reading{Mono: 1, Wall: 2}) {
		t.Errorf("replaced: %+v", got)
	}
	restore()
	if got := Now(); got != outer {
		t.Errorf("restored: got %+v, want %+v", got, outer)
	}
}

func TestRealClocks(t *testing.T) {
	before := time.Now()
	a := Now()
	b := Now()
	after := time.Now()
	if a.Wall < before.UnixNano() || b.Wall > after.UnixNano() {
		t.Errorf("wall clock %d is not between %d and %d", a.Wall, before.UnixNano(), after.UnixNano())
	}
	if a.Mono < 0 || b.Mono < a.Mono {
		t.Errorf("monotonic clock went from %d to %d", a.Mono, b.Mono)
	}
}

// Two invocations at once, again and again: the better deadline wins.
func TestBeginAtOnce(t *testing.T) {
	guest(t)
	for round := range int64(5_000) {
		Forget()
		var ready atomic.Int32
		var wg sync.WaitGroup
		for i := range int64(2) {
			wg.Go(func() {
				ready.Add(1)
				for ready.Load() < 2 { // begin together
					runtime.Gosched()
				}
				deadline := 1 + (round+i)%2
				if got := Begin(time.Unix(0, deadline)); got.Host < deadline {
					t.Errorf("the host clock stands at %d, behind the deadline %d", got.Host, deadline)
				}
			})
		}
		wg.Wait()
		if got := Now().Host; got != 2 {
			t.Fatalf("round %d: host clock %d, want 2", round, got)
		}
	}
}
