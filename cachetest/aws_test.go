package cachetest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache/cachetest"
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
		HTTPClient:   &http.Client{Transport: transport},
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

func TestNewAWSSetsTheEnvironmentForTheTest(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_SSM", "http://elsewhere")
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Run("during", func(t *testing.T) {
		fake := cachetest.NewAWS(t)
		want(t, "endpoint", os.Getenv("AWS_ENDPOINT_URL"), fake.URL())
		want(t, "Region", os.Getenv("AWS_REGION"), cachetest.Region)
		want(t, "session token", os.Getenv("AWS_SESSION_TOKEN"), "test")
		if _, set := os.LookupEnv("AWS_ENDPOINT_URL_SSM"); set {
			t.Error("an endpoint for one service is still set")
		}
		for _, kv := range fake.Env() {
			if !slices.Contains(os.Environ(), kv) {
				t.Errorf("not in the environment: %s", kv)
			}
		}
	})
	want(t, "endpoint of SSM afterwards", os.Getenv("AWS_ENDPOINT_URL_SSM"), "http://elsewhere")
	want(t, "Region afterwards", os.Getenv("AWS_REGION"), "eu-central-1")
	if _, set := os.LookupEnv("AWS_ENDPOINT_URL"); set {
		t.Error("the endpoint is still set afterwards")
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	fake := start(t, cachetest.TLS())
	fake.SSM.Put("/app/key", "v1")
	got, err := get(t.Context(), ssmClient(t, fake), "/app/key")
	noError(t, err)
	want(t, "value", got, "v1")

	env := fake.Env()
	i := slices.IndexFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "AWS_CA_BUNDLE=") })
	if i < 0 {
		t.Fatal("the environment names no CA bundle")
	}
	file := strings.TrimPrefix(env[i], "AWS_CA_BUNDLE=")
	pem, err := os.ReadFile(file)
	noError(t, err)
	want(t, "CA bundle", string(pem), string(fake.CA()))
	fake.Close()
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the CA bundle is still there after Close: %v", err)
	}
}

func TestListenOnAGivenAddress(t *testing.T) {
	t.Parallel()
	first, err := cachetest.StartAWS()
	noError(t, err)
	addr := strings.TrimPrefix(first.URL(), "http://")
	if _, err := cachetest.StartAWS(cachetest.Listen(addr)); err == nil {
		t.Fatal("two fakes on one address")
	}
	first.Close()
	second, err := cachetest.StartAWS(cachetest.Listen(addr))
	noError(t, err)
	defer second.Close()
	want(t, "URL", second.URL(), "http://"+addr)
}

func TestCallsAreCountedByOperationAndKey(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	fake.SSM.Put("/b", "2")
	c := ssmClient(t, fake)
	_, err := c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/a:1", "/b"}})
	noError(t, err)
	_, err = c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"arn:aws:ssm:us-east-1:123456789012:parameter/b/c"}})
	noError(t, err)
	_, err = get(t.Context(), c, "/missing")
	wantCode(t, err, "ParameterNotFound")

	want(t, "GetParameters", fake.Calls("GetParameters"), 2)
	want(t, "GetParameter", fake.Calls("GetParameter"), 1)
	want(t, "all", fake.Calls(""), 3)
	want(t, "/a by name", fake.CallsFor("GetParameters", "/a"), 1)
	want(t, "/a:1 as asked", fake.CallsFor("GetParameters", "/a:1"), 1)
	want(t, "/a:2", fake.CallsFor("GetParameters", "/a:2"), 0)
	want(t, "/b/c by its ARN", fake.CallsFor("GetParameters", "/b/c"), 1)
	want(t, "/missing by any operation", fake.CallsFor("", "/missing"), 1)

	fake.ResetCounts()
	want(t, "all after the reset", fake.Calls(""), 0)
	want(t, "connections after the reset", fake.Connections(), 0)
	_, err = get(t.Context(), c, "/a")
	noError(t, err)
	want(t, "all since the reset", fake.Calls(""), 1)
}

