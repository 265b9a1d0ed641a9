package cachetest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// read takes a GetObject to its end.
func read(out *s3.GetObjectOutput, err error) (string, error) {
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(out.Body)
	return string(b), errors.Join(err, out.Body.Close())
}

func object(bucket, key string) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: &bucket, Key: &key}
}

func wantStatus(t *testing.T, err error, want int) {
	t.Helper()
	e, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok {
		t.Fatalf("no answer with status %d: %v", want, err)
	}
	if e.HTTPStatusCode() != want {
		t.Fatalf("status %d, want %d", e.HTTPStatusCode(), want)
	}
}

func TestGetObject(t *testing.T) {
	t.Parallel()
	fake := start(t)
	body := []byte("the body")
	v := fake.S3.PutWithHeader("b", "a/long key+ü", http.Header{"content-type": {"text/plain"}, "Content-Encoding": {"gzip"}}, body)
	body[0] = 'X' // the fake has a copy
	c := s3Client(t, fake)
	out, err := c.GetObject(t.Context(), object("b", "a/long key+ü"))
	noError(t, err)
	got, err := read(out, nil)
	noError(t, err)
	want(t, "body", got, "the body")
	want(t, "ETag", *out.ETag, v.ETag)
	want(t, "ETag in Go", fake.S3.ETag("b", "a/long key+ü"), v.ETag)
	want(t, "length", *out.ContentLength, 8)
	want(t, "type", *out.ContentType, "text/plain")
	want(t, "encoding", *out.ContentEncoding, "gzip")
	want(t, "key", fake.CallsFor("GetObject", "b/a/long key+ü"), 1)
	if out.LastModified == nil || out.VersionId != nil {
		t.Errorf("modified %v, version %v", out.LastModified, out.VersionId)
	}

	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("a/long key+ü")})
	noError(t, err)
	want(t, "length by HEAD", *head.ContentLength, 8)
	want(t, "ETag by HEAD", *head.ETag, v.ETag)

	fake.S3.Put("b", "empty", nil)
	got, err = read(c.GetObject(t.Context(), object("b", "empty")))
	noError(t, err)
	want(t, "empty body", got, "")
}

func TestConditionalGets(t *testing.T) {
	t.Parallel()
	fake := start(t)
	old := fake.S3.Put("b", "k", []byte("one")).ETag
	c := s3Client(t, fake)
	get := func(match, noneMatch string) (string, error) {
		in := object("b", "k")
		if match != "" {
			in.IfMatch = &match
		}
		if noneMatch != "" {
			in.IfNoneMatch = &noneMatch
		}
		return read(c.GetObject(t.Context(), in))
	}
	_, err := get("", old)
	wantStatus(t, err, 304)
	_, err = get("", "*")
	wantStatus(t, err, 304)
	_, err = get("", strings.Trim(old, `"`))
	wantStatus(t, err, 304)
	_, err = c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), IfNoneMatch: &old})
	wantStatus(t, err, 304)
	got, err := get(old, "")
	noError(t, err)
	want(t, "body", got, "one")

	head := &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), IfModifiedSince: aws.Time(time.Now().Add(time.Hour))}
	_, err = c.HeadObject(t.Context(), head)
	wantStatus(t, err, 304)
	head.IfModifiedSince, head.IfUnmodifiedSince = nil, aws.Time(time.Unix(0, 0))
	_, err = c.HeadObject(t.Context(), head)
	wantStatus(t, err, 412)

	fake.S3.Put("b", "k", []byte("two"))
	got, err = get("", old)
	noError(t, err)
	want(t, "body", got, "two")
	_, err = get(old, "")
	wantStatus(t, err, 412)
	wantCode(t, err, "PreconditionFailed")
}

func TestRanges(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.Put("b", "k", []byte("0123456789"))
	fake.S3.Put("b", "empty", nil)
	c := s3Client(t, fake)
	for spec, expected := range map[string][2]string{
		"bytes=0-3":     {"0123", "bytes 0-3/10"},
		"bytes=7-":      {"789", "bytes 7-9/10"},
		"bytes=-2":      {"89", "bytes 8-9/10"},
		"bytes=-20":     {"0123456789", "bytes 0-9/10"},
		"bytes=8-99":    {"89", "bytes 8-9/10"},
		"bytes=0-1,3-4": {"0123456789", ""}, // several: the whole
		"bytes=3-1":     {"0123456789", ""}, // unreadable: the whole
		"lines=1-2":     {"0123456789", ""},
	} {
		in := object("b", "k")
		in.Range = &spec
		out, err := c.GetObject(t.Context(), in)
		noError(t, err)
		got, err := read(out, nil)
		noError(t, err)
		if got != expected[0] || aws.ToString(out.ContentRange) != expected[1] {
			t.Errorf("%s: %q, %q", spec, got, aws.ToString(out.ContentRange))
		}
	}
	for key, spec := range map[string]string{"k": "bytes=10-", "empty": "bytes=0-"} {
		in := object("b", key)
		in.Range = &spec
		_, err := c.GetObject(t.Context(), in)
		wantStatus(t, err, 416)
		wantCode(t, err, "InvalidRange")
	}
	in := object("b", "k")
	in.PartNumber = aws.Int32(1)
	got, err := read(c.GetObject(t.Context(), in))
	noError(t, err)
	want(t, "part 1 of one", got, "0123456789")
	in.PartNumber = aws.Int32(2)
	_, err = c.GetObject(t.Context(), in)
	wantStatus(t, err, 416)
}

