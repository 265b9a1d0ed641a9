package s3cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func bodyOf(r io.Reader, length *int64) *body {
	return newBody(context.Background(), &s3.GetObjectOutput{Body: io.NopCloser(r), ContentLength: length})
}

// An object of an announced length is read into a slice of that size; one of unknown
// length, or of a length beyond what is trusted at once, into slices that grow.
func TestReadAll(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 513, 100_000, trusted - 1, trusted, trusted + 1, 2 * trusted} {
		object := bytes.Repeat([]byte{'x'}, size)
		for _, length := range []*int64{nil, aws.Int64(int64(size))} {
			got, err := bodyOf(bytes.NewReader(object), length).readAll()
			if err != nil || !bytes.Equal(got, object) {
				t.Errorf("%d bytes: %d read, %v", size, len(got), err)
			}
			if length != nil && cap(got) > size+1 {
				t.Errorf("%d bytes take %d", size, cap(got))
			}
		}
	}
}

// A length that nothing stands behind takes no more memory than is trusted, and four
// times what has come.
func TestReadAllOfAbsurdLength(t *testing.T) {
	length := aws.Int64(1 << 60)
	largest := 0
	b := bodyOf(io.LimitReader(watch{&largest}, 2*trusted), length)
	if _, err := b.readAll(); err == nil || !strings.Contains(err.Error(), "broke off after 33554432 of its 1152921504606846976 bytes") {
		t.Error(err)
	}
	if largest > 4*trusted {
		t.Errorf("a buffer of %d bytes", largest)
	}
}

// What fails when all bytes are there is their checksum, and the SDK's error of it is not
// shown; but for a context that ended just then.
func TestErrorAfterTheLastByte(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, end := range []struct {
		ctx   context.Context
		cause error
		text  string
	}{
		{t.Context(), errors.New("checksum did not match: s3cr3t"), "the object's 3 bytes do not have its checksum: they changed on the way"},
		{gone, context.Canceled, "the object broke off after 3 of its 3 bytes: given up: context canceled"},
	} {
		b := bodyOf(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(end.cause)), aws.Int64(3))
		b.ctx = end.ctx
		if _, err := b.readAll(); err == nil || err.Error() != end.text {
			t.Error(err)
		}
	}
}

// watch remembers the largest buffer it was given.
type watch struct{ largest *int }

func (w watch) Read(p []byte) (int, error) {
	*w.largest = max(*w.largest, len(p))
	return len(p), nil
}
