package s3cache

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestMain(m *testing.M) {
	testhook.Patient()       // a busy machine is no service that does not answer,
	proofLimit = time.Minute // nor does it change what is asked for
	if uri := os.Getenv(childURI); uri != "" {
		child(uri)
		return
	}
	os.Setenv("GORACE", os.ExpandEnv("$GORACE atexit_sleep_ms=0")) // or each child sleeps for a second before it ends
	leftover.Main(m)
}

var givenLimit = proofLimit

// lab is a fake AWS, a clock and a /tmp for one test.
type lab struct {
	*cachetest.AWS
	t     *testing.T
	clock *cachetest.Clock
}

func newLab(t *testing.T, opts ...cachetest.AWSOption) *lab {
	t.Helper()
	testlab.Landed() // of the test before
	t.Setenv("TMPDIR", t.TempDir())
	l := &lab{AWS: cachetest.NewAWS(t, opts...), t: t, clock: cachetest.NewClock(t)}
	cachetest.Reset(t)
	return l
}

// pass lets more than the default max age go by.
func (l *lab) pass() { l.clock.Advance(lambdacache.DefaultMaxAge + time.Second) }

// get reads an entry that must have a value.
func get[T any](t *testing.T, e *lambdacache.Entry[T]) T {
	t.Helper()
	v, err := e.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fails reads an entry that must not have a value, and looks for texts in its error.
func fails[T any](t *testing.T, e *lambdacache.Entry[T], texts ...string) {
	t.Helper()
	_ = failure(t, e, texts...)
}

// failure is fails for tests that look closer at the error.
func failure[T any](t *testing.T, e *lambdacache.Entry[T], texts ...string) error {
	t.Helper()
	v, err := e.Get(context.Background())
	if err == nil {
		t.Fatalf("got %v, want an error", v)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error: %v", text, err)
		}
	}
	return err
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// content reads a file by its path.
func content(t *testing.T, f *LocalFile) string {
	t.Helper()
	b, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// onDisk is every file below the folder of all processes.
func (l *lab) onDisk() (paths []string) {
	l.t.Helper()
	err := filepath.WalkDir(l.shared(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		l.t.Fatal(err)
	}
	return paths
}

// shared is the folder of all processes.
func (l *lab) shared() string {
	return filepath.Join(os.Getenv("TMPDIR"), fmt.Sprintf("lambdacache-s3-%d", os.Getuid()))
}

// onlyOnDisk fails the test if there are other files than these.
func (l *lab) onlyOnDisk(files ...*LocalFile) {
	l.t.Helper()
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path())
	}
	slices.Sort(paths)
	if got := l.onDisk(); !slices.Equal(got, paths) {
		l.t.Errorf("on disk %q, want %q", got, paths)
	}
	runtime.KeepAlive(files) // or one of them goes before it is looked for
}

// client is a client of the SDK's for the fake.
func (l *lab) client(opts ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		Region: cachetest.Region, BaseEndpoint: aws.String(l.URL()), UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
	}, opts...)
}

// inRanges has objects of 64 bytes or more come in several streams, in ranges of least
// bytes or more, here and in the children of the test.
func inRanges(t *testing.T, least int64) {
	t.Helper()
	instead(t, &large, 64)
	instead(t, &leastRange, least)
	t.Setenv(childRanges, fmt.Sprint(least))
}

// instead gives a variable of this package another value for the rest of the test. Loads that
// the tests before have left, or this one, may read it until they end.
func instead[T any](t *testing.T, variable *T, value T) {
	t.Helper()
	testlab.Landed()
	before := *variable
	t.Cleanup(func() { testlab.Landed(); *variable = before })
	*variable = value
}

// inSeveral reports whether inRanges holds.
func inSeveral() bool { return large <= chunk }

// bothWays runs a test with objects that come in one stream, and in several.
func bothWays(t *testing.T, least int64, test func(t *testing.T)) {
	t.Run("in one stream", test)
	t.Run("in several", func(t *testing.T) {
		inRanges(t, least)
		test(t)
	})
}

// bigBody is an object of many chunks and no regular length.
func bigBody() []byte { return bytes.Repeat([]byte("0123456789abcdefg"), 20_000) }

// fewPieces is an object that is written in few pieces, but more than one.
func fewPieces() []byte {
	if inSeveral() {
		return bigBody()[:3*leastRange]
	}
	return bigBody()[:chunk+1]
}
