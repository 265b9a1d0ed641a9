// File is a function with one object as a file.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

var model = s3cache.File("s3://app-models/model.bin", guest.MaxAge())

type response struct {
	Generation int
	Path       string
}

func handler(ctx context.Context, _ struct{}) (response, error) {
	path := model.Value(ctx).Path()
	generation, err := guest.ReadGeneration(path)
	return response{generation, path}, err
}

func main() {
	guest.LogEvents()
	lambda.Start(lambdacache.Wrap(handler, model))
}
