package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
	"github.com/lambda-cache/lambdacache/s3cache"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

const largeSize = 100_000_000

// largeObject is an object in which no two pieces are alike.
func largeObject(seed byte) []byte {
	body := make([]byte, largeSize)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(body)
	return body
}

// bucketOf points the default configuration at a server and makes a bucket there.
func bucketOf(t testing.TB, gw *peers.S3Server) *s3.Client {
	t.Helper()
	useServer(t, gw.Endpoint, gw.AccessKey, gw.SecretKey)
	t.Setenv("TMPDIR", t.TempDir())
	cachetest.Reset(t)
	client := s3.NewFromConfig(subject.Config(gw.Endpoint, gw.AccessKey, gw.SecretKey), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("large")}); err != nil {
		t.Fatal(err)
	}
	return client
}

func upload(t testing.TB, client *s3.Client, algorithm types.ChecksumAlgorithm, body []byte) {
	t.Helper()
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("large"), Key: aws.String("model.bin"), Body: bytes.NewReader(body), ChecksumAlgorithm: algorithm,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A server that we did not write gives a large object in ranges of one version, with
// each of its checksums, into memory and into a file; what has not changed moves
// nothing.
func TestLargeObjectOnVersityGW(t *testing.T) {
	client := bucketOf(t, peers.VersityGW(t))
	calls := 0
	lambdacache.Observe(func(e lambdacache.Event) { calls += e.Calls })
	defer lambdacache.Observe(nil)
	object := s3cache.ObjectFunc("s3://large/model.bin", func(body []byte) ([32]byte, error) { return sha256.Sum256(body), nil })
	file := s3cache.File("s3://large/model.bin")
	for i, algorithm := range []types.ChecksumAlgorithm{"CRC64NVME", "CRC32", "CRC32C", "SHA256"} {
		body := largeObject(byte(i))
		upload(t, client, algorithm, body)
		for _, several := range []bool{true, false} { // the second time it is what is held
			calls = 0
			sum, err := object.Refresh(t.Context())
			if err != nil || sum != sha256.Sum256(body) {
				t.Errorf("%s: not the object in memory: %v", algorithm, err)
			}
			f, err := file.Refresh(t.Context())
			if err != nil {
				t.Fatal(algorithm, err)
			}
			if got, err := os.ReadFile(f.Path()); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s: not the object in a file: %d bytes, %v", algorithm, len(got), err)
			}
			runtime.KeepAlive(f)
			if (calls > 2) != several {
				t.Errorf("%s: %d calls", algorithm, calls)
			}
		}
	}
}

// An object that was uploaded in parts has a checksum of the whole, or of the parts only,
// which nobody who has the whole can compare.
func TestLargeObjectInPartsOnVersityGW(t *testing.T) {
	client := bucketOf(t, peers.VersityGW(t))
	body := largeObject(1)
	for _, c := range []struct {
		algorithm types.ChecksumAlgorithm
		of        types.ChecksumType
	}{{"SHA256", "COMPOSITE"}, {"CRC32C", "COMPOSITE"}, {"CRC32C", "FULL_OBJECT"}, {"CRC64NVME", "FULL_OBJECT"}} {
		uploadInParts(t, client, c.algorithm, c.of, body)
		f, err := s3cache.File("s3://large/model.bin").Refresh(t.Context())
		if err != nil {
			t.Fatal(c, err)
		}
		if got, err := os.ReadFile(f.Path()); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%v: %d bytes, %v", c, len(got), err)
		}
		runtime.KeepAlive(f)
	}
}

func uploadInParts(t *testing.T, client *s3.Client, algorithm types.ChecksumAlgorithm, of types.ChecksumType, body []byte) {
	t.Helper()
	bucket, key := aws.String("large"), aws.String("model.bin")
	upload, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: bucket, Key: key, ChecksumAlgorithm: algorithm, ChecksumType: of,
	})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for part := range slices.Chunk(body, 8<<20) {
		n := aws.Int32(int32(len(parts) + 1))
		out, err := client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: upload.UploadId, PartNumber: n, ChecksumAlgorithm: algorithm, Body: bytes.NewReader(part),
		})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{
			PartNumber: n, ETag: out.ETag, ChecksumSHA256: out.ChecksumSHA256, ChecksumCRC32C: out.ChecksumCRC32C, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
		})
	}
	_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: key, UploadId: upload.UploadId, ChecksumType: of, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An object that is overwritten again and again while it is loaded is one of its
// versions each time.
func TestLargeObjectOverwrittenOnVersityGW(t *testing.T) {
	client := bucketOf(t, peers.VersityGW(t))
	versions := [][]byte{largeObject(1), largeObject(2), largeObject(3)}
	upload(t, client, "CRC32", versions[0])
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	writing := make(chan struct{})
	go func() {
		defer close(writing)
		for n := 1; ctx.Err() == nil; n++ {
			upload(t, client, "CRC32", versions[n%len(versions)])
		}
	}()
	file := s3cache.File("s3://large/model.bin")
	for range 6 {
		f, err := file.Refresh(t.Context())
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := os.ReadFile(f.Path())
		if err != nil {
			t.Error(err)
		}
		if !bytes.Equal(got, versions[0]) && !bytes.Equal(got, versions[1]) && !bytes.Equal(got, versions[2]) {
			t.Errorf("%d bytes of no version", len(got))
		}
		runtime.KeepAlive(f)
	}
	stop()
	<-writing
}
