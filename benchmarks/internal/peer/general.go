package peer

import (
	"context"
	"time"
)

// general is what a general in-process cache can do here.
type general struct {
	set    func(key, value string)
	forget func(key string)
	hit    func(key string, n int) string
	get    func(ctx context.Context, key string) (string, error) // loads on a miss

	// all loads what is missing of keys as well as the cache's own loader can; nil
	// for a cache that has no loader.
	all func(ctx context.Context, keys []string) (map[string]string, error)
}

// loading tells caches that call a loader of the user from those that do not.
type loading bool

const (
	withLoader    loading = true
	withoutLoader loading = false
)

// ttl is far beyond the benchmark: what is due is made so.
const ttl = time.Hour

// generally makes the measures of a general cache, which loads by the SDK.
func generally(loads loading, cache func(s *sdk) (general, error)) map[string]Setup {
	ready := func(ctx context.Context) (general, error) {
		s, err := loadDefault(ctx)
		if err != nil {
			return general{}, err
		}
		return cache(s)
	}
	setups := map[string]Setup{
		Hit: func(ctx context.Context) (Op, error) {
			c, err := ready(ctx)
			if err != nil {
				return nil, err
			}
			key := parameters[0]
			value, err := c.get(ctx, key)
			if err != nil {
				return nil, err
			}
			c.set(key, value)
			return repeat(func(n int) string { return c.hit(key, n) }), nil
		},
		Stampede: func(ctx context.Context) (Op, error) {
			c, err := ready(ctx)
			if err != nil {
				return nil, err
			}
			key := parameters[0]
			return stampede(func() { c.forget(key) }, func(ctx context.Context) (string, error) { return c.get(ctx, key) }), nil
		},
	}
	if loads == withoutLoader {
		return setups
	}
	for measure, keys := range refreshes {
		setups[measure] = func(ctx context.Context) (Op, error) {
			c, err := ready(ctx)
			if err != nil {
				return nil, err
			}
			forget := func() {
				for _, k := range keys {
					c.forget(k)
				}
			}
			return refreshing(keys, forget, func(ctx context.Context) (map[string]string, error) { return c.all(ctx, keys) }), nil
		}
	}
	return setups
}

// missThenSet is how one uses a cache without a loader.
func missThenSet(s *sdk, read func(string) (string, bool), set func(key, value string)) func(context.Context, string) (string, error) {
	return func(ctx context.Context, key string) (string, error) {
		if v, ok := read(key); ok {
			return v, nil
		}
		v, err := s.one(ctx, key)
		if err != nil {
			return "", err
		}
		set(key, v)
		return v, nil
	}
}

// eachAlone loads many keys through a loader that takes one: a goroutine each.
func eachAlone(get func(context.Context, string) (string, error)) func(context.Context, []string) (map[string]string, error) {
	return func(ctx context.Context, keys []string) (map[string]string, error) { return sideBySide(ctx, keys, get) }
}
