package lambdacache

import (
	"hash/maphash"
	"sync/atomic"
)

// index finds a family's members by their keys. It is read without a lock and written
// with the family's. A sync.Map, which does not know the type of its keys, would be the
// dearest part of a hit after the clock.
type index[K comparable] struct {
	seed  maphash.Seed
	heads atomic.Pointer[[]head[K]] // a power of two, as many as there ever were members
	n     int
}

// head begins the list of the members whose hashes are alike in their last bits.
type head[K comparable] struct{ atomic.Pointer[link[K]] }

// link is never changed: who reads a list may be overtaken.
type link[K comparable] struct {
	key  K
	m    *member
	next *link[K]
}

// members is an index without the type of its keys.
type members interface {
	find(key any) *member // nil if there is none
	put(key any, m *member)
	drop(key any)         // there must be one
	each(f func(*member)) // f may drop
}

func newIndex[K comparable]() *index[K] {
	x := &index[K]{seed: maphash.MakeSeed()}
	heads := make([]head[K], 8)
	x.heads.Store(&heads)
	return x
}

// head is where a key's list begins.
func (x *index[K]) head(heads []head[K], key K) *head[K] {
	return &heads[maphash.Comparable(x.seed, key)&uint64(len(heads)-1)]
}

func (x *index[K]) get(key K) *member {
	for l := x.head(*x.heads.Load(), key).Load(); l != nil; l = l.next {
		if l.key == key {
			return l.m
		}
	}
	return nil
}

func (x *index[K]) find(key any) *member {
	k, _ := key.(K) // nil is the zero value of an interface type
	return x.get(k)
}

func (x *index[K]) put(key any, m *member) {
	heads := *x.heads.Load()
	if x.n >= len(heads) {
		heads = make([]head[K], 2*len(heads))
		x.each(func(m *member) { x.link(heads, m.id, m) })
		x.heads.Store(&heads)
	}
	x.link(heads, key, m)
	x.n++
}

func (x *index[K]) link(heads []head[K], key any, m *member) {
	k, _ := key.(K)
	h := x.head(heads, k)
	h.Store(&link[K]{k, m, h.Load()})
}

func (x *index[K]) drop(key any) {
	k, _ := key.(K)
	h := x.head(*x.heads.Load(), k)
	h.Store(h.Load().without(k))
	x.n--
}

func (l *link[K]) without(key K) *link[K] {
	if l.key == key {
		return l.next
	}
	return &link[K]{l.key, l.m, l.next.without(key)}
}

func (x *index[K]) each(f func(*member)) {
	heads := *x.heads.Load()
	for i := range heads {
		for l := heads[i].Load(); l != nil; l = l.next {
			f(l.m)
		}
	}
}
