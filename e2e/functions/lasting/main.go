// Lasting is a function of one entry that outlasts its source: loaded early, served
// stale. The event says how long the handler works.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

var entry = ssmcache.Parameter[string]("/app/lasting", guest.MaxAge(),
	lambdacache.RefreshAhead(0.5), lambdacache.StaleIfError(10*time.Minute), lambdacache.Jitter(0.01))

type event struct{ Works time.Duration }

func main() {
	guest.LogEvents()
	lambda.Start(lambdacache.Wrap(func(ctx context.Context, e event) (int, error) {
		<-time.After(e.Works)
		return guest.Generation(entry.Value(ctx)), nil
	}, entry))
}