// A connection counts when it is made. The SDK's default client now and then loses one
// that it could keep, so this asks without it.
func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	fake := start(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	ask := func() {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fake.URL(), http.NoBody)
		noError(t, err)
		resp, err := transport.RoundTrip(req)
		noError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		noError(t, err)
		noError(t, resp.Body.Close())
	}
	ask()
	ask()
	want(t, "connections", fake.Connections(), 1)
	fake.ResetCounts()
	ask()
	want(t, "new connections since the reset", fake.Connections(), 0)
	transport.CloseIdleConnections()
	ask()
	want(t, "new connections since they were closed", fake.Connections(), 1)
}

func TestMisspeltNamesPanic(t *testing.T) {
	t.Parallel()
	fake := start(t)
	for what, f := range map[string]func(){
		"Calls":         func() { fake.Calls("GetParamters") },
		"Fail":          func() { fake.Fail(cachetest.Fault{Operation: "GetSecret", Do: cachetest.DropConnection()}) },
		"Fail with nil": func() { fake.Fail(cachetest.Fault{}) },
		"Deny":          func() { fake.Deny("s3:HeadObject", "") },
		"Hold":          func() { fake.Hold("Get") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s accepted what the fake does not have", what)
				}
			}()
			f()
		}()
	}
}

func TestRequestsTellWhatCameWhen(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.PutSecure("/app/key", "hunter2")
	c := ssmClient(t, fake)
	for range 2 {
		_, err := get(t.Context(), c, "/app/key")
		noError(t, err)
	}
	got := fake.Requests()
	want(t, "requests", len(got), 2)
	first, second := got[0], got[1]
	want(t, "service", first.Service, "ssm")
	want(t, "operation", first.Operation, "GetParameter")
	want(t, "key", strings.Join(first.Keys, " "), "/app/key")
	want(t, "Region", first.Region, cachetest.Region)
	want(t, "access key", first.AccessKey, "test")
	want(t, "status", first.Status, 200)
	want(t, "connections", fake.Connections(), 1)
	want(t, "connection of the first", first.Connection, 1)
	want(t, "connection of the second", second.Connection, 1)
	want(t, "most at once", fake.MaxConcurrent(), 1)
	if !(first.Started < first.Ended && first.Ended < second.Started && second.Started < second.Ended) {
		t.Errorf("moments out of order: %d-%d, %d-%d", first.Started, first.Ended, second.Started, second.Ended)
	}
	if first.Header.Get("Authorization") != "" || first.Header.Get("X-Amz-Security-Token") != "" {
		t.Error("the log holds credentials")
	}
}

func TestConcurrencyIsMeasured(t *testing.T) {
	t.Parallel()
	const n = 8
	fake := start(t)
	fake.SSM.Put("/a", "1")
	gate := fake.Hold("GetParameter")
	c := ssmClient(t, fake)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if got, err := get(t.Context(), c, "/a"); err != nil || got != "1" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	gate.Wait(n)
	want(t, "waiting", gate.Waiting(), n)
	gate.Release()
	wg.Wait()
	want(t, "most at once", fake.MaxConcurrent(), n)
	want(t, "connections", fake.Connections(), n)
	for _, q := range fake.Requests() {
		for _, o := range fake.Requests() {
			if q.Ended < o.Started {
				t.Fatal("two requests that waited together do not overlap")
			}
		}
	}
}

// TestEverythingAtOnce is for the race detector.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "0")
	fake.Secrets.PutString("s", "0")
	fake.S3.Put("b", "k", []byte("0"))
	params, secrets, objects := ssmClient(t, fake), secretsClient(t, fake), s3Client(t, fake)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				_, err := params.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/a"}})
				noErrorf(t, err)
				_, err = secrets.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"s"}})
				noErrorf(t, err)
				_, err = secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("s")})
				noErrorf(t, err)
				_, err = read(objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}))
				noErrorf(t, err)
			}
		})
		wg.Go(func() {
			for range 25 {
				fake.SSM.Label("/a", fake.SSM.Put("/a", "1"), "live")
				fake.Secrets.Stage("s", "MINE", fake.Secrets.PutString("s", "1"))
				fake.S3.Put("b", "k", []byte("1"))
				fake.Deny("ssm:GetParameter", "/a")
				fake.Allow("ssm:GetParameter", "/a")
				fake.Fail(cachetest.Fault{Operation: "HeadObject", Do: cachetest.Throttle()})()
				_, _, _ = fake.Requests(), fake.Connections(), fake.MaxConcurrent()
				fake.ResetCounts()
			}
		})
	}
	wg.Wait()
}

