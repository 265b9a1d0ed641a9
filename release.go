package lambdacache

import (
	"errors"
	"slices"
	"time"
	"weak"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// This is how the keys of families come and go. An entry's slot is there for ever; one
// that only families need goes with the last of its users, though not while a load of
// its key is in flight: whoever asks again meanwhile must find that.

// Releaser is implemented by a source that keeps something for each of its keys, such as
// a session. Release is told of a key that a [Family] needs no longer: no load of it is
// in flight, and none begins before Release has returned. It must not wait.
type Releaser interface {
	Release(key string)
}

// join makes c one of the entries that its key feeds, until disuse is called for its
// slot, or gives the one that its family has there already: of another key that it
// locates at the same, or of one that had to go while somebody else needs the slot.
func (o *origin) join(c *core) *core {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.slots[c.key]; s != nil {
		if i := slices.IndexFunc(s.fed, func(f *core) bool { return f.entry == c.entry }); i >= 0 {
			s.users++
			return s.fed[i]
		}
	}
	o.feeds(c.key, c)
	return c
}

func (o *origin) use(s *slot) {
	o.mu.Lock()
	s.users++
	o.mu.Unlock()
}

func (o *origin) disuse(s *slot) {
	o.mu.Lock()
	s.users--
	o.release(s)
	o.mu.Unlock()
}

// release lets a slot go that nobody needs. It needs the lock.
func (o *origin) release(s *slot) {
	if s.users > 0 || s.loading != nil {
		return
	}
	delete(o.slots, s.key)
	if s.alone {
		if len(o.culprits) >= maxCulprits {
			clear(o.culprits) // rather than without bound
		}
		o.culprits[s.key] = true
	}
	if o.released != nil {
		o.released(s.key)
	}
}

// maxCulprits is how many keys that spoiled a batch are remembered without a slot.
const maxCulprits = 1000

// holds reports whether a member has a value, and whether it has a miss to remember.
func (o *origin) holds(c *core) (value, miss bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return c.slot.cur.Load().part(c.part).value != nil, c.slot.miss.holds(c.missesFor, clock.Now())
}

// adopt makes cachetest.Reset reach a family.
func (o *origin) adopt(f *family) {
	o.mu.Lock()
	o.families = append(o.families, weak.Make(f))
	o.mu.Unlock()
}

// miss is the source's word that there is no value to be had of a key.
type miss struct {
	at  clock.Reading // when the load started that brought it
	err error         // nil for none
}

// missed is the miss that an error stands for.
func missed(l *load) miss {
	if errors.Is(l.err, ErrNotFound) || errors.Is(l.err, ErrDenied) {
		return miss{l.start, l.err}
	}
	return miss{}
}

// holds reports whether a miss is remembered for so long.
func (m miss) holds(d time.Duration, now clock.Reading) bool {
	return m.err != nil && d > 0 && !m.at.DueAfter(d).Passed(now)
}

// missed reports whether there is no need to ask for a key that was a miss a short while
// ago: every entry that reads it remembers it. It needs the origin's lock.
func (w *want) missed(a ask, now clock.Reading) bool {
	return !a.anew && !slices.ContainsFunc(w.entries, func(c *core) bool { return !w.slot.miss.holds(c.missesFor, now) })
}
