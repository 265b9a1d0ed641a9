package s3cache

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

func TestFile(t *testing.T) {
	l := newLab(t)
	etag := l.S3.Put("models", "fraud.bin", bigBody()).ETag
	e := File("s3://models/fraud.bin")
	f := get(t, e)
	want(t, "content", content(t, f), string(bigBody()))
	want(t, "size", f.Size(), int64(len(bigBody())))
	want(t, "version", f.Version(), etag)
	want(t, "the entry's version", e.Version(), etag)
	want(t, "absolute", filepath.IsAbs(f.Path()), true)
	l.onlyOnDisk(f)

	file, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	if err != nil || string(b) != string(bigBody()) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("x"))
	f := get(t, File("s3://b/k"))
	for path, mode := range map[string]fs.FileMode{
		f.Path():               0o600,
		filepath.Dir(f.Path()): 0o700 | fs.ModeDir,
		l.shared():             0o700 | fs.ModeDir,
	} {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		want(t, path, info.Mode(), mode)
	}
}

func TestFileUnchangedChanged(t *testing.T) {
	l := newLab(t)
	etag := l.S3.Put("b", "k", []byte("one")).ETag
	e := File("s3://b/k")
	first := get(t, e)
	l.pass()
	want(t, "the same file", get(t, e), first)
	want(t, "condition", l.Requests()[1].Header.Get("If-None-Match"), etag)
	want(t, "status", l.Requests()[1].Status, 304)
	l.onlyOnDisk(first)

	l.S3.Put("b", "k", []byte("two"))
	l.pass()
	second := get(t, e)
	want(t, "old", content(t, first), "one")
	want(t, "new", content(t, second), "two")
	want(t, "calls", l.Calls(""), 3)
}

func TestEmptyFile(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", nil)
	e := File("s3://b/k")
	f := get(t, e)
	want(t, "content", content(t, f), "")
	want(t, "size", f.Size(), 0)
	l.pass()
	want(t, "the same file", get(t, e), f)
}

// The object and the file of one key are loaded apart: one is in memory, the other
// is not.
func TestObjectAndFileOfOneKey(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("x"))
	want(t, "object", get(t, Object[string]("s3://b/k")), "x")
	l.onlyOnDisk()
	want(t, "file", content(t, get(t, File("s3://b/k"))), "x")
	want(t, "calls", l.Calls(""), 2)
}

func TestFileSharedByWrap(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k", lambdacache.Name("model"))
	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		return content(t, lambdacache.Value[*LocalFile](ctx, "model")), nil
	}, e)
	for _, text := range []string{"one", "two"} {
		l.S3.Put("b", "k", []byte(text))
		got, err := handler(context.Background(), struct{}{})
		if err != nil || got != text {
			t.Error(got, err)
		}
		l.pass()
	}
}

// Keys are raw text, and no key leads out of the folder.
func TestOddKeys(t *testing.T) {
	l := newLab(t)
	for _, key := range []string{
		"../../etc/passwd", "a/../b", "..", "/absolute", "a b", "a+b", "100%", "%2e%2e%2fx", "what?", "a?versionId=1",
		"a#b", "日本語/ключ", "a\\b", "tab\tkey", "x//y", ".part", strings.Repeat("k", 1000),
	} {
		l.S3.Put("b", key, []byte("body of "+key))
		f := get(t, File("s3://b/"+key))
		want(t, "file of "+key, content(t, f), "body of "+key)
		if dir := filepath.Dir(filepath.Dir(f.Path())); dir != l.shared() || strings.Contains(f.Path(), "..") {
			t.Errorf("%q is kept at %s", key, f.Path())
		}
		want(t, "object "+key, get(t, Object[string]("s3://b/"+key)), "body of "+key)
		want(t, "calls for "+key, l.CallsFor("GetObject", "b/"+key), 2)
	}
}
