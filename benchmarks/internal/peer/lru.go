package peer

import "github.com/hashicorp/golang-lru/v2/expirable"

// golang-lru has no loader; expirable is its cache with ages.
var lruPeer = Peer{ID: "golang-lru", Name: "golang-lru (expirable)", Module: "github.com/hashicorp/golang-lru/v2", Setups: generally(withoutLoader, func(s *sdk) (general, error) {
	c := expirable.NewLRU[string, string](1000, nil, ttl)
	set := func(key, value string) { c.Add(key, value) }
	return general{
		set:    set,
		forget: func(key string) { c.Remove(key) },
		hit: func(key string, n int) (v string) {
			for range n {
				v, _ = c.Get(key)
			}
			return v
		},
		get: missThenSet(s, c.Get, set),
	}, nil
})}
