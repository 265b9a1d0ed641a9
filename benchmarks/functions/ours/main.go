// Ours is the function of cold-start comparisons with lambdacache.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

var key = ssmcache.Parameter[string]("/app/key")

func handler(ctx context.Context, _ struct{}) (int, error) { return len(key.Value(ctx)), nil }

func main() { lambda.Start(lambdacache.Wrap(handler, key)) }
