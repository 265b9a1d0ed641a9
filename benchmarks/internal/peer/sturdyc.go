package peer

import (
	"context"

	"github.com/viccon/sturdyc"
)

// sturdyc takes a function for many keys: the batching is the user's own.
var sturdycPeer = Peer{ID: "sturdyc", Name: "sturdyc", Module: "github.com/viccon/sturdyc", Setups: generally(withLoader, func(s *sdk) (general, error) {
	c := sturdyc.New[string](1000, 10, ttl, 10)
	same := func(id string) string { return id }
	return general{
		set:    func(key, value string) { c.Set(key, value) },
		forget: c.Delete,
		hit: func(key string, n int) (v string) {
			for range n {
				v, _ = c.Get(key)
			}
			return v
		},
		get: func(ctx context.Context, key string) (string, error) {
			return c.GetOrFetch(ctx, key, func(ctx context.Context) (string, error) { return s.one(ctx, key) })
		},
		all: func(ctx context.Context, keys []string) (map[string]string, error) {
			return c.GetOrFetchBatch(ctx, keys, same, s.batches)
		},
	}, nil
})}
