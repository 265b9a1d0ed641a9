package lambdacache

import (
	"container/heap"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// use is when something was last read.
type use struct {
	last atomic.Int64 // one of the family's moments
	seen int64        // the last one that its place in the order takes note of
	at   int          // its place
}

// moments number the uses of a family's members in their order: by the monotonic clock, so
// that readers on different processors share nothing that is written by a hit, and by
// counting on where the clock stands still, as in a test.
type moments struct {
	counted atomic.Int64 // the highest that was given out by next
	blur    int64        // uses that are no further apart may count as one
}

// blurOf is 2 µs for each eighth member, 1 ms at most: too short for as many to be loaded
// meanwhile. For fewer than eight the order is exact.
func blurOf(limit int) int64 { return 2000 * min(int64(limit/8), 500) }

// next gives a moment after all others that were counted.
func (ms *moments) next(now clock.Reading) int64 {
	if n := ms.counted.Load(); now.Mono > n && ms.counted.CompareAndSwap(n, now.Mono) {
		return now.Mono
	}
	return ms.counted.Add(1)
}

// touch makes u the last use, or as good as: a member that is read all the time is written
// to once in a while, because other processors would have to fetch what was written.
func (ms *moments) touch(u *use, now clock.Reading) {
	last := u.last.Load()
	switch n := ms.counted.Load(); {
	case now.Mono <= n && last < n:
		u.last.Store(ms.counted.Add(1))
	case now.Mono-last > ms.blur:
		u.last.Store(now.Mono)
	}
}

// order is a heap of members by the use of theirs that was seen last. Uses are noted
// without a lock, so that a place may have come behind; but a use only makes a member
// later: the first one whose place is right was used before all others.
type order []*member

func (o order) Len() int           { return len(o) }
func (o order) Less(i, j int) bool { return o[i].seen < o[j].seen }
func (o order) Swap(i, j int)      { o[i], o[j] = o[j], o[i]; o[i].at, o[j].at = i, j }

// Push is for package heap, like Pop.
func (o *order) Push(x any) {
	m := x.(*member)
	m.seen, m.at = m.last.Load(), len(*o)
	*o = append(*o, m)
}

// Pop takes out the last one.
func (o *order) Pop() any {
	end := len(*o) - 1
	m := (*o)[end]
	(*o)[end] = nil
	*o = (*o)[:end]
	return m
}

// oldest is the member that was used least recently.
func (o *order) oldest() *member {
	for {
		m := (*o)[0]
		last := m.last.Load()
		if last == m.seen {
			return m
		}
		m.seen = last
		heap.Fix(o, 0)
	}
}
