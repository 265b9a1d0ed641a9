package frompython_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
)

func TestFile(t *testing.T) {
	aws, clock := start(t)
	aws.S3.Put("bucket-name", "path/to/object.json", []byte("one"))
	h := reading(s3cache.File("s3://bucket-name/path/to/object.json", lambdacache.MaxAge(300*time.Second)))
	is(t, "first", contents(t, invoke(t, h)), "one")
	aws.S3.Put("bucket-name", "path/to/object.json", []byte("two"))
	clock.Advance(299 * time.Second)
	is(t, "below 300 s", contents(t, invoke(t, h)), "one")
	clock.Advance(time.Second)
	is(t, "at 300 s", contents(t, invoke(t, h)), "two")
	is(t, "calls", aws.Calls(""), 2)
}

// Every load after the first is on the condition that the object has changed.
func TestUnchangedObject(t *testing.T) {
	aws, clock := start(t)
	aws.S3.Put("unchanged", "model", []byte("large"))
	model := s3cache.File("s3://unchanged/model")
	h := reading(model)
	first := invoke(t, h)
	clock.Advance(time.Minute)
	is(t, "the same file", invoke(t, h) == first, true)
	is(t, "status", []int{aws.Requests()[0].Status, aws.Requests()[1].Status}, []int{200, 304})
	is(t, "HEAD requests", aws.Calls("HeadObject"), 0)
	is(t, "loads without a body", model.Stats().Unchanged, uint64(1))
}

func TestOnlyGetObject(t *testing.T) {
	aws, clock := start(t)
	aws.S3.Put("only", "get", []byte("one"))
	aws.Deny("s3:ListBucket", "only")
	h := reading(s3cache.File("s3://only/get"))
	for range 2 {
		is(t, "contents", contents(t, invoke(t, h)), "one")
		clock.Advance(time.Minute)
	}
	is(t, "GetObject", aws.Calls("GetObject"), 2)
	is(t, "all calls", aws.Calls(""), 2)
}

// The version in use stays where it is; the new one is another file.
func TestNewVersionBesideTheOld(t *testing.T) {
	aws, _ := start(t)
	aws.S3.Put("beside", "object.json", []byte("one"))
	e := s3cache.File("s3://beside/object.json")
	old := get(t, e)
	open, err := old.Open()
	noError(t, err)
	defer open.Close()
	aws.S3.Put("beside", "object.json", []byte("two"))
	is(t, "the new version", contents(t, refresh(t, e)), "two")
	is(t, "the old one by its path", contents(t, old), "one")
	b := make([]byte, 3)
	_, err = open.Read(b)
	noError(t, err)
	is(t, "the old one in the hands of a reader", string(b), "one")
}

func TestSameFileName(t *testing.T) {
	aws, _ := start(t)
	aws.S3.Put("same", "a/object.json", []byte("of a"))
	aws.S3.Put("same", "b/object.json", []byte("of b"))
	a, b := get(t, s3cache.File("s3://same/a/object.json")), get(t, s3cache.File("s3://same/b/object.json"))
	is(t, "contents", []string{contents(t, a), contents(t, b)}, []string{"of a", "of b"})
}

// Whoever cleans /tmp gets the file back.
func TestFileRemoved(t *testing.T) {
	aws, clock := start(t)
	aws.S3.Put("removed", "object.json", []byte("one"))
	h := reading(s3cache.File("s3://removed/object.json"))
	noError(t, os.Remove(invoke(t, h).Path()))
	clock.Advance(time.Minute)
	is(t, "after max age", contents(t, invoke(t, h)), "one")
}

// Whether an object changed does not depend on ages: after days it is neither
// downloaded for nothing nor kept when it was replaced.
func TestUnchangedForDays(t *testing.T) {
	aws, clock := start(t)
	aws.S3.Put("days", "object.json", []byte("one"))
	e := s3cache.File("s3://days/object.json")
	h := reading(e)
	invoke(t, h)
	for _, age := range []time.Duration{time.Minute, 24*time.Hour + time.Second, 50 * time.Hour} {
		clock.Advance(age)
		invoke(t, h)
	}
	is(t, "unchanged", e.Stats().Unchanged, uint64(3))
	is(t, "downloads", e.Stats().Loads, uint64(1))
	aws.S3.Put("days", "object.json", []byte("two"))
	clock.Advance(24*time.Hour + time.Second)
	is(t, "contents", contents(t, invoke(t, h)), "two")
}

// A key is only a key: whatever is in it, the file is in the package's own folder.
func TestKeyIsNoPath(t *testing.T) {
	aws, _ := start(t)
	for _, key := range []string{"../../etc/passwd", "..", "a/../b", "/abs", "%2e%2e"} {
		aws.S3.Put("dots", key, []byte(key))
		file := get(t, s3cache.File("s3://dots/"+key))
		is(t, "contents of "+key, contents(t, file), key)
		if rel, err := filepath.Rel(os.Getenv("TMPDIR"), file.Path()); err != nil || strings.HasPrefix(rel, "..") {
			t.Errorf("key %s became %s", key, file.Path())
		}
	}
}

// A download that breaks off is an error and leaves nothing in place of the file.
func TestHalfADownload(t *testing.T) {
	aws, _ := start(t)
	aws.S3.Put("half", "object.json", []byte("0123456789"))
	e := s3cache.File("s3://half/object.json")
	whole := get(t, e)
	aws.S3.Put("half", "object.json", []byte("9876543210"))
	aws.Fail(cachetest.Fault{Operation: "GetObject", Times: 3, Do: cachetest.TruncateBody(5)}) // each attempt of one load
	_, err := e.Refresh(t.Context())
	says(t, err, nil, "broke off after 5 of its 10 bytes")
	is(t, "what is held", contents(t, get(t, e)), "0123456789")
	is(t, "files", len(filesBeside(t, whole)), 1)
	is(t, "the next load", contents(t, refresh(t, e)), "9876543210")
}

// An object that is replaced while it is read comes whole, as the version that it
// was when the answer began; the replacement is noticed at the next load.
func TestReplacedDuringTheDownload(t *testing.T) {
	aws, clock := start(t)
	first := aws.S3.Put("torn", "object.json", []byte("0123456789"))
	aws.Fail(cachetest.Fault{Operation: "GetObject", Times: 1, Do: cachetest.AtByte(5, func() {
		aws.S3.Put("torn", "object.json", []byte("9876543210"))
	})})
	h := reading(s3cache.File("s3://torn/object.json"))
	file := invoke(t, h)
	is(t, "contents", contents(t, file), "0123456789")
	is(t, "version", file.Version(), first.ETag)
	clock.Advance(time.Minute)
	is(t, "after max age", contents(t, invoke(t, h)), "9876543210")
}

func filesBeside(t *testing.T, f *s3cache.LocalFile) []os.DirEntry {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(f.Path()))
	noError(t, err)
	return files
}
