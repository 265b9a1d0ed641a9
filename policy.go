package lambdacache

import (
	"fmt"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// policy is what a declaration says of an entry's age.
type policy struct {
	maxAge time.Duration
	stale  time.Duration // how long a value may be served that is due, when the source fails
	ahead  float64       // the part of the max age after which to load beside a handler, 0 for never
	jitter float64       // the most of the max age that this environment's draw takes away
}

// StaleIfError lets an entry go on with its old value while its source fails: for
// up to d past the max age. The older value is refused, and reading fails as it does
// without the option. Without it d is 0; 0 and less panic, and so does [Forever] as
// the max age, under which nothing is ever due.
//
// An old value is served when a load failed, also because the service says that there is
// no such thing any more or that it may not be read, when its value could not be decoded,
// and when there is too little time for a load: one that an old value could stand in for
// is waited for until half of the time is over that the caller's context leaves, and is
// not begun with less than 0.2 s left. The source is asked again after a pause that
// doubles from 1 s to 30 s, but not over the max age, a part of it drawn by
// chance, and forgotten at the first success; until then invocations are served at
// once. Each failed load that was made up for so is told by an [EventStale].
//
// Wrap, Get and Prefetch serve old values; Refresh never does. What [Invalidate]
// has forgotten is not served.
func StaleIfError(d time.Duration) Option {
	if d <= 0 {
		panic(fmt.Sprintf("lambdacache: StaleIfError(%v): say how long past its max age a value may be served; leave the option out for not at all", d))
	}
	return Option{name: "lambdacache.StaleIfError", core: func(s *settings) { s.stale = d }}
}

// RefreshAhead loads an entry early: beside the handler of an invocation that begins
// when the value is older than fraction of its max age. That invocation keeps the
// value it has; later ones see the new one. [Wrap] returns when the early load has
// ended, so that nothing is in flight when the environment is frozen: the load hides
// behind the handler's own time, and what is longer than that is still waited for,
// though no longer than half of the time that the invocation has left. On
// Managed Instances, which are never frozen, Wrap does not wait for it.
//
// It helps where invocations come more often than the part of the max age that is
// left, (1 - fraction) × max age; a rarer one finds the value due and waits for a load
// as without the option. An early load that failed is not repeated before a pause has
// passed, as for [StaleIfError]. Get does not load early.
//
// A fraction that is not between 0 and 1 panics, and so do MaxAge(0) and [Forever] with
// it, and a [Family], which no Wrap lists.
func RefreshAhead(fraction float64) Option {
	if !(fraction > 0 && fraction < 1) { // NaN as well
		panic(fmt.Sprintf("lambdacache: RefreshAhead(%v): write the part of the max age after which to load early, such as 0.8; leave the option out for never", fraction))
	}
	return Option{name: "lambdacache.RefreshAhead", core: func(s *settings) { s.ahead = fraction }}
}

// Jitter shortens the max age by a share of it between nothing and fraction, so that
// environments which were started in one burst do not refresh in one burst for ever.
// The share is drawn once for each process: the entries of one environment still fall
// due together and share calls. A quarter to a half spreads a burst; a tenth does
// little. A fraction that is not over 0 and at most 1 panics, and so does [Forever] as
// the max age.
func Jitter(fraction float64) Option {
	if !(fraction > 0 && fraction <= 1) {
		panic(fmt.Sprintf("lambdacache: Jitter(%v): write the most of the max age to take away, such as 0.25; leave the option out for nothing", fraction))
	}
	return Option{name: "lambdacache.Jitter", core: func(s *settings) { s.jitter = fraction }}
}

// check panics on options that contradict each other.
func (p policy) check(where string) {
	refuse := func(what string) { panic("lambdacache: " + where + ": " + what) }
	switch {
	case p.maxAge == Forever && p.stale > 0:
		refuse("StaleIfError with MaxAge(Forever): nothing is ever due; leave one of them out")
	case p.maxAge == Forever && p.jitter > 0:
		refuse("Jitter with MaxAge(Forever): there is nothing to shorten; leave one of them out")
	case p.maxAge == Forever && p.ahead > 0:
		refuse("RefreshAhead with MaxAge(Forever): nothing is ever refreshed; leave one of them out")
	case p.maxAge == 0 && p.ahead > 0:
		refuse("RefreshAhead with MaxAge(0): every invocation loads; leave one of them out")
	}
}

// freshFor is the max age in this environment.
func (p policy) freshFor() time.Duration {
	if p.jitter == 0 {
		return p.maxAge
	}
	return p.maxAge - portion(p.maxAge, p.jitter*environment.Draw())
}

// aheadAfter is the age after which to load early, Forever for never.
func (p policy) aheadAfter() time.Duration {
	if p.ahead == 0 {
		return Forever
	}
	return portion(p.freshFor(), p.ahead)
}

// portion is a part of d.
func portion(d time.Duration, fraction float64) time.Duration {
	return time.Duration(float64(d) * fraction)
}

// lifetime is the life of one value: when it was made and what may become of it when.
type lifetime struct {
	at    clock.Reading // when its load started, or an older copy of it was made
	ahead clock.Due     // from then on it may be loaded anew beside a handler
	due   clock.Due     // from then on it counts only if there is no newer one to be had …
	limit clock.Due     // … and from then on not even so; due itself without StaleIfError
	again clock.Due     // from then on its source may be asked again; zero has passed
}

// lifetime is that of an answer to a load that began at start, for an entry.
func (p policy) lifetime(start clock.Reading, r Result[struct{}]) lifetime {
	at := start.Back(max(r.Age, 0))
	life := lifetime{at: at, ahead: clock.Never(), due: at.DueAfter(within(p.freshFor(), r))}
	if p.ahead > 0 {
		life.ahead = at.DueAfter(portion(within(p.freshFor(), r), p.ahead))
	}
	life.limit = life.due
	if p.stale > 0 {
		life.limit = at.DueAfter(plus(within(p.maxAge, r), p.stale))
	}
	if r.NotBefore > 0 {
		life.again = start.DueAfter(r.NotBefore)
		life.ahead = life.ahead.Latest(life.again)
		life.due = life.due.Latest(life.again)
		life.limit = life.limit.Latest(start.DueAfter(plus(r.NotBefore, p.stale)))
	}
	return life
}

// within is an age that the source may have cut short.
func within(age time.Duration, r Result[struct{}]) time.Duration {
	if r.Within > 0 {
		return min(age, r.Within)
	}
	return age
}

// plus adds what may not fit.
func plus(a, b time.Duration) time.Duration {
	if a > Forever-b {
		return Forever
	}
	return a + b
}
