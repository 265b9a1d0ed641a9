// Plain gives the same answers as examples/quickstart without a cache: each invocation
// asks AWS for everything, one call after the other. The demo compares the two. The
// clients are those that the cache's sources use, so that the cache is all they differ by.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache/awsconfig"
)

// Event asks a question.
type Event struct {
	Question string `json:"question"`
}

// Response answers it.
type Response struct {
	Answer string   `json:"answer"`
	Key    string   `json:"key"`
	Hosts  []string `json:"hosts"`
	DBHost string   `json:"dbHost"`
	Model  int      `json:"modelBytes"`
}

type function struct {
	ssm     *ssm.Client
	secrets *secretsmanager.Client
	s3      *s3.Client
}

func (f *function) handle(ctx context.Context, e Event) (Response, error) {
	key, err := f.parameter(ctx, "/production/app/var")
	if err != nil {
		return Response{}, err
	}
	hosts, err := f.parameter(ctx, "/production/app/hosts")
	if err != nil {
		return Response{}, err
	}
	host, err := f.dbHost(ctx)
	if err != nil {
		return Response{}, err
	}
	weights, err := f.model(ctx)
	if err != nil {
		return Response{}, err
	}
	return Response{
		Answer: "you asked: " + e.Question,
		Key:    key,
		Hosts:  strings.Split(hosts, ","),
		DBHost: host,
		Model:  len(weights),
	}, nil
}

func (f *function) parameter(ctx context.Context, name string) (string, error) {
	out, err := f.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Parameter.Value), nil
}

func (f *function) dbHost(ctx context.Context) (string, error) {
	out, err := f.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/db")})
	if err != nil {
		return "", err
	}
	var db struct{ Host string }
	err = json.Unmarshal([]byte(aws.ToString(out.SecretString)), &db)
	return db.Host, err
}

func (f *function) model(ctx context.Context) ([]byte, error) {
	out, err := f.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("models"), Key: aws.String("fraud.bin")})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func main() {
	cfg, err := awsconfig.Default("plain")
	if err != nil {
		log.Fatal(err)
	}
	streaming, err := awsconfig.Streaming("plain")
	if err != nil {
		log.Fatal(err)
	}
	f := &function{
		ssm:     ssm.NewFromConfig(cfg),
		secrets: secretsmanager.NewFromConfig(cfg),
		s3:      s3.NewFromConfig(streaming),
	}
	lambda.Start(f.handle)
}
