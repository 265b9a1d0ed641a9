package errorsdoc_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/s3cache"
)

func file(uri string) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[*s3cache.LocalFile] { return s3cache.File(uri, o...) })
	}
}

func object[T any](uri string) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[T] { return s3cache.Object[T](uri, o...) })
	}
}

func putsObject(bucket, key, body string) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) { aws.S3.Put(bucket, key, []byte(body)) }
}

// replaced puts a new version, whose body comes in the given way.
func replaced(bucket, key, body string, do cachetest.Effect) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) {
		aws.S3.Put(bucket, key, []byte(body))
		aws.Fail(cachetest.Fault{Operation: "GetObject", Do: do})
	}
}

// replacedInParts puts a version that is large enough to come in parts, which come in the
// given way, but for the last byte.
func replacedInParts(bucket, key string, do cachetest.Effect) func(*cachetest.AWS) {
	body := strings.Repeat(badValue, 16<<20/len(badValue)+1)
	last := fmt.Sprintf("bytes=%d-%[1]d", len(body)-1)
	return func(aws *cachetest.AWS) {
		aws.S3.Put(bucket, key, []byte(body))
		aws.Fail(cachetest.Fault{Do: do, Match: func(q cachetest.Request) bool {
			asked := q.Header.Get("Range")
			return asked != "" && asked != last
		}})
	}
}

// wholeObject answers a request for a part with all of the object.
func wholeObject(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		next.ServeHTTP(w, r)
	})
}

func deleteBucket(fake *cachetest.AWS, name string) {
	client := s3.New(s3.Options{
		Region: cachetest.Region, BaseEndpoint: aws.String(fake.URL()), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	if _, err := client.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: &name}); err != nil {
		panic(err)
	}
}

// elsewhere is the answer to who asks in another Region than the bucket's.
func elsewhere(next http.Handler) http.Handler {
	moved := cachetest.Error(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.")(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Bucket-Region", "eu-west-1")
		moved.ServeHTTP(w, r)
	})
}

func objects() []loading {
	fewAttempts := func(t *testing.T) { t.Setenv("AWS_MAX_ATTEMPTS", "2") } // or the test takes as long as a user waits
	realLimits := func(t *testing.T) { fewAttempts(t); t.Cleanup(testhook.Patience(1)) }
	body := strings.Repeat(badValue, 1000)
	return []loading{
		{
			heading: "An object that does not exist",
			declare: file("s3://models/missing.bin"),
			good:    putsObject("models", "missing.bin", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.S3.Delete("models", "missing.bin") },
			code:    "NoSuchKey",
		},
		{
			heading: "An object that does not exist, where the bucket may not be listed",
			declare: file("s3://models/hidden.bin"),
			good:    putsObject("models", "hidden.bin", goodValue),
			bad: func(aws *cachetest.AWS) {
				aws.Deny("s3:ListBucket", "models")
				aws.S3.Delete("models", "hidden.bin")
			},
			code: "AccessDenied",
		},
		{
			heading: "An object that may not be read",
			declare: file("s3://models/denied.bin"),
			good:    putsObject("models", "denied.bin", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.Deny("s3:GetObject", "models/denied.bin") },
			code:    "AccessDenied",
		},
		{
			heading: "A bucket that does not exist",
			declare: file("s3://no-such-bucket/fraud.bin"),
			good:    putsObject("no-such-bucket", "fraud.bin", goodValue),
			bad: func(aws *cachetest.AWS) {
				aws.S3.Delete("no-such-bucket", "fraud.bin")
				deleteBucket(aws, "no-such-bucket")
			},
			code: "NoSuchBucket",
		},
		{
			heading: "A bucket in another Region",
			declare: file("s3://far-away/fraud.bin"),
			good:    putsObject("far-away", "fraud.bin", goodValue),
			bad:     fails(elsewhere),
			code:    "PermanentRedirect",
		},
		{
			heading: "An object of 0 bytes where JSON is wanted",
			declare: object[db]("s3://config/empty.json"),
			good:    putsObject("config", "empty.json", `{"User":"`+goodValue+`","Port":1}`),
			bad:     putsObject("config", "empty.json", ""),
		},
		{
			heading: "A download that breaks off",
			declare: file("s3://models/broken.bin"),
			good:    putsObject("models", "broken.bin", goodValue),
			bad:     replaced("models", "broken.bin", body, cachetest.TruncateBody(7000)),
			values:  []string{badValue},
		},
		{
			heading: "A download that was changed on the way",
			declare: file("s3://models/changed.bin"),
			good:    putsObject("models", "changed.bin", goodValue),
			bad:     replaced("models", "changed.bin", body, cachetest.CorruptBody(7000)),
			values:  []string{badValue},
		},
		{
			heading: "A large download of which a part breaks off",
			setup:   fewAttempts,
			declare: file("s3://models/large.bin"),
			good:    putsObject("models", "large.bin", goodValue),
			bad:     replacedInParts("models", "large.bin", cachetest.TruncateBody(7000)),
			values:  []string{badValue},
		},
		{
			heading: "A large download of which other parts come than were asked for",
			declare: file("s3://models/parts.bin"),
			good:    putsObject("models", "parts.bin", goodValue),
			bad:     replacedInParts("models", "parts.bin", wholeObject),
			values:  []string{badValue},
		},
		{
			heading: "S3 that does not answer",
			setup:   realLimits,
			declare: file("s3://models/hanging.bin"),
			good:    putsObject("models", "hanging.bin", goodValue),
			bad:     fails(cachetest.Hang()),
		},
		{
			heading: "A download that does not go on",
			setup:   realLimits,
			declare: file("s3://models/stuck.bin"),
			good:    putsObject("models", "stuck.bin", goodValue),
			bad:     replaced("models", "stuck.bin", body, cachetest.NewGate().HoldBody(7000)),
			values:  []string{badValue},
		},
	}
}
