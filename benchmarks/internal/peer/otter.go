package peer

import (
	"context"

	"github.com/maypok86/otter/v2"
)

// otter takes a bulk loader: the batching is the user's own.
var otterPeer = Peer{ID: "otter", Name: "otter", Module: "github.com/maypok86/otter/v2", Setups: generally(withLoader, func(s *sdk) (general, error) {
	c, err := otter.New(&otter.Options[string, string]{
		MaximumSize:      100,
		ExpiryCalculator: otter.ExpiryWriting[string, string](ttl),
	})
	if err != nil {
		return general{}, err
	}
	one, many := otter.LoaderFunc[string, string](s.one), otter.BulkLoaderFunc[string, string](s.batches)
	return general{
		set:    func(key, value string) { c.Set(key, value) },
		forget: func(key string) { c.Invalidate(key) },
		hit: func(key string, n int) (v string) {
			for range n {
				v, _ = c.GetIfPresent(key)
			}
			return v
		},
		get: func(ctx context.Context, key string) (string, error) { return c.Get(ctx, key, one) },
		all: func(ctx context.Context, keys []string) (map[string]string, error) { return c.BulkGet(ctx, keys, many) },
	}, nil
})}
