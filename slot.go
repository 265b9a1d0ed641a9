package lambdacache

import (
	"slices"
	"sync/atomic"
	"time"
	"weak"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// slot is what an origin holds of one key: the newest version, and whoever is
// loading the next. Everything but cur is guarded by the origin's mutex.
type slot struct {
	origin *origin
	key    string
	cur    atomic.Pointer[version]

	watched []weak.Pointer[wrapper] // the Wraps that list an entry of this key
	fed     []*core                 // the entries this key feeds; entry i reads part i of a version
	users   int                     // who needs the slot: each entry for ever, families' members, and who reads one just now
	loading *load                   // the load in flight, nil for none: there are never two
	loads   uint64                  // how many there have been
	alone   bool                    // a batch failed because of this key: ask for it in a call of its own
	epoch   int                     // counts Invalidate: a load that began before one must not be held
	failing backoff                 // of loads that fail
	failure failure                 // of the last load, if it failed
	forced  backoff                 // of the loads that Retry asked for in vain
	miss    miss                    // the last load's, if it was one
}

// version is what one load made of a key: a part for each entry that it feeds, all
// published at once, so that two fields of one secret never come from two versions.
// It is not changed after it was published.
type version struct {
	id    string // the source's name for it
	load  uint64 // the number of its load
	parts []part

	copied bool // by a tier, of an older load
}

// newVersion makes a version of n parts. Most have one, which lies beside it: a hit then
// reads one place in memory less.
func newVersion(n int) *version {
	if n != 1 {
		return &version{parts: make([]part, n)}
	}
	v := new(struct {
		version
		only [1]part
	})
	v.parts = v.only[:]
	return &v.version
}

// part is one entry's share of a version.
type part struct {
	value any // *T, nil if no version could ever be decoded
	lifetime
	id   string // the version the value comes from
	load uint64 // the number of the load that brought it
	err  error  // this version could not be decoded for the entry: the rest is an older one's
}

// part gives entry i's share; an entry declared after the load has an empty one.
func (v *version) part(i int) *part {
	if v == nil || i >= len(v.parts) {
		return new(part)
	}
	return &v.parts[i]
}

func (p *part) fresh(now clock.Reading) bool { return p.value != nil && !p.due.Passed(now) }

// have is the version the source may answer Unchanged to: none as long as an entry
// waits for its first part, because only a body can give it one.
func (s *slot) have() string {
	if v := s.cur.Load(); v != nil && len(v.parts) == len(s.fed) {
		return v.id
	}
	return ""
}

// maxAge is that of the strictest of the key's entries: a load feeds them all.
func (s *slot) maxAge() time.Duration {
	strictest := Forever
	for _, c := range s.fed {
		strictest = min(strictest, c.freshFor())
	}
	return strictest
}

// aheadAfter is the oldest copy that is of use to an early load: older ones would be
// loaded early again at once.
func (s *slot) aheadAfter() time.Duration {
	strictest := s.maxAge()
	for _, c := range s.fed {
		strictest = min(strictest, c.aheadAfter())
	}
	return strictest
}

// loadTimeout is how long a load of the key may take: what the most patient of its
// entries allows, 0 for no limit.
func (s *slot) loadTimeout() time.Duration {
	longest := time.Duration(0)
	for _, c := range s.fed {
		if c.loadTimeout == 0 {
			return 0
		}
		longest = max(longest, c.loadTimeout)
	}
	return longest
}

// hold publishes a version, nil to forget what is held, and lets every Wrap know
// that its view is no longer the newest. A counter for each Wrap makes that known in
// one comparison, however many entries the Wrap lists.
func (s *slot) hold(v *version) {
	s.watched = slices.DeleteFunc(s.watched, func(p weak.Pointer[wrapper]) bool {
		w := p.Value()
		if w != nil {
			w.changes.Add(1)
		}
		return w == nil
	})
	s.cur.Store(v) // counted before: whoever begins after somebody has seen v sees it too
}

// invalidate forgets what is held and disowns the load in flight.
func (s *slot) invalidate() {
	s.epoch++
	s.forced, s.miss = backoff{}, miss{}
	s.hold(nil)
}