func TestMissingObjects(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.CreateBucket("b")
	c := s3Client(t, fake)
	_, err := c.GetObject(t.Context(), object("b", "nil"))
	if _, ok := errors.AsType[*types.NoSuchKey](err); !ok {
		t.Errorf("missing key: %v", err)
	}
	_, err = c.GetObject(t.Context(), object("nil", "k"))
	wantCode(t, err, "NoSuchBucket")
	_, err = c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("nil")})
	wantStatus(t, err, 404)

	fake.Deny("s3:ListBucket", "b")
	_, err = c.GetObject(t.Context(), object("b", "nil"))
	wantStatus(t, err, 403)
	wantCode(t, err, "AccessDenied")
	fake.S3.Put("b", "k", []byte("x"))
	_, err = read(c.GetObject(t.Context(), object("b", "k")))
	noError(t, err) // what is there may be read without listing
	fake.Deny("s3:GetObject", "b/k")
	_, err = c.GetObject(t.Context(), object("b", "k"))
	wantMessage(t, err, `User: arn:aws:sts::123456789012:assumed-role/fn/fn is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action`)
}

func TestChecksums(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.Put("b", "k", []byte("123456789"))
	c := s3Client(t, fake)
	out, err := c.GetObject(t.Context(), object("b", "k"))
	noError(t, err)
	want(t, "CRC-64/NVME", aws.ToString(out.ChecksumCRC64NVME), "rosUhgp5mIg=") // the catalogue's check value ae8b14860a799888
	_, err = read(out, nil)
	noError(t, err)

	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("b"), Key: aws.String("sum"), Body: strings.NewReader("123456789"), ChecksumAlgorithm: algorithm,
		})
		noError(t, err)
		out, err := c.GetObject(t.Context(), object("b", "sum"))
		noError(t, err)
		sums := map[types.ChecksumAlgorithm]*string{
			"CRC32": out.ChecksumCRC32, "CRC32C": out.ChecksumCRC32C, "CRC64NVME": out.ChecksumCRC64NVME,
			"SHA1": out.ChecksumSHA1, "SHA256": out.ChecksumSHA256,
		}
		if sums[algorithm] == nil {
			t.Errorf("%s: written with it, read without it", algorithm)
		}
		_, err = read(out, nil) // the SDK verifies it
		noError(t, err)
		fake.Fail(cachetest.Fault{Operation: "GetObject", Times: 1, Do: cachetest.CorruptBody(4)})
		got, err := read(c.GetObject(t.Context(), object("b", "sum")))
		if err == nil || len(got) != 9 {
			t.Errorf("%s: a corrupt body was read without an error: %q", algorithm, got)
		}
	}
}

// The SDK chooses path style for an endpoint with an IP address, and puts the
// bucket before any other host.
func TestVirtualHostStyle(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.Put("my-bucket", "a/b", []byte("x"))
	addr := strings.TrimPrefix(fake.URL(), "http://")
	_, port, err := net.SplitHostPort(addr)
	noError(t, err)
	for _, endpoint := range []string{"http://localhost:" + port, "http://s3.us-east-1.amazonaws.com"} {
		cfg := config(t, fake)
		cfg.BaseEndpoint = &endpoint
		var hosts []string
		transport := &http.Transport{DialContext: func(ctx context.Context, network, host string) (net.Conn, error) {
			hosts = append(hosts, host)
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}}
		defer transport.CloseIdleConnections()
		cfg.HTTPClient = &http.Client{Transport: transport}
		got, err := read(s3.NewFromConfig(cfg).GetObject(t.Context(), object("my-bucket", "a/b")))
		noError(t, err)
		want(t, "body", got, "x")
		if len(hosts) != 1 || !strings.HasPrefix(hosts[0], "my-bucket.") {
			t.Errorf("not the virtual-host style: %v", hosts)
		}
	}
	want(t, "calls", fake.CallsFor("GetObject", "my-bucket/a/b"), 2)
}
