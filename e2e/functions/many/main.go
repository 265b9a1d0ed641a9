// Many is a function with twelve parameters, three secrets, one more of a certain
// stage, and two objects, one of them as a file.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

var (
	maxAge  = guest.MaxAge()
	texts   = declare()
	model   = s3cache.File("s3://app-models/model.bin", maxAge)
	entries = []lambdacache.Cached{model}
)

func declare() (list []*lambdacache.Entry[string]) {
	for i := range 12 {
		list = append(list, ssmcache.Parameter[string](fmt.Sprintf("/app/p%02d", i+1), maxAge))
	}
	for i := range 3 {
		list = append(list, secretcache.Secret[string](fmt.Sprintf("app/s%d", i+1), maxAge))
	}
	return append(list,
		secretcache.Secret[string]("app/staged", secretcache.Stage("AWSPENDING"), maxAge),
		s3cache.Object[string]("s3://app-config/rules.txt", maxAge))
}

// response tells the generation of every value, by the entry's name.
type response struct {
	PID         int
	Generations map[string]int
}

func handler(ctx context.Context, _ struct{}) (response, error) {
	r := response{os.Getpid(), make(map[string]int)}
	for _, e := range texts {
		r.Generations[e.Name()] = guest.Generation(e.Value(ctx))
	}
	var err error
	r.Generations[model.Name()], err = guest.ReadGeneration(model.Value(ctx).Path())
	return r, err
}

func main() {
	guest.LogEvents()
	for _, e := range texts {
		entries = append(entries, e)
	}
	if os.Getenv(guest.ModeVariable) == "prefetch" {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		if err := lambdacache.Prefetch(ctx, entries...); err != nil {
			log.Print(err)
		}
		cancel()
	}
	lambda.Start(lambdacache.Wrap(handler, entries...))
}
