package peer

import "github.com/patrickmn/go-cache"

// go-cache has no loader.
var goCachePeer = Peer{ID: "go-cache", Name: "go-cache", Module: "github.com/patrickmn/go-cache", Setups: generally(withoutLoader, func(s *sdk) (general, error) {
	c := cache.New(ttl, 2*ttl)
	read := func(key string) (string, bool) {
		v, ok := c.Get(key)
		text, _ := v.(string)
		return text, ok
	}
	set := func(key, value string) { c.SetDefault(key, value) }
	return general{
		set:    set,
		forget: c.Delete,
		hit: func(key string, n int) string {
			var v any
			for range n {
				v, _ = c.Get(key)
			}
			text, _ := v.(string)
			return text
		},
		get: missThenSet(s, read, set),
	}, nil
})}
