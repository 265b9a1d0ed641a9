package cachetest_test

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// An entry of a package variable has nothing from one test in the next.
func TestNewAWSResetsTheProcess(t *testing.T) {
	loads := 0
	e := lambdacache.New("e", func(context.Context) (int, error) { loads++; return loads, nil })
	f := lambdacache.NewFamily("f", func(context.Context, string) (int, error) { loads++; return loads, nil })
	both := func() {
		t.Helper()
		if _, err := e.Get(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := f.Get(t.Context(), "k"); err != nil {
			t.Error(err)
		}
	}
	both()
	t.Run("beside", func(t *testing.T) { cachetest.NewAWS(t, cachetest.NoEnv()); both() })
	want(t, "loads", loads, 2)
	t.Run("during", func(t *testing.T) { cachetest.NewAWS(t); both(); both() })
	want(t, "loads", loads, 4)
	both()
	want(t, "loads after the test", loads, 6)
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
