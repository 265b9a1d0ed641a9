package peer

import (
	"context"
	"time"

	"github.com/aws/aws-secretsmanager-caching-go/v2/secretcache"
)

// AWS's own cache for secrets, and for nothing else. It loads by two calls a secret:
// DescribeSecret for the version, GetSecretValue if that is new.
var secretsCachingPeer = Peer{
	ID: "secrets-caching", Name: "aws-secretsmanager-caching-go", Module: "github.com/aws/aws-secretsmanager-caching-go/v2",
	Setups: map[string]Setup{
		Hit: func(ctx context.Context) (Op, error) {
			c, err := secretscache(ctx, ttl)
			if err != nil {
				return nil, err
			}
			if _, err := c.GetSecretString(secrets[0]); err != nil {
				return nil, err
			}
			return repeat(func(n int) (v string) {
				for range n {
					v, _ = c.GetSecretString(secrets[0])
				}
				return v
			}), nil
		},
		Refresh20: func(ctx context.Context) (Op, error) {
			c, err := secretscache(ctx, time.Nanosecond) // due at once
			if err != nil {
				return nil, err
			}
			return refreshing(secrets, nil, func(ctx context.Context) (map[string]string, error) {
				return sideBySide(ctx, secrets, c.GetSecretStringWithContext)
			}), nil
		},
		Stampede: func(ctx context.Context) (Op, error) {
			s, err := loadDefault(ctx)
			if err != nil {
				return nil, err
			}
			var c *secretcache.Cache
			forget := func() { c, err = secretscacheOf(s, ttl) } // it cannot forget: a new one on the same client
			return stampede(forget, func(ctx context.Context) (string, error) {
				if err != nil {
					return "", err
				}
				return c.GetSecretStringWithContext(ctx, secrets[0])
			}), nil
		},
	},
}

func secretscache(ctx context.Context, ttl time.Duration) (*secretcache.Cache, error) {
	s, err := loadDefault(ctx)
	if err != nil {
		return nil, err
	}
	return secretscacheOf(s, ttl)
}

func secretscacheOf(s *sdk, ttl time.Duration) (*secretcache.Cache, error) {
	return secretcache.New(func(c *secretcache.Cache) {
		c.Client = s.secrets
		c.CacheItemTTL = int64(ttl)
	})
}
