// Leftover is a function whose handler returns while a Get of its own still runs.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

var (
	slow  = ssmcache.Parameter[string]("/app/slow", lambdacache.MaxAge(0))
	other = ssmcache.Parameter[string]("/app/other", lambdacache.MaxAge(0))
	door  = ssmcache.Parameter[string]("/app/door", lambdacache.MaxAge(0)) // by which a test lets the handler out
	ended = make(chan error, 2)
	woken = make(chan struct{})
)

// event says which Get to leave running, and whether to wait for it.
type event struct {
	Park     bool // start the goroutines of Leave, but have them wait for the next invocation
	Wake     bool // let them go, and return when the door opens
	Leave    bool // Get two values in goroutines, and return when the door opens
	Detached bool // with a context that outlives the invocation
	Collect  bool // wait for the two Gets and tell what became of them
	Read     bool // read the value now
	Late     bool // the same when Wrap has returned, as the body of a streamed response does
}

type response struct {
	Errors     []string
	Generation int
	After      guest.Running // when Wrap has returned
	inside     context.Context
}

func handler(ctx context.Context, e event) (r response, err error) {
	switch {
	case e.Wake:
		close(woken)
		fallthrough
	case e.Leave:
		if _, err := door.Get(ctx); err != nil {
			return r, err
		}
	case e.Collect:
		for range 2 {
			select {
			case err := <-ended:
				r.Errors = append(r.Errors, text(err))
			case <-ctx.Done():
				return r, ctx.Err()
			}
		}
	case e.Late:
		r.inside = ctx
	case e.Read:
		value, err := slow.Get(ctx)
		r.Generation = guest.Generation(value)
		return r, err
	}
	return r, nil
}

func leave(ctx context.Context, e event) {
	if e.Detached {
		ctx = context.WithoutCancel(ctx)
	}
	for _, entry := range []*lambdacache.Entry[string]{slow, other} {
		go func() {
			if e.Park {
				<-woken
			}
			_, err := entry.Get(ctx)
			log.Printf("the Get that was left has ended: %v", err)
			ended <- err
		}()
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func main() {
	guest.LogEvents()
	wrapped := lambdacache.Wrap(func(ctx context.Context, e event) (response, error) {
		if e.Leave || e.Park {
			leave(ctx, e)
		}
		return handler(ctx, e)
	})
	lambda.Start(func(ctx context.Context, e event) (response, error) {
		r, err := wrapped(ctx, e)
		r.After = guest.CountRunning()
		if e.Late {
			return handler(r.inside, event{Read: true})
		}
		return r, err
	})
}
