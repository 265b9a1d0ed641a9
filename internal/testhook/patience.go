package testhook

import (
	"sync/atomic"
	"time"
)

// patience is how many times as long limits of time are, 0 for once.
var patience atomic.Int64

// Limit is a limit of time that the library sets by itself, for a service, a connection
// or a load. What it gives is d, but in tests that called [Patient].
func Limit(d time.Duration) time.Duration { return d * time.Duration(max(1, patience.Load())) }

// Patient makes every Limit so long that only what hangs meets it, until restore is
// called: a machine that is busy with other things is no service that does not answer.
// What is made while it holds keeps its limits. For tests only.
func Patient() (restore func()) { return Patience(50) }

// Patience makes every Limit so many times as long; with 1 it is for tests that wait for
// one.
func Patience(times int64) (restore func()) {
	old := patience.Swap(times)
	return func() { patience.Store(old) }
}
