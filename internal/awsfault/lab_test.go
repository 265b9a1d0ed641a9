package awsfault

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// answer is what the server says to every request.
type answer struct {
	status int
	code   string // JSON services: __type; S3: Code
	text   string
	raw    string // the whole body instead
}

func (a answer) json(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-Requestid", "req-1")
	w.WriteHeader(a.status)
	if a.raw != "" || a.code == "" {
		io.WriteString(w, a.raw)
		return
	}
	io.WriteString(w, `{"__type":"`+a.code+`","message":"`+a.text+`"}`)
}

func (a answer) xml(w http.ResponseWriter) {
	w.Header().Set("X-Amz-Request-Id", "req-1")
	w.WriteHeader(a.status)
	if a.raw != "" || a.code == "" {
		io.WriteString(w, a.raw)
		return
	}
	io.WriteString(w, `<Error><Code>`+a.code+`</Code><Message>`+a.text+`</Message></Error>`)
}

// config talks to url, at once and without waiting between attempts.
func config(url string, attempts int) aws.Config {
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: &url,
		HTTPClient:   testlab.Whole{Client: awshttp.NewBuildableClient()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

func getParameters(cfg aws.Config) error {
	_, err := ssm.NewFromConfig(cfg).GetParameters(context.Background(), &ssm.GetParametersInput{Names: []string{"/a"}})
	return err
}

func getParameter(cfg aws.Config) error {
	_, err := ssm.NewFromConfig(cfg).GetParameter(context.Background(), &ssm.GetParameterInput{Name: aws.String("/a")})
	return err
}

func getSecret(cfg aws.Config) error {
	_, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(context.Background(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("db")})
	return err
}

func s3Client(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func getObject(cfg aws.Config) error {
	_, err := s3Client(cfg).GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	return err
}

func headObject(cfg aws.Config) error {
	_, err := s3Client(cfg).HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	return err
}

const parameterARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/a"

var parameterDenial = Denial{Action: "ssm:GetParameters", Resource: parameterARN}

// holdsNoResponse looks at every error of the chain.
func holdsNoResponse(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		t.Error("a DeserializationError can be reached: it holds and quotes the response")
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "hunter") || strings.Contains(e.Error(), "invalid character") {
			t.Errorf("quotes the response: %s", e)
		}
	}
}

// hang never answers. The server notices that the client has left only once the
// request is read.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// serve answers every request alike and returns the server's URL.
func serve(t *testing.T, a answer) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { a.json(w) }))
	t.Cleanup(server.Close)
	return server.URL
}
