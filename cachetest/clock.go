package cachetest

import (
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Clock is the time by which entries age in a test. It stands still until it is told
// to move.
type Clock struct {
	mu         sync.Mutex
	mono, wall time.Duration
}

// NewClock makes the ages of all entries of the process go by a clock of the test's
// own, until the test ends. Timeouts still go by real time. Not for parallel tests.
func NewClock(t testing.TB) *Clock {
	t.Helper()
	c := &Clock{mono: time.Hour, wall: time.Duration(time.Now().UnixNano())}
	t.Cleanup(clock.Replace(func() (int64, int64) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return int64(c.mono), int64(c.wall)
	}))
	return c
}

// Advance lets d pass: entries are that much older.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mono += d
	c.wall += d
}

// StepWall steps the wall clock by d, back if d is negative, while no time passes.
func (c *Clock) StepWall(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall += d
}

// Freeze lets d pass as in an environment that is paused and whose monotonic clock
// does not notice.
func (c *Clock) Freeze(d time.Duration) { c.StepWall(d) }

// Reset puts the process back to where it was before the first load, at once and
// again when the test ends: entries hold nothing, no observer is set, and the default
// AWS configuration and clients are made anew from the environment. Not for parallel
// tests.
func Reset(t testing.TB) {
	t.Helper()
	testhook.Reset()
	t.Cleanup(testhook.Reset)
}