// noErrorf is noError for goroutines.
func noErrorf(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestUnsignedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	r, err := http.NewRequestWithContext(t.Context(), "POST", fake.URL(), strings.NewReader(`{"Name":"/a"}`))
	noError(t, err)
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
	status, header, body := do(t, r)
	want(t, "status", status, 403)
	want(t, "content type", header.Get("Content-Type"), "application/x-amz-json-1.1")
	if !strings.Contains(body, `"MissingAuthenticationToken"`) {
		t.Errorf("body %s", body)
	}
}

func TestUnknownOperationsAreNamed(t *testing.T) {
	t.Parallel()
	fake := start(t)
	_, err := ssmClient(t, fake).DescribeParameters(t.Context(), &ssm.DescribeParametersInput{})
	wantCode(t, err, "UnknownOperationException")
	wantMessage(t, err, "the fake AWS of cachetest has no operation DescribeParameters")
	_, err = secretsClient(t, fake).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	wantMessage(t, err, "the fake AWS of cachetest has no operation ListSecrets")
	_, err = s3Client(t, fake).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("b")})
	wantCode(t, err, "UnknownOperationException")
	wantMessage(t, err, "the fake AWS of cachetest has no operation S3 GET ?list-type on a bucket")

	r, err := http.NewRequestWithContext(t.Context(), "POST", fake.URL(), strings.NewReader(`{}`))
	noError(t, err)
	r.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/us-east-1/d/aws4_request, Signature=x")
	_, _, body := do(t, r)
	if !strings.Contains(body, "Kinesis_20131202.ListStreams") {
		t.Errorf("body %s", body)
	}
}

func TestUnreadableBodyIsNotQuoted(t *testing.T) {
	t.Parallel()
	fake := start(t)
	r, err := http.NewRequestWithContext(t.Context(), "POST", fake.URL(), strings.NewReader(`{"Name": hunter2`))
	noError(t, err)
	r.Header.Set("X-Amz-Target", "AmazonSSM.PutParameter")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/us-east-1/d/aws4_request, Signature=x")
	status, header, body := do(t, r)
	want(t, "status", status, 400)
	if !strings.Contains(body, "SerializationException") || strings.Contains(body, "hunter2") {
		t.Errorf("body %s", body)
	}
	if header.Get("X-Amzn-Requestid") == "" {
		t.Error("no request id")
	}
}

func TestIdleConnectionsCanBeClosed(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	conn := dialed(t, fake)
	status, _ := roundTrip(t, conn, getParameter(fake, "/a"))
	want(t, "status", status, 200)
	fake.WaitIdle()
	ended := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	for { // the server takes a moment to call the connection idle
		fake.CloseIdle()
		select {
		case err := <-ended:
			want(t, "end of the connection", err, io.EOF)
			return
		default:
			runtime.Gosched()
		}
	}
}

func TestCloseEndsWhatIsHeld(t *testing.T) { // not parallel: it looks at all goroutines
	fake, err := cachetest.StartAWS()
	noError(t, err)
	fake.SSM.Put("/a", "1")
	gate := fake.Hold("GetParameter")
	fake.Fail(cachetest.Fault{Operation: "GetParameters", Do: cachetest.Hang()})
	c := ssmClient(t, fake)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := get(t.Context(), c, "/a"); err == nil {
			t.Error("a held request was answered")
		}
	})
	wg.Go(func() {
		if _, err := c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/a"}}); err == nil {
			t.Error("a hanging request was answered")
		}
	})
	gate.Wait(1)
	fake.Close()
	wg.Wait()
	want(t, "waiting after Close", gate.Waiting(), 0)
	fake.Close() // again
	patience := time.Now().Add(20 * time.Second)
	for stacks := ""; ; runtime.Gosched() {
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "net/http.(*conn).serve") && !strings.Contains(stacks, "net/http.(*Server).Serve") {
			return
		}
		if time.Now().After(patience) {
			t.Fatalf("goroutines of the fake after Close:\n%s", stacks)
		}
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
