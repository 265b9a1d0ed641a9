// Secretscaching is the function of cold-start comparisons with AWS's cache for
// secrets: a secret in place of the parameter.
package main

import (
	"context"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-secretsmanager-caching-go/v2/secretcache"
)

var cache = sync.OnceValues(func() (*secretcache.Cache, error) { return secretcache.New() })

func handler(ctx context.Context, _ struct{}) (int, error) {
	c, err := cache()
	if err != nil {
		return 0, err
	}
	key, err := c.GetSecretStringWithContext(ctx, "prod/key")
	return len(key), err
}

func main() { lambda.Start(handler) }
