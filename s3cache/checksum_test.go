package s3cache

import (
	"bytes"
	"context"
	"encoding/base64"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// putWith has the SDK upload an object with a checksum.
func (l *lab) putWith(algorithm types.ChecksumAlgorithm, body []byte) {
	l.t.Helper()
	l.S3.CreateBucket("b")
	_, err := l.client().PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String("b"), Key: aws.String("k"), ChecksumAlgorithm: algorithm, Body: bytes.NewReader(body),
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// Every checksum of a whole object that the SDK knows is compared with what came in
// several streams: one bit that changes on the way is found, in whichever stream.
func TestChecksumOfRanges(t *testing.T) {
	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512"} {
		t.Run(string(algorithm), func(t *testing.T) {
			inRanges(t, 100)
			l := newLab(t)
			body := noise(5000)
			l.putWith(algorithm, body)
			l.loads("as it is", body)
			for name, match := range map[string]func(cachetest.Request) bool{
				"the last byte": lastByte, "a range": others,
			} {
				l.Heal()
				l.Fail(cachetest.Fault{Match: match, Do: cachetest.CorruptBody(0)})
				fails(t, Object[string]("s3://b/k", Streams(7)), "the object's 5000 bytes do not have its checksum: they changed on the way")
				fails(t, File("s3://b/k", Streams(7)), "the object's 5000 bytes do not have its checksum")
				want(t, name+": on disk", len(l.onDisk()), 1)
			}
			l.Heal()
			l.Fail(cachetest.Fault{Match: func(q cachetest.Request) bool { return q.Header.Get("Range") == "" }, Do: cachetest.CorruptBody(70)})
			fails(t, Object[string]("s3://b/k", Streams(6)), "the object's 5000 bytes do not have its checksum")
		})
	}
}

// A checksum that is not of the whole, or that nobody can compute, is not compared. It
// takes a whole object's length and version to be one.
func TestChecksumsThatAreNone(t *testing.T) {
	for name, headers := range map[string][2]string{
		"of parts":         {"X-Amz-Checksum-Crc32", "AAAAAA==-3"},
		"said to be parts": {"X-Amz-Checksum-Sha256", "AAAA"},
		"of another kind":  {"X-Amz-Checksum-Xxhash3", "AAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			inRanges(t, 100)
			l := newLab(t)
			body := noise(5000)
			l.S3.Put("b", "k", body)
			l.Fail(cachetest.Fault{Do: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					next.ServeHTTP(&rewriting{w, func(h http.Header) {
						h.Del("X-Amz-Checksum-Crc64nvme")
						h.Set("X-Amz-Checksum-Type", "COMPOSITE")
						if r.Header.Get("Range") == "" {
							h.Set(headers[0], headers[1])
						}
					}}, r)
				})
			}})
			want(t, "object", get(t, Object[string]("s3://b/k")), string(body))
		})
	}
	zero := checksumOf(&s3.GetObjectOutput{ChecksumType: types.ChecksumTypeComposite, ChecksumSHA256: aws.String("AAAA")})
	if ok, err := (&sums{of: zero}).match(memory("x"), 1); !ok || err != nil {
		t.Error(ok, err)
	}
}

// Joined checks are those of the whole, wherever it is cut.
func TestJoinedChecks(t *testing.T) {
	body := noise(3000)
	for name, c := range map[string]struct {
		poly polynomial
		of   func([]byte) uint64
	}{
		"crc32":     {ieee, func(p []byte) uint64 { return uint64(crc32.ChecksumIEEE(p)) }},
		"crc32c":    {castagnoli, func(p []byte) uint64 { return uint64(crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli))) }},
		"crc64nvme": {nvme, func(p []byte) uint64 { return crc64.Checksum(p, crc64.MakeTable(0x9a6c9329ac4bc9b5)) }},
	} {
		for _, n := range []int{0, 1, 2, 7, 8, 9, 255, 256, 1024, 2999, 3000} {
			want(t, name, c.poly.join(c.of(body[:n]), c.of(body[n:]), int64(len(body)-n)), c.of(body))
		}
	}
	// The check value of the specification.
	want(t, "nvme", crc64.Checksum([]byte("123456789"), crc64.MakeTable(nvme.reversed)), uint64(0xae8b14860a799888))
	// Lengths that no test can hold: to append as many zeros twice is to append twice as many.
	zeros := make([]byte, 1<<10)
	sum := crc64.Checksum(zeros, crc64.MakeTable(nvme.reversed))
	for n := int64(len(zeros)); n < 1<<50; n *= 2 {
		want(t, "twice as many", nvme.join(nvme.join(1, sum, n), sum, n), nvme.join(1, nvme.join(sum, sum, n), 2*n))
		sum = nvme.join(sum, sum, n)
	}
}

func FuzzJoinedChecks(f *testing.F) {
	f.Add([]byte("123456789"), []byte{})
	f.Add([]byte(""), []byte("123456789"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		whole := append(append([]byte(nil), a...), b...)
		castagnoliTable, nvmeTable := crc32.MakeTable(crc32.Castagnoli), crc64.MakeTable(nvme.reversed)
		want(t, "crc32", ieee.join(uint64(crc32.ChecksumIEEE(a)), uint64(crc32.ChecksumIEEE(b)), int64(len(b))), uint64(crc32.ChecksumIEEE(whole)))
		want(t, "crc32c", castagnoli.join(uint64(crc32.Checksum(a, castagnoliTable)), uint64(crc32.Checksum(b, castagnoliTable)), int64(len(b))), uint64(crc32.Checksum(whole, castagnoliTable)))
		want(t, "crc64nvme", nvme.join(crc64.Checksum(a, nvmeTable), crc64.Checksum(b, nvmeTable), int64(len(b))), crc64.Checksum(whole, nvmeTable))
	})
}

// The value in a header is the check's bytes, the highest first, in base64.
func TestJoinedChecksInAHeader(t *testing.T) {
	for _, c := range []checksum{
		checksumOf(&s3.GetObjectOutput{ChecksumCRC32: aws.String("y/Q5Jg==")}), // cbf43926, as every book has it
		checksumOf(&s3.GetObjectOutput{ChecksumCRC64NVME: aws.String(base64.StdEncoding.EncodeToString([]byte{0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88}))}),
	} {
		s := &sums{of: c}
		s.add(4, []byte("56789"))
		s.add(0, []byte("1234"))
		if ok, err := s.match(nil, 9); !ok || err != nil {
			t.Errorf("%s: %v, %v", c.value, ok, err)
		}
	}
}
