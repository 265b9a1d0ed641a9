package errorsdoc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func harmless() []harmlessCase {
	return []harmlessCase{
		{heading: "An S3 key with `../`", do: keyWithDots},
		{heading: "An object of 0 bytes", do: emptyObject},
		{heading: "An object that is replaced in the middle of its download", do: replacedObject},
		{heading: "A path with nothing below it", do: emptyPath},
		{heading: "`ssm:GetParameters` that is not permitted", do: noBatchOfParameters, event: true},
		{heading: "`secretsmanager:BatchGetSecretValue` that is not permitted", do: noBatchOfSecrets, event: true},
		{heading: "`dynamodb:BatchGetItem` that is not permitted", do: noBatchOfItems, event: true},
	}
}

func keyWithDots(t *testing.T, aws *cachetest.AWS, _ *cachetest.Clock) {
	const key = "../../etc/passwd"
	aws.S3.Put("models", key, []byte(goodValue))
	f := get(t, s3cache.File("s3://models/"+key))
	if got := render(t, f); got != goodValue {
		t.Errorf("contents %q", got)
	}
	if rel, err := filepath.Rel(os.TempDir(), f.Path()); err != nil || strings.HasPrefix(rel, "..") || strings.Contains(rel, "passwd") {
		t.Errorf("the file is %s", f.Path())
	}
	if got := aws.Requests()[0].Keys[0]; got != "models/"+key {
		t.Errorf("S3 was asked for %q", got)
	}
}

func emptyObject(t *testing.T, aws *cachetest.AWS, _ *cachetest.Clock) {
	aws.S3.Put("models", "empty", nil)
	if got := get(t, s3cache.Object[string]("s3://models/empty")); got != "" {
		t.Errorf("as a string %q", got)
	}
	if got := get(t, s3cache.Object[[]byte]("s3://models/empty")); len(got) != 0 {
		t.Errorf("as bytes %q", got)
	}
	f := get(t, s3cache.File("s3://models/empty"))
	if got := render(t, f); got != "" || f.Size() != 0 {
		t.Errorf("as a file %q, size %d", got, f.Size())
	}
}

func replacedObject(t *testing.T, aws *cachetest.AWS, clock *cachetest.Clock) {
	before, after := strings.Repeat(goodValue, 1000), strings.Repeat(badValue, 1000)
	first := aws.S3.Put("models", "replaced", []byte(before))
	aws.Fail(cachetest.Fault{Operation: "GetObject", Times: 1, Do: cachetest.AtByte(7000, func() {
		aws.S3.Put("models", "replaced", []byte(after))
	})})
	e := s3cache.File("s3://models/replaced")
	f := get(t, e)
	if render(t, f) != before || f.Version() != first.ETag {
		t.Errorf("%d bytes of version %s are not the version %s that was asked for", f.Size(), f.Version(), first.ETag)
	}
	clock.Advance(time.Minute)
	if f := get(t, e); render(t, f) != after || f.Version() == first.ETag {
		t.Errorf("the next load gives version %s", f.Version())
	}
}

func noBatchOfParameters(t *testing.T, aws *cachetest.AWS, clock *cachetest.Clock) {
	aws.Deny("ssm:GetParameters", "")
	aws.SSM.Put("/batch/a", goodValue)
	aws.SSM.Put("/batch/b", goodValue)
	a, b := ssmcache.Parameter[string]("/batch/a"), ssmcache.Parameter[string]("/batch/b")
	prefetchTwice(t, clock, a, b)
	if n := aws.Calls("GetParameter"); n != 4 {
		t.Errorf("%d single calls for 2 parameters, twice", n)
	}
}

func noBatchOfSecrets(t *testing.T, aws *cachetest.AWS, clock *cachetest.Clock) {
	aws.Deny("secretsmanager:BatchGetSecretValue", "")
	aws.Secrets.PutString("batch/a", goodValue)
	aws.Secrets.PutString("batch/b", goodValue)
	a, b := secretcache.Secret[string]("batch/a"), secretcache.Secret[string]("batch/b")
	prefetchTwice(t, clock, a, b)
	if n, batches := aws.Calls("GetSecretValue"), aws.Calls("BatchGetSecretValue"); n != 4 || batches != 1 {
		t.Errorf("%d single calls for 2 secrets, twice, after %d batches", n, batches)
	}
}

func prefetchTwice(t *testing.T, clock *cachetest.Clock, entries ...lambdacache.Cached) {
	t.Helper()
	for range 2 {
		if err := lambdacache.Prefetch(t.Context(), entries...); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Minute)
	}
}

func get[T any](t *testing.T, e *lambdacache.Entry[T]) T {
	t.Helper()
	v, err := e.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}
