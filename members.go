package lambdacache

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// family is a Family without its types. Its members are known by their keys; what they
// hold is in their origin's slots, like everything that is held, and goes with these.
type family struct {
	origin *origin
	settings
	locate func(key any) (of, name string, err error)
	decode func(raw any) (any, error)
	self   any // the *Family[K, T] it is the family of
	stats  *stats
	gone   atomic.Uint64 // members that had to make room

	members sync.Map      // by key: a *member. To be read without the lock …
	uses    atomic.Uint64 // counts reads, as far as their order matters

	mu    sync.Mutex // … and written with it
	order order      // the members again
}

// member is one key of a family.
type member struct {
	*core
	key  any
	used atomic.Uint64 // its last use …
	seen uint64        // … as far as its place in the order takes note of it
	at   int           // that place
}

// errNoKey is of a key that cannot be one.
var errNoKey = errors.New("the key is empty")

// errNotItself is of a NaN: what is kept by it could never be found again.
var errNotItself = errors.New("the key is not equal to itself")

func (f *family) declare(self any) {
	f.self = self
	f.origin.adopt(f)
}

// label is what the family is called where it is not about one key.
func (f *family) label() string { return cmp.Or(f.name, f.origin.name) }

// member gives a key's member, nil if it has none.
func (f *family) member(key any) *member {
	m, _ := f.members.Load(key)
	found, _ := m.(*member)
	return found
}

// touch makes m the most recently used member, or as good as: as long as it is among
// the last eighth of them nothing is written, because readers on other processors would
// have to fetch what was.
func (f *family) touch(m *member) {
	if n := f.uses.Load(); n-m.used.Load() > uint64(f.limit/8) {
		m.used.Store(f.uses.Add(1))
	}
}

// look gives a view of the members of keys. Where it fails for some of them the others
// are held all the same.
func (f *family) look(ctx context.Context, a ask, keys ...any) (*view, error) {
	var failures []*Failure
	entries := make([]*core, 0, len(keys))
	for _, key := range keys {
		m, err := f.enter(key)
		if err != nil {
			failures = append(failures, err.(*LoadError).Failures...)
			continue
		}
		defer f.leave(m)
		entries = append(entries, m.core)
	}
	if inv := invocationOf(ctx); inv != nil {
		inv.waits(1)
		defer inv.waits(-1)
	}
	v, err := resolve(ctx, a, entries)
	if failed, ok := errors.AsType[*LoadError](err); ok {
		failures = append(failures, failed.Failures...)
	}
	if failures != nil {
		return nil, &LoadError{Failures: failures}
	}
	return v, nil
}

// enter gives a key's member, which is made if need be, and keeps what it holds until
// leave is called, also if it has to make room for others meanwhile. The error is a
// *LoadError.
func (f *family) enter(key any) (*member, error) {
	of, name, err := f.locate(key)
	switch {
	case err == nil && key != key: //nolint:gocritic // a NaN
		err = errNotItself
	case err == nil && of == "":
		err = errNoKey
	}
	if err != nil {
		return nil, &LoadError{Failures: []*Failure{{Entry: f.label(), Source: f.origin.name, Key: fmt.Sprint(key), Err: err}}}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.member(key)
	if m == nil {
		m = &member{key: key, core: f.origin.join(of, f.core(key, of, name))}
		m.used.Store(f.uses.Add(1))
		f.members.Store(key, m)
		heap.Push(&f.order, m)
		for len(f.order) > f.limit {
			f.remove(f.order.oldest())
			f.gone.Add(1)
		}
	} else {
		f.touch(m)
	}
	f.origin.use(m.slot)
	return m, nil
}

// core makes the entry of a key.
func (f *family) core(key any, of, name string) *core {
	return &core{
		entry: fixed.Key{Family: f.self, Key: key}, name: cmp.Or(f.name, name, shortName(of)), source: f.origin.name, key: of,
		policy: f.policy, loadTimeout: f.loadTimeout, missesFor: f.missesFor,
		decode: f.decode, stats: f.stats,
	}
}

// leave ends the use of a member. One that holds nothing is not kept: keys that are not
// there must not take the room of those that are.
func (f *family) leave(m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.member(m.key) == m && f.origin.idle(m.core, 2) { // the family and this reader
		f.remove(m)
	}
	f.origin.disuse(m.slot)
}

// remove takes a member out of the family. It needs the lock.
func (f *family) remove(m *member) {
	heap.Remove(&f.order, m.at)
	f.members.Delete(m.key)
	f.origin.disuse(m.slot)
}

func (f *family) invalidate(keys []any) {
	f.mu.Lock() // no key is on its way in or out
	defer f.mu.Unlock()
	for _, key := range keys {
		if of, _, err := f.locate(key); err == nil {
			f.origin.invalidate(of) // an entry of the key may have it, or a load of it be in flight
		}
		if m := f.member(key); m != nil && f.origin.idle(m.core, 1) {
			f.remove(m)
		}
	}
}

// clear removes all members.
func (f *family) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.order) > 0 {
		f.remove(f.order[0])
	}
}

// FamilyStats counts what happened to the keys of a family since the process started.
type FamilyStats struct {
	Loads     uint64 // loads that brought a new version of a key
	Unchanged uint64 // loads that found the held version still standing
	Failures  uint64 // loads that failed or could not be decoded
	Stale     uint64 // those of them, and of those not begun for want of time, that an old value made up for
	Evicted   uint64 // keys that had to make room for others
	Entries   int    // keys held now
}

func (f *family) counted() FamilyStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return FamilyStats{
		Loads: f.stats.loads.Load(), Unchanged: f.stats.unchanged.Load(),
		Failures: f.stats.failures.Load(), Stale: f.stats.stale.Load(),
		Evicted: f.gone.Load(), Entries: len(f.order),
	}
}

// order is a heap of members by the use of theirs that was seen last. Uses are noted
// without the lock, so that a member may have come behind: a use makes it later only, so
// that the first one whose place is right was used before all others.
type order []*member

func (o order) Len() int           { return len(o) }
func (o order) Less(i, j int) bool { return o[i].seen < o[j].seen }
func (o order) Swap(i, j int)      { o[i], o[j] = o[j], o[i]; o[i].at, o[j].at = i, j }
func (o *order) Push(x any) {
	m := x.(*member)
	m.seen, m.at = m.used.Load(), len(*o)
	*o = append(*o, m)
}

func (o *order) Pop() any {
	last := len(*o) - 1
	m := (*o)[last]
	(*o)[last] = nil
	*o = (*o)[:last]
	return m
}

// oldest is the member that was used least recently.
func (o *order) oldest() *member {
	for {
		m := (*o)[0]
		used := m.used.Load()
		if used == m.seen {
			return m
		}
		m.seen = used
		heap.Fix(o, 0)
	}
}
