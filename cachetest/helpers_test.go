package cachetest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// start gives a fake to a parallel test.
func start(t *testing.T, opts ...cachetest.AWSOption) *cachetest.AWS {
	t.Helper()
	return cachetest.NewAWS(t, append(opts, cachetest.NoEnv())...)
}

// config points the SDK at the fake, without retries and with connections of its
// own.
func config(t *testing.T, fake *cachetest.AWS) aws.Config {
	t.Helper()
	transport := &http.Transport{}
	if pem := fake.CA(); pem != nil {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			t.Fatal("the CA is no PEM")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return aws.Config{
		Region:       cachetest.Region,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", "session"),
		BaseEndpoint: aws.String(fake.URL()),
		HTTPClient:   testlab.Whole{Client: &http.Client{Transport: transport}},
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },

		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
}

func ssmClient(t *testing.T, fake *cachetest.AWS) *ssm.Client {
	t.Helper()
	return ssm.NewFromConfig(config(t, fake))
}

func secretsClient(t *testing.T, fake *cachetest.AWS) *secretsmanager.Client {
	t.Helper()
	return secretsmanager.NewFromConfig(config(t, fake))
}

func s3Client(t *testing.T, fake *cachetest.AWS) *s3.Client {
	t.Helper()
	return s3.NewFromConfig(config(t, fake))
}

// code is the error code of a service, or the error itself.
func code(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return "not a service's error: " + err.Error()
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Fatalf("error code %q, want %q", got, want)
	}
}

func wantMessage(t *testing.T, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("no error of a service: %v", err)
	}
	if e.ErrorMessage() != want {
		t.Fatalf("message\n %q, want\n %q", e.ErrorMessage(), want)
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get reads one parameter's value.
func get(ctx context.Context, c *ssm.Client, name string) (string, error) {
	out, err := c.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", err
	}
	return *out.Parameter.Value, nil
}

// noErrorf is noError for goroutines.
func noErrorf(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// do sends a request of the test's own making.
func do(t *testing.T, r *http.Request) (status int, header http.Header, body string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	noError(t, err)
	defer func() { noError(t, resp.Body.Close()) }()
	b, err := io.ReadAll(resp.Body)
	noError(t, err)
	return resp.StatusCode, resp.Header, string(b)
}
