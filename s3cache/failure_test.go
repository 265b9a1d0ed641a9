package s3cache

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// Whatever breaks a download, the old version stays as it is and nothing of the new
// one stays on disk.
func TestBrokenDownloadLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		do   cachetest.Effect
		text string
	}{
		"truncated at once":   {cachetest.TruncateBody(0), "the object broke off after 0 of its 340000 bytes"},
		"truncated":           {cachetest.TruncateBody(100_000), "the object broke off after 100000 of its 340000 bytes"},
		"a byte too few":      {cachetest.TruncateBody(339_999), "the object broke off after 339999 of its 340000 bytes"},
		"corrupted":           {cachetest.CorruptBody(70_000), "the object's 340000 bytes do not have its checksum"},
		"corrupted last byte": {cachetest.CorruptBody(339_999), "the object's 340000 bytes do not have its checksum"},
		"dropped":             {cachetest.DropConnection(), "GetObject: "},
		"reset":               {cachetest.ResetConnection(), "GetObject: "},
		"out of order":        {cachetest.Error(500, "InternalError", "We encountered an internal error."), "GetObject: InternalError"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", []byte("old"))
			e := File("s3://b/k")
			old := get(t, e)
			l.S3.Put("b", "k", bigBody())
			l.Fail(cachetest.Fault{Do: c.do})
			l.pass()
			err := failure(t, e, c.text, `load "k" from s3 s3://b/k: `)
			if strings.Contains(err.Error(), "0123") {
				t.Error("quotes the object:", err)
			}
			l.onlyOnDisk(old)
			want(t, "old", content(t, old), "old")

			l.Heal()
			f := get(t, e)
			want(t, "after", content(t, f), string(bigBody()))
			l.onlyOnDisk(old, f)
		})
	}
}

// An object that is replaced while it is downloaded arrives as it was; the next load
// brings the new one.
func TestReplacedDuringDownload(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	remove := l.Fail(cachetest.Fault{Do: cachetest.AtByte(100_000, func() { l.S3.Put("b", "k", []byte("new")) })})
	e := File("s3://b/k")
	first := get(t, e)
	want(t, "first", content(t, first), string(bigBody()))
	remove()
	l.pass()
	want(t, "second", content(t, get(t, e)), "new")
}

// A proxy that goes on with another version's bytes is found out by the checksum.
func TestSplicedDownload(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	l.Fail(cachetest.Fault{Do: cachetest.Chain(cachetest.CorruptBody(200_000), cachetest.CorruptBody(200_001))})
	fails(t, File("s3://b/k"), "do not have its checksum")
	l.onlyOnDisk()
}

func TestCancelledDownloadLeavesNothing(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Do: gate.HoldBody(100_000), Times: 1})
	e := File("s3://b/k")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	lambdacache.Observe(func(ev lambdacache.Event) {
		if ev.Kind == lambdacache.EventFailed {
			close(ended)
		}
	})
	left := make(chan error)
	go func() {
		_, err := e.Get(ctx)
		left <- err
	}()
	gate.Wait(1)
	l.awaitPart()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-ended
	l.onlyOnDisk()
	lambdacache.Observe(nil)
	want(t, "after", content(t, get(t, e)), string(bigBody()))
}

// broken is a client whose bodies are scripted.
type broken struct {
	body   io.ReadCloser
	length *int64
}

func (b *broken) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: b.body, ContentLength: b.length, ETag: aws.String(`"e"`)}, nil
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "0123456789"), nil }

type panicsAfter struct{ reads int }

func (r *panicsAfter) Read(p []byte) (int, error) {
	if r.reads--; r.reads < 0 {
		panic("hunter2")
	}
	return copy(p, "hunter2"), nil
}

func TestScriptedBodies(t *testing.T) {
	abc := func() io.Reader { return strings.NewReader("abc") }
	for name, c := range map[string]struct {
		body   func() io.Reader
		length *int64
		want   string // or
		text   string
	}{
		"no length":         {abc, nil, "abc", ""},
		"true length":       {abc, aws.Int64(3), "abc", ""},
		"no body":           {nil, aws.Int64(0), "", ""},
		"no body, though":   {nil, aws.Int64(7), "", "the object broke off after 0 of its 7 bytes"},
		"shorter":           {abc, aws.Int64(4), "", "the object broke off after 3 of its 4 bytes: unexpected EOF"},
		"longer":            {abc, aws.Int64(2), "", "the object goes on after the 2 bytes announced"},
		"without end":       {func() io.Reader { return endless{} }, aws.Int64(1000), "", "the object goes on after the 1000 bytes announced"},
		"an absurd length":  {abc, aws.Int64(1 << 60), "", "the object broke off after 3 of its"},
		"an EOF of another": {func() io.Reader { return io.MultiReader(strings.NewReader("abc"), failing{wrappedEOF{}}) }, nil, "", "broke off after 3 bytes"},
		"panic":             {func() io.Reader { return &panicsAfter{reads: 2} }, aws.Int64(100), "", "the source panicked with a string"},
	} {
		for _, kind := range []string{"object", "file"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				l := newLab(t)
				client := &broken{length: c.length}
				if c.body != nil {
					client.body = io.NopCloser(c.body())
				}
				object, file := Object[string]("s3://b/k", Client(client)), File("s3://b/k", Client(client))
				text := object
				if kind == "file" {
					text = lambdacache.Derive("text", func(ctx context.Context) (string, error) {
						return content(t, file.Value(ctx)), nil
					}, []lambdacache.Cached{file})
				}
				if c.text == "" {
					want(t, "value", get(t, text), c.want)
					return
				}
				if err := failure(t, text, c.text); strings.Contains(err.Error(), "hunter2") {
					t.Error("quotes the object:", err)
				}
				l.onlyOnDisk()
			})
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type wrappedEOF struct{}

func (wrappedEOF) Error() string { return "connection closed" }
func (wrappedEOF) Unwrap() error { return io.EOF }

func TestNotFound(t *testing.T) {
	l := newLab(t)
	l.S3.CreateBucket("b")
	err := failure(t, File("s3://b/dir/k"), `load "k" from s3 s3://b/dir/k: GetObject: NoSuchKey: The specified key does not exist.`)
	if _, ok := errors.AsType[*types.NoSuchKey](err); !ok || !errors.Is(err, lambdacache.ErrNotFound) {
		t.Errorf("%#v", err)
	}
	err = failure(t, Object[string]("s3://nosuch/k"), `s3://nosuch/k: bucket "nosuch": GetObject: NoSuchBucket`)
	if !errors.Is(err, lambdacache.ErrNotFound) {
		t.Error(err)
	}
}

// A deleted object is an error; what was loaded of it stays.
func TestDeleted(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("old"))
	e := File("s3://b/k")
	old := get(t, e)
	l.S3.Delete("b", "k")
	l.pass()
	fails(t, e, "NoSuchKey")
	l.onlyOnDisk(old)
	l.S3.Put("b", "k", []byte("old"))
	want(t, "the same file", get(t, e), old)
}

