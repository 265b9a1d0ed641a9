package s3cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// awaitGone collects garbage until the file is gone.
func awaitGone(t *testing.T, path string) {
	t.Helper()
	for range 10_000 {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	t.Errorf("nothing reaches %s, and it is still there", path)
}

func TestOldVersionLivesAsLongAsItIsHeld(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k")
	first := get(t, e)
	path := first.Path()
	for i := range 5 {
		l.S3.Put("b", "k", fmt.Append(nil, "version ", i))
		l.pass()
		get(t, e)
		runtime.GC()
		want(t, "old", content(t, first), "one")
	}
	runtime.KeepAlive(first)
	first = nil
	awaitGone(t, path)
	want(t, "held", content(t, get(t, e)), "version 4")
}

// An open file is read to its end, whatever becomes of the LocalFile.
func TestOpenFileOutlivesLocalFile(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k")
	f := get(t, e)
	path := f.Path()
	file, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f = nil
	l.S3.Put("b", "k", []byte("two"))
	l.pass()
	get(t, e)
	awaitGone(t, path)
	b := make([]byte, 10)
	n, err := file.Read(b)
	want(t, "content", string(b[:n]), "one")
	if err != nil {
		t.Error(err)
	}
}

// The snapshot of an invocation holds the file it was given.
func TestSnapshotHoldsItsVersion(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k")
	var path string
	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		path = e.Value(ctx).Path()
		l.S3.Put("b", "k", []byte("two"))
		if _, err := e.Refresh(ctx); err != nil {
			t.Error(err)
		}
		runtime.GC()
		runtime.GC()
		b, err := os.ReadFile(path)
		return string(b), err
	}, e)
	got, err := handler(context.Background(), struct{}{})
	if err != nil || got != "one" {
		t.Error(got, err)
	}
	if _, err := handler(context.Background(), struct{}{}); err != nil { // a new snapshot
		t.Error(err)
	}
}

// Old versions do not pile up in a program that causes no collection of its own.
func TestOldVersionsDoNotPileUp(t *testing.T) {
	l := newLab(t)
	e := File("s3://b/k")
	for i := range 10 {
		l.S3.Put("b", "k", fmt.Append(nil, "version ", i))
		get(t, e)
		testlab.Landed() // or the load still holds what it brought
		l.pass()
		if n := len(l.onDisk()); n > 2 {
			t.Errorf("%d versions on disk after the %dth", n, i+1)
		}
	}
}

// Nor do the files of keys that had to make room.
func TestFilesOfAFamilyDoNotPileUp(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for _, limit := range []int{1, 20} {
		l := newLab(t)
		f := FileFamily(model, lambdacache.MaxEntries(limit))
		most := 0
		for i := range 3*limit + 10 {
			tenant := fmt.Sprint("t", i)
			l.S3.Put("models", tenant+".bin", []byte(tenant))
			if _, err := f.Get(t.Context(), tenant); err != nil {
				t.Fatal(err)
			}
			testlab.Landed() // or the load still holds the file
			most = max(most, len(l.onDisk()))
		}
		if most > limit+limit/4+2 {
			t.Errorf("%d files on disk, of %d keys", most, limit)
		}
	}
}

// A collection is caused by the third version of an object, not by objects that did
// not change.
func TestUnchangedCausesNoCollection(t *testing.T) {
	l := newLab(t)
	e := File("s3://b/k")
	l.S3.Put("b", "k", []byte("first"))
	first := get(t, e)
	l.S3.Put("b", "k", []byte("second"))
	l.pass()
	get(t, e)
	l.pass()
	collections := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	before := collections()
	for range 5 {
		get(t, e)
		l.pass()
	}
	want(t, "collections", collections(), before)
	l.S3.Put("b", "k", []byte("third"))
	get(t, e)
	want(t, "collections", collections(), before+1)
	runtime.KeepAlive(first) // or another collection might have come before
}

func TestInvalidatedFileIsRemoved(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k")
	path := get(t, e).Path()
	lambdacache.Invalidate(e)
	awaitGone(t, path)
	want(t, "content", content(t, get(t, e)), "one")
	want(t, "condition", l.Requests()[1].Header.Get("If-None-Match"), "")
}
