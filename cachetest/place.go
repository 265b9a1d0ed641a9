package cachetest

import "sync"

// place is where a service keeps what it has.
type place struct{ account, region string }

// elsewhere is a service in the accounts and Regions that are not the fake's own.
type elsewhere[S any] struct {
	mu sync.Mutex
	of map[place]*S
}

// at gives the service in a place and makes it if need be.
func (e *elsewhere[S]) at(p place, create func() *S) *S {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.of[p]
	if s == nil {
		if e.of == nil {
			e.of = make(map[place]*S)
		}
		s = create()
		e.of[p] = s
	}
	return s
}
