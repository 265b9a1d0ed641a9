package lambdacache

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// family is a Family without its types. Its members are known by their keys; what they
// hold is in their origin's slots, like everything that is held, and goes with these.
type family struct {
	origin *origin
	settings
	locate func(key any) (Located, error)
	decode func(raw any) (any, error)
	self   any // the *Family[K, T] it is the family of
	stats  *stats

	members members // by key, to be read without the lock …
	moments moments // of its members' uses

	mu     sync.Mutex // … and written with it
	kept   order      // those that have a value
	misses order      // those of which only that is known which there is not; they take no value's room
	gone   uint64     // how many values had to make room
}

// member is one key of a family.
type member struct {
	*core
	slot *slot       // the core's, one step nearer for a hit
	part int         // likewise
	kept atomic.Bool // in is the order of those that have a value: a hit takes nobody's room unnoticed
	use
	in      *order // where its use counts, nil for neither
	id      any    // its key in the family
	readers int    // that are not through yet
}

// errNoKey is of a key that cannot be one.
var errNoKey = errors.New("the key is empty")

// errNotItself is of a NaN: what is kept by it could never be found again.
var errNotItself = errors.New("the key is not equal to itself")

func (f *family) declare(self any, o *origin, opts []Option) {
	where := "a family of entries from " + o.name
	if f.locate == nil || f.decode == nil {
		panic("lambdacache: " + where + ": a function for the keys and a decoder are required")
	}
	defaults := settings{policy: policy{maxAge: DefaultMaxAge}, loadTimeout: o.loadTimeout, limit: DefaultMaxEntries}
	f.self, f.origin, f.settings, f.stats = self, o, applyToFamily(where, defaults, opts), new(stats)
	f.moments.blur = blurOf(f.limit)
	if f.ahead > 0 {
		panic("lambdacache: " + where + ": RefreshAhead loads beside a handler what its Wrap lists, and no Wrap lists a family: leave it out")
	}
	o.adopt(f)
}

// label is what the family is called where it is not about one key.
func (f *family) label() string { return cmp.Or(f.name, f.origin.name) }

// held is core.held, one step shorter.
func (m *member) held() *part {
	if v := m.slot.cur.Load(); v != nil && m.part < len(v.parts) {
		return &v.parts[m.part]
	}
	return nil
}

// touch makes m the most recently used member, or as good as.
func (f *family) touch(m *member, now clock.Reading) { f.moments.touch(&m.use, now) }

