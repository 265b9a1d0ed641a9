package s3cache

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/cachetest"
)

func responseError(code int, name, value string) *smithyhttp.ResponseError {
	header := http.Header{}
	header.Set(name, value)
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code, Header: header}},
		Err:      errors.New(http.StatusText(code)),
	}
}

// scripted is a user's own client.
type scripted struct {
	text string
	last *s3.GetObjectInput
}

func (s *scripted) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	s.last = in
	if aws.ToString(in.IfNoneMatch) == s.text {
		return nil, responseError(304, "Etag", s.text)
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(s.text)), ETag: &s.text}, nil
}

func TestOwnClient(t *testing.T) {
	l := newLab(t)
	one, two := &scripted{text: "one"}, &scripted{text: "two"}
	a, b := Object[string]("s3://b/k", Client(one)), Object[string]("s3://b/k", Client(two), VersionID("v"))
	want(t, "one", get(t, a), "one")
	want(t, "two", get(t, b), "two")
	want(t, "version", aws.ToString(two.last.VersionId), "v")
	if one.last.VersionId != nil || one.last.IfNoneMatch != nil || one.last.Range != nil {
		t.Errorf("%+v", one.last)
	}
	l.pass()
	want(t, "unchanged", get(t, a), "one")
	want(t, "condition", aws.ToString(one.last.IfNoneMatch), "one")
	want(t, "calls of the fake", l.Calls(""), 0)
}

// An answer of "unchanged" to who holds nothing is an error, not a value.
func TestUnchangedWithoutCondition(t *testing.T) {
	newLab(t)
	fails(t, Object[string]("s3://b/k", Client(&scripted{text: ""})), "Not Modified")
}

func TestEntriesWithOneClientShareLoads(t *testing.T) {
	newLab(t)
	c := &scripted{text: "x"}
	a, b := Object[string]("s3://b/k", Client(c)), Object[[]byte]("s3://b/k", Client(c))
	get(t, a)
	get(t, b)
	c.last = nil
	runtime.GC()
	want(t, "through an entry declared later", get(t, Object[string]("s3://b/k", Client(c))), "x")
	if c.last == nil {
		t.Error("no body for the new entry")
	}
	c.last = nil
	want(t, "the first", get(t, a), "x")
	if c.last != nil {
		t.Error("the first loaded on its own")
	}
	runtime.KeepAlive(b)
}

type uncomparable struct{ list []string }

func (uncomparable) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return nil, errors.ErrUnsupported
}

func TestUnusableClients(t *testing.T) {
	for text, c := range map[string]API{
		"lambdacache: s3cache.Client was given nil":                                                nil,
		"lambdacache: s3cache.Client was given nil: give it a client, or leave":                    (*s3.Client)(nil),
		"lambdacache: s3cache.Client was given a client that cannot be compared with others: give": uncomparable{list: []string{"x"}},
	} {
		if got := panicOf(t, func() { Client(c) }); !strings.HasPrefix(got, text) {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
}

// Without a Region there is no client; each load says so, and the first one after
// there is a Region succeeds.
func TestConfigurationFails(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("x"))
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	e := Object[string]("s3://b/k")
	for range 2 {
		fails(t, e, "Region", "AWS_REGION")
	}
	t.Setenv("AWS_REGION", cachetest.Region)
	want(t, "value", get(t, e), "x")
}

func TestConfigurationAfterTheFirstClient(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("x"))
	want(t, "value", get(t, Object[string]("s3://b/k")), "x")
	if err := awsconfig.Use(aws.Config{Region: "eu-west-1", Credentials: aws.AnonymousCredentials{}}); err == nil || !strings.Contains(err.Error(), "s3cache") {
		t.Error("Use after the first client:", err)
	}
}

func TestDefaultClientOptions(t *testing.T) {
	for endpoint, pathStyle := range map[string]bool{
		"":                                   false,
		"http://127.0.0.1:4566":              true,
		"http://[::1]:4566":                  true,
		"http://localhost:9000":              true,
		"https://s3.localhost":               true,
		"https://s3.eu-west-1.amazonaws.com": false,
		"https://minio.example":              false,
		"://":                                false,
	} {
		var o s3.Options
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		tune(&o)
		want(t, endpoint, o.UsePathStyle, pathStyle)
		want(t, "log", o.DisableLogOutputChecksumValidationSkipped, true)
	}
}

// The endpoint of the environment reaches the default client, which then knows that
// "localhost" has no bucket in front.
func TestPathStyleOnLocalhost(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "dir/k", []byte("x"))
	t.Setenv("AWS_ENDPOINT_URL", strings.Replace(l.URL(), "127.0.0.1", "localhost", 1))
	want(t, "value", get(t, Object[string]("s3://b/dir/k")), "x")
	want(t, "calls", l.CallsFor("GetObject", "b/dir/k"), 1)
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eu-west-1": "aws", "": "aws"} {
		if got := partition(s3.New(s3.Options{Region: region})); got != want {
			t.Errorf("%s: %s", region, got)
		}
	}
	want(t, "unknown", partition(&scripted{}), "aws")
}

// The loads of S3 have no time limit but the client's and the user's.
func TestLoadTimeout(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "slow", nil)
	gate := l.Hold("GetObject")
	e := Object[string]("s3://b/slow", lambdacache.LoadTimeout(1))
	fails(t, e, "lambdacache.LoadTimeout")
	gate.Release()
}
