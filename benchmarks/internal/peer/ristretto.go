package peer

import "github.com/dgraph-io/ristretto/v2"

// ristretto has no loader.
var ristrettoPeer = Peer{ID: "ristretto", Name: "ristretto", Module: "github.com/dgraph-io/ristretto/v2", Setups: generally(withoutLoader, func(s *sdk) (general, error) {
	c, err := ristretto.NewCache(&ristretto.Config[string, string]{NumCounters: 1000, MaxCost: 1 << 20, BufferItems: 64})
	if err != nil {
		return general{}, err
	}
	set := func(key, value string) {
		c.SetWithTTL(key, value, 1, ttl)
		c.Wait() // what is set can be read from then on
	}
	return general{
		set:    set,
		forget: func(key string) { c.Del(key); c.Wait() },
		hit: func(key string, n int) (v string) {
			for range n {
				v, _ = c.Get(key)
			}
			return v
		},
		get: missThenSet(s, c.Get, set),
	}, nil
})}