// look gives a view of the members of keys. Where it fails for some of them the others
// are held all the same.
func (f *family) look(ctx context.Context, anew bool, keys ...any) (*view, error) {
	var failures []*Failure
	entries := make([]*core, 0, len(keys))
	for _, key := range keys {
		m, failure := f.enter(ctx, key)
		if failure != nil {
			failures = append(failures, failure)
			continue
		}
		defer f.leave(m)
		entries = append(entries, m.core)
	}
	if inv := invocationOf(ctx); inv != nil {
		inv.waits(1)
		defer inv.waits(-1)
	}
	a := asking(clock.Now()) // now that loads know of the members
	a.anew = anew
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
// leave is called, also if it has to make room for others meanwhile.
func (f *family) enter(ctx context.Context, key any) (*member, *Failure) {
	if c := f.fixedIn(ctx, key); c != nil {
		return &member{core: c}, nil
	}
	at, err := f.find(key)
	if err != nil {
		// What no entry can have is not there: it is somebody's input, no mistake of the program.
		return nil, &Failure{Entry: f.label(), Source: f.origin.name, Key: cmp.Or(at.Key, fmt.Sprint(key)), Err: NotFound(err)}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.members.find(key)
	if m == nil {
		c := f.origin.join(f.core(at))
		m = &member{id: key, core: c, slot: c.slot, part: c.part}
		m.last.Store(f.moments.next(clock.Now()))
		f.members.put(key, m)
	} else {
		f.touch(m, clock.Now())
	}
	m.readers++
	f.origin.use(m.slot)
	if at.Hold != nil {
		at.Hold() // now, because nothing of a key that has a user is released
	}
	return m, nil
}

// find says which of the origin's keys a key is. The empty string is none: what a
// function makes of it is often something else that is there, "prod/" + "".
func (f *family) find(key any) (at Located, err error) {
	if v := reflect.ValueOf(key); v.Kind() == reflect.String && v.Len() == 0 {
		return at, errNoKey
	}
	if at, err = f.locate(key); err != nil {
		return at, err
	}
	switch {
	case key != key: //nolint:gocritic // a NaN
		err = errNotItself
	case at.Key == "":
		err = errNoKey
	}
	return at, err
}

// core makes the entry of a key.
func (f *family) core(at Located) *core {
	return &core{
		entry: f.self, name: cmp.Or(f.name, at.Name, shortName(at.Key)), source: f.origin.name, key: at.Key,
		policy: f.policy, loadTimeout: f.loadTimeout, missesFor: f.missesFor,
		decode: f.decode, stats: f.stats,
	}
}

// fixedIn gives the entry of a key that a test has fixed in ctx, nil if it has not. No
// source is asked for it, so that it is nobody's.
func (f *family) fixedIn(ctx context.Context, key any) *core {
	if values := fixed.From(ctx); values != nil {
		if k := (fixed.Key{Family: f.self, Key: key}); values[k] != nil {
			at, _ := f.find(key) // its name, if it turns out to be fixed that it fails
			c := f.core(at)
			c.entry, c.key = k, cmp.Or(at.Key, fmt.Sprint(key))
			return c
		}
	}
	return nil
}

// leave ends the use of a member. Only one that holds something takes the room of
// others: keys that are not there must not.
func (f *family) leave(m *member) {
	if m.slot == nil { // fixed
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m.readers--
	f.settle(m)
	f.origin.disuse(m.slot)
}

// settle keeps a member that has something, among those that have the like, and lets one
// go that does not, unless somebody is about to change that. It needs the lock.
func (f *family) settle(m *member) {
	var among *order
	switch value, miss := f.origin.holds(m.core); {
	case value:
		among = &f.kept
	case miss:
		among = &f.misses
	}
	switch {
	case f.members.find(m.id) != m: // it is gone already
	case among == nil && m.readers == 0:
		f.remove(m)
	case among != nil && among != m.in:
		m.leaveOrder()
		m.in = among
		m.kept.Store(among == &f.kept)
		heap.Push(among, m)
		for len(*among) > f.limit {
			f.remove(among.oldest())
			if among == &f.kept {
				f.gone++
			}
		}
	}
}

// leaveOrder takes a member out of the order that it is in.
func (m *member) leaveOrder() {
	if m.in != nil {
		heap.Remove(m.in, m.at)
		m.in = nil
		m.kept.Store(false)
	}
}

// remove takes a member out of the family. It needs the lock.
func (f *family) remove(m *member) {
	m.leaveOrder()
	f.members.drop(m.id)
	f.origin.disuse(m.slot)
}

func (f *family) invalidate(keys []any) {
	for _, key := range keys {
		if at, err := f.find(key); err == nil {
			f.forget(key, at)
		}
	}
}

func (f *family) forget(key any, at Located) {
	f.mu.Lock() // the key is not on its way in or out
	defer f.mu.Unlock()
	f.origin.invalidate(at.Key) // an entry of the key may have it, or a load of it be in flight
	if m := f.members.find(key); m != nil {
		f.settle(m)
	}
}

func (f *family) invalidateAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members.each(func(m *member) {
		f.origin.invalidate(m.core.key)
		f.settle(m)
	})
}

// clear removes all members.
func (f *family) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members.each(f.remove)
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
	s := FamilyStats{
		Loads: f.stats.loads.Load(), Unchanged: f.stats.unchanged.Load(),
		Failures: f.stats.failures.Load(), Stale: f.stats.stale.Load(), Evicted: f.gone,
	}
	for _, m := range f.kept {
		if p := m.held(); p != nil && p.value != nil { // not forgotten by Invalidate of an entry of the same key
			s.Entries++
		}
	}
	return s
}
