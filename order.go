package lambdacache

import (
	"container/heap"
	"sync/atomic"
)

// use is when something was last read: of two, the one of the higher number.
type use struct {
	last atomic.Uint64
	seen uint64 // the last one that its place in the order takes note of
	at   int    // its place
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
