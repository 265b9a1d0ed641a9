package peer

import (
	"context"
	"fmt"

	"github.com/jellydator/ttlcache/v3"
)

// ttlcache loads one key at a time; the loader knows neither context nor error.
var ttlcachePeer = Peer{ID: "ttlcache", Name: "ttlcache", Module: "github.com/jellydator/ttlcache/v3", Setups: generally(withLoader, func(s *sdk) (general, error) {
	loader := ttlcache.LoaderFunc[string, string](func(c *ttlcache.Cache[string, string], key string) *ttlcache.Item[string, string] {
		v, err := s.one(context.Background(), key)
		if err != nil {
			return nil
		}
		return c.Set(key, v, ttlcache.DefaultTTL)
	})
	c := ttlcache.New(
		ttlcache.WithTTL[string, string](ttl),
		ttlcache.WithLoader(ttlcache.NewSuppressedLoader(loader, nil)), // one load a key
		ttlcache.WithDisableTouchOnHit[string, string](),               // age counts from the load
	)
	get := func(_ context.Context, key string) (string, error) {
		item := c.Get(key)
		if item == nil {
			return "", fmt.Errorf("ttlcache: nothing for %s", key)
		}
		return item.Value(), nil
	}
	return general{
		set:    func(key, value string) { c.Set(key, value, ttlcache.DefaultTTL) },
		forget: c.Delete,
		hit: func(key string, n int) (v string) {
			for range n {
				v = c.Get(key).Value()
			}
			return v
		},
		get: get,
		all: eachAlone(get),
	}, nil
})}
