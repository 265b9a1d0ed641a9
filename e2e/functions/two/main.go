// Two is a function of two handlers, each with an entry of its own; the event says
// which one runs.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

var (
	good   = ssmcache.Parameter[string]("/app/good", guest.MaxAge())
	bad    = ssmcache.Parameter[string]("/app/bad", guest.MaxAge())
	object = s3cache.Object[string]("s3://app-config/rules.txt", guest.MaxAge())
)

type event struct{ Use string }

func reader(e *lambdacache.Entry[string]) func(context.Context, event) (int, error) {
	return lambdacache.Wrap(func(ctx context.Context, _ event) (int, error) {
		return guest.Generation(e.Value(ctx)), nil
	}, e)
}

func main() {
	guest.LogEvents()
	handlers := map[string]func(context.Context, event) (int, error){
		"good": reader(good), "bad": reader(bad), "object": reader(object),
	}
	lambda.Start(func(ctx context.Context, e event) (int, error) { return handlers[e.Use](ctx, e) })
}
