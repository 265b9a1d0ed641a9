package cachetest_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lambda-cache/lambdacache/cachetest"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.Versioning("b", true)
	one := fake.S3.Put("b", "k", []byte("one"))
	two := fake.S3.Put("b", "k", []byte("two"))
	c := s3Client(t, fake)
	out, err := c.GetObject(t.Context(), object("b", "k"))
	noError(t, err)
	want(t, "newest", *out.VersionId, two.VersionID)
	_, err = read(out, nil)
	noError(t, err)
	in := object("b", "k")
	in.VersionId = &one.VersionID
	got, err := read(c.GetObject(t.Context(), in))
	noError(t, err)
	want(t, "first version", got, "one")
	fake.Deny("s3:GetObjectVersion", "b/k")
	_, err = c.GetObject(t.Context(), in)
	wantCode(t, err, "AccessDenied")
	fake.Allow("s3:GetObjectVersion", "b/k")

	fake.S3.Delete("b", "k")
	want(t, "ETag of a deleted object", fake.S3.ETag("b", "k"), "")
	_, err = c.GetObject(t.Context(), object("b", "k"))
	wantCode(t, err, "NoSuchKey")
	got, err = read(c.GetObject(t.Context(), in))
	noError(t, err)
	want(t, "first version after the deletion", got, "one")
	_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), VersionId: in.VersionId})
	noError(t, err)
	_, err = c.GetObject(t.Context(), in)
	wantCode(t, err, "NoSuchVersion")
}

func TestObjectsAreWrittenByClients(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]cachetest.AWSOption{nil, {cachetest.TLS()}} { // with TLS the SDK sends aws-chunked
		fake := start(t, opts...)
		c, ctx, b := s3Client(t, fake), t.Context(), aws.String("made")
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("k"), Body: strings.NewReader("x")})
		wantCode(t, err, "NoSuchBucket")
		_, err = c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b})
		noError(t, err)
		_, err = c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("b")})
		wantCode(t, err, "InvalidBucketName")
		_, err = c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b})
		noError(t, err)
		_, err = c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		noError(t, err)
		big := bytes.Repeat([]byte("0123456789"), 20_000)
		put, err := c.PutObject(ctx, &s3.PutObjectInput{
			Bucket: b, Key: aws.String("k"), Body: bytes.NewReader(big),
			ContentType: aws.String("text/x"), Metadata: map[string]string{"owner": "me"}, CacheControl: aws.String("max-age=5"),
		})
		noError(t, err)
		out, err := c.GetObject(ctx, object("made", "k"))
		noError(t, err)
		got, err := read(out, nil)
		noError(t, err)
		if got != string(big) {
			t.Errorf("%d bytes came back changed", len(got))
		}
		want(t, "ETag", *out.ETag, *put.ETag)
		want(t, "version", *out.VersionId, *put.VersionId)
		want(t, "type", *out.ContentType, "text/x")
		want(t, "metadata", out.Metadata["owner"], "me")
		want(t, "cache control", *out.CacheControl, "max-age=5")
		want(t, "encoding", aws.ToString(out.ContentEncoding), "")

		_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b})
		wantCode(t, err, "BucketNotEmpty")
		gone, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k")})
		noError(t, err)
		want(t, "delete marker", aws.ToBool(gone.DeleteMarker), true)
		for _, v := range []*string{gone.VersionId, put.VersionId} {
			_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k"), VersionId: v})
			noError(t, err)
		}
		_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b})
		noError(t, err)
		_, err = c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b})
		wantStatus(t, err, 404)
	}
}

// An object that is replaced while it is downloaded: the download goes on with the
// old bytes, and a later range of the old version is refused.
func TestReplaceInTheMiddleOfADownload(t *testing.T) {
	t.Parallel()
	fake := start(t)
	old := fake.S3.Put("b", "k", bytes.Repeat([]byte("a"), 100_000))
	fake.Fail(cachetest.Fault{Operation: "GetObject", Key: "b/k", Times: 1, Do: cachetest.AtByte(50_000, func() {
		fake.S3.Put("b", "k", []byte("new"))
	})})
	c := s3Client(t, fake)
	out, err := c.GetObject(t.Context(), object("b", "k"))
	noError(t, err)
	got, err := read(out, nil)
	noError(t, err)
	want(t, "old bytes", strings.Count(got, "a"), 100_000)
	in := object("b", "k")
	in.IfMatch, in.Range = &old.ETag, aws.String("bytes=0-9")
	_, err = c.GetObject(t.Context(), in)
	wantStatus(t, err, 412)
	got, err = read(c.GetObject(t.Context(), object("b", "k")))
	noError(t, err)
	want(t, "new bytes", got, "new")
}
