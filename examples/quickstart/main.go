// Quickstart is the whole of a function that reads its configuration from Parameter
// Store, Secrets Manager and S3.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// DB is the JSON of the secret prod/db.
type DB struct {
	Host     string                       `json:"host"`
	User     string                       `json:"user"`
	Password lambdacache.Redacted[string] `json:"password"`
}

var (
	apiKey = ssmcache.Parameter[string]("/production/app/var") // max age 60 s
	hosts  = ssmcache.Parameter[[]string]("/production/app/hosts", lambdacache.MaxAge(5*time.Minute))
	db     = secretcache.Secret[DB]("prod/db")                                    // JSON secret, decoded once per load
	model  = s3cache.File("s3://models/fraud.bin", lambdacache.MaxAge(time.Hour)) // ETag-checked
)

// Event asks a question.
type Event struct {
	Question string `json:"question"`
}

// Response answers it, and shows what it was answered with. None of it is secret
// here; a function of yours would not show the key.
type Response struct {
	Answer string   `json:"answer"`
	Key    string   `json:"key"`
	Hosts  []string `json:"hosts"`
	DBHost string   `json:"dbHost"`
	Model  int      `json:"modelBytes"`
}

func handler(ctx context.Context, e Event) (Response, error) {
	weights, err := os.ReadFile(model.Value(ctx).Path())
	if err != nil {
		return Response{}, err
	}
	return Response{
		Answer: "you asked: " + e.Question,
		Key:    apiKey.Value(ctx),
		Hosts:  hosts.Value(ctx),
		DBHost: db.Value(ctx).Host,
		Model:  len(weights),
	}, nil
}

func main() { lambda.Start(lambdacache.Wrap(handler, apiKey, hosts, db, model)) }
