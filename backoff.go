package lambdacache

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// backoff spaces the attempts at something that keeps failing, over all invocations
// of an environment. It goes by the clocks that ages go by, so that frozen time counts.
type backoff struct {
	n     int       // attempts that failed in a row
	until clock.Due // no other attempt before
}

// The pause after the first failure, and the longest there is.
const (
	firstBackoff = time.Second
	lastBackoff  = 30 * time.Second
)

// extend notes a failure. Half of the pause is drawn by chance: environments that
// failed together must not come back together.
func (b *backoff) extend(now clock.Reading, longest time.Duration) {
	pause := firstBackoff << min(b.n, 10)
	pause = min(pause, max(firstBackoff, min(lastBackoff, longest)))
	b.n++
	b.until = now.DueAfter(pause/2 + rand.N(pause/2))
}

// holds reports whether it is too early for another attempt.
func (b *backoff) holds(now clock.Reading) bool { return b.n > 0 && !b.until.Passed(now) }

// failed notes that a load has failed, and why; in part if its value was of use to some
// of the key's entries. The pauses start anew when one kind of failure follows the other:
// a source whose values do not suit everybody has answered.
func (s *slot) failed(l *load, why error, part bool) {
	if s.failure.part != part {
		s.recovered()
	}
	s.failing.extend(clock.Now(), s.maxAge())
	s.failure = failure{nth: l.nth, err: why, part: part}
}

// recovered forgets that loads have failed.
func (s *slot) recovered() { s.failing, s.failure = backoff{}, failure{} }

// failure is why the newest version is not newer.
type failure struct {
	nth  uint64 // the load that failed
	err  error
	part bool // it is of some of the key's entries only: their values could not be decoded
}

// broken reports whether the source is known to fail for entries that read v.
func (s *slot) broken(v *version, entries []*core) bool {
	return s.failing.n > 0 && (!s.failure.part ||
		slices.ContainsFunc(entries, func(c *core) bool { return v.part(c.part).err != nil }))
}
