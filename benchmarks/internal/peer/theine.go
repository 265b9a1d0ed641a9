package peer

import (
	"context"

	"github.com/Yiling-J/theine-go"
)

// theine loads one key at a time, and each once.
var theinePeer = Peer{ID: "theine", Name: "theine", Module: "github.com/Yiling-J/theine-go", Setups: generally(withLoader, func(s *sdk) (general, error) {
	c, err := theine.NewBuilder[string, string](1000).BuildWithLoader(func(ctx context.Context, key string) (theine.Loaded[string], error) {
		v, err := s.one(ctx, key)
		return theine.Loaded[string]{Value: v, Cost: 1, TTL: ttl}, err
	})
	if err != nil {
		return general{}, err
	}
	return general{
		set:    func(key, value string) { c.SetWithTTL(key, value, 1, ttl) },
		forget: c.Delete,
		hit: func(key string, n int) (v string) {
			ctx := context.Background()
			for range n {
				v, _ = c.Get(ctx, key)
			}
			return v
		},
		get: c.Get,
		all: eachAlone(c.Get),
	}, nil
})}