// A proxy, or another server than S3's, may say no more than the status.
func TestNotFoundByStatus(t *testing.T) {
	for _, body := range []string{"", "<html>gone</html>", "<Error/>"} {
		l := newLab(t)
		l.Fail(cachetest.Fault{Do: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, http.StatusNotFound) })
		}})
		if err := failure(t, Object[string]("s3://b/k")); !errors.Is(err, lambdacache.ErrNotFound) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestDeleteMarker(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", nil)
	l.Fail(cachetest.Fault{Do: cachetest.Error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")})
	err := failure(t, Object[string]("s3://b/k", VersionID("v")), "the version is a delete marker: GetObject: MethodNotAllowed")
	if !errors.Is(err, lambdacache.ErrNotFound) {
		t.Error(err)
	}
}

func TestDenied(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "dir/k", []byte("x"))
	l.Deny("s3:GetObject", "b/dir/k")
	l.Deny("s3:GetObjectVersion", "")
	err := failure(t, File("s3://b/dir/k"), "s3://b/dir/k: GetObject: AccessDenied: ",
		"; allow s3:GetObject on arn:aws:s3:::b/dir/k, or kms:Decrypt on its key"+
			"; without s3:ListBucket on arn:aws:s3:::b an object that does not exist is answered like this, too")
	denied, ok := errors.AsType[*lambdacache.DeniedError](err)
	if !ok || denied.Action != "s3:GetObject" || denied.Resource != "arn:aws:s3:::b/dir/k" || !errors.Is(err, lambdacache.ErrDenied) {
		t.Errorf("%+v", denied)
	}
	fails(t, Object[string]("s3://b/dir/k", VersionID("v")), "allow s3:GetObjectVersion on arn:aws:s3:::b/dir/k")
}

// Without s3:ListBucket a missing object is denied.
func TestMissingAndNotListed(t *testing.T) {
	l := newLab(t)
	l.S3.CreateBucket("b")
	l.Deny("s3:ListBucket", "b")
	fails(t, Object[string]("s3://b/k"), "AccessDenied", "an object that does not exist is answered like this")
}

func TestKeyDenied(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", nil)
	l.Fail(cachetest.Fault{Do: cachetest.Error(400, "KMS.AccessDeniedException", "no")})
	fails(t, Object[string]("s3://b/k"), "allow kms:Decrypt on arn:aws:kms:")
}

func TestThrottled(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", nil)
	l.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	if err := failure(t, Object[string]("s3://b/k"), "SlowDown"); !errors.Is(err, lambdacache.ErrThrottled) {
		t.Error(err)
	}
}

func TestBucketOfAnotherRegion(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", nil)
	l.Fail(cachetest.Fault{Do: cachetest.Error(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.")})
	fails(t, Object[string]("s3://b/k"), "PermanentRedirect", `bucket "b" is in another Region: name it with s3cache.Region`)
}

// S3 names the Region in a header, which the fake has not.
func TestRegionOf(t *testing.T) {
	r := &awshttp.ResponseError{ResponseError: responseError(301, "X-Amz-Bucket-Region", "eu-west-1")}
	want(t, "region", regionOf(r), "eu-west-1")
	want(t, "status", status(r), 301)
	want(t, "no region", regionOf(io.EOF), "")
	want(t, "no status", status(io.EOF), 0)
}

// Somebody cleans /tmp in the middle of a download.
func TestFolderRemovedDuringDownload(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	l.Fail(cachetest.Fault{Times: 1, Do: cachetest.AtByte(300_000, func() {
		l.awaitPart()
		if err := os.RemoveAll(l.shared()); err != nil {
			t.Error(err)
		}
	})})
	e := File("s3://b/k")
	fails(t, e, "write to "+l.shared(), ": no such file or directory")
	f := get(t, e)
	want(t, "content", content(t, f), string(bigBody()))
	l.onlyOnDisk(f)
}
