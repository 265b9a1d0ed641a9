package s3cache

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

type rules struct {
	Limit int
	Names []string
}

func TestObjectIsDecodedByType(t *testing.T) {
	l := newLab(t)
	l.S3.Put("config", "rules.json", []byte(`{"Limit":3,"Names":["a","b"]}`))
	l.S3.Put("config", "number", []byte(" 42\n"))
	r := get(t, Object[rules]("s3://config/rules.json"))
	if r.Limit != 3 || !slices.Equal(r.Names, []string{"a", "b"}) {
		t.Errorf("got %+v", r)
	}
	want(t, "number", get(t, Object[int]("s3://config/number")), 42)
	want(t, "text", get(t, Object[string]("s3://config/number")), " 42\n")
	want(t, "bytes", string(get(t, Object[[]byte]("s3://config/number"))), " 42\n")
}

func TestHitRefreshUnchangedChanged(t *testing.T) {
	l := newLab(t)
	etag := l.S3.Put("b", "k", []byte("one")).ETag
	e := Object[string]("s3://b/k")
	for range 3 {
		want(t, "value", get(t, e), "one")
	}
	want(t, "version", e.Version(), etag)
	want(t, "calls", l.Calls(""), 1)
	want(t, "condition of the first", l.Requests()[0].Header.Get("If-None-Match"), "")

	l.pass()
	want(t, "value", get(t, e), "one")
	want(t, "calls", l.Calls("GetObject"), 2)
	want(t, "condition", l.Requests()[1].Header.Get("If-None-Match"), etag)
	want(t, "status", l.Requests()[1].Status, 304)
	want(t, "unchanged", e.Stats().Unchanged, 1)

	l.S3.Put("b", "k", []byte("two"))
	want(t, "value before max age", get(t, e), "one")
	l.pass()
	want(t, "value", get(t, e), "two")
	v, err := e.Refresh(context.Background())
	if err != nil || v != "two" {
		t.Error(v, err)
	}
	want(t, "calls of any kind", l.Calls(""), 4)
}

// Entries of one object share its body, whatever they make of it.
func TestEntriesOfOneObjectShareItsLoad(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("abc"))
	raw, text := Object[[]byte]("s3://b/k"), Object[string]("s3://b/k")
	length := ObjectFunc("s3://b/k", func(b []byte) (int, error) { return len(b), nil })
	want(t, "raw", string(get(t, raw)), "abc")
	want(t, "text", get(t, text), "abc")
	want(t, "length", get(t, length), 3)
	want(t, "calls", l.Calls(""), 1)
}

func TestBytesAreNotCopied(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("abc"))
	var seen []byte
	raw := Object[[]byte]("s3://b/k")
	probe := ObjectFunc("s3://b/k", func(b []byte) (int, error) { seen = b; return 0, nil })
	get(t, raw)
	get(t, probe)
	if &get(t, raw)[0] != &seen[0] {
		t.Error("the entry's bytes are a copy of the body")
	}
}

func TestEmptyObject(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "empty", nil)
	want(t, "text", get(t, Object[string]("s3://b/empty")), "")
	if b := get(t, Object[[]byte]("s3://b/empty")); b == nil || len(b) != 0 {
		t.Errorf("bytes: %#v", b)
	}
	fails(t, Object[rules]("s3://b/empty"), "cannot decode", "the value is empty")
}

func TestUndecodableObjectIsNotQuoted(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte(`{"Limit":"hunter2"}`))
	r := Object[rules]("s3://b/k")
	err := failure(t, r, `load "k" from s3 s3://b/k`, "cannot decode", "at byte")
	custom := failure(t, ObjectFunc("s3://b/k", func(b []byte) (int, error) { return 0, errors.New(string(b)) }), "cannot decode")
	for _, err := range []error{err, custom} {
		if strings.Contains(err.Error(), "hunter2") {
			t.Error("quotes the object:", err)
		}
		if !errors.Is(err, lambdacache.ErrDecode) {
			t.Error("not ErrDecode:", err)
		}
	}

	l.S3.Put("b", "k", []byte(`{"Limit":1}`))
	want(t, "mended", get(t, r).Limit, 1)
	l.S3.Put("b", "k", []byte(`{"Limit":`))
	l.pass()
	fails(t, r, "malformed at byte 9")
}

func TestVersionIDPins(t *testing.T) {
	l := newLab(t)
	l.S3.Versioning("b", true)
	first := l.S3.Put("b", "k", []byte("one"))
	l.S3.Put("b", "k", []byte("two"))
	pinned := Object[string]("s3://b/k", VersionID(first.VersionID), lambdacache.MaxAge(lambdacache.Forever))
	current := Object[string]("s3://b/k")
	want(t, "current", get(t, current), "two")
	want(t, "pinned", get(t, pinned), "one")
	want(t, "name", pinned.Name(), "k")

	l.S3.Put("b", "k", []byte("three"))
	l.clock.Advance(1000 * time.Hour)
	want(t, "current", get(t, current), "three")
	want(t, "pinned", get(t, pinned), "one")
	want(t, "calls", l.Calls(""), 3)

	if _, err := pinned.Refresh(context.Background()); err != nil {
		t.Error(err)
	}
	want(t, "unchanged", pinned.Stats().Unchanged, 1)
	err := failure(t, Object[string]("s3://b/k", VersionID("nosuch")), "version nosuch of s3://b/k", "NoSuchVersion")
	if !errors.Is(err, lambdacache.ErrNotFound) {
		t.Error("not ErrNotFound:", err)
	}
}

func TestConcurrentReadersShareOneLoad(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	gate := l.Hold("GetObject")
	object, file := Object[[]byte]("s3://b/k"), File("s3://b/k")
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { want(t, "size", len(get(t, object)), len(bigBody())) })
		wg.Go(func() { want(t, "size", get(t, file).Size(), int64(len(bigBody()))) })
	}
	gate.Wait(2)
	gate.Release()
	wg.Wait()
	want(t, "calls", l.Calls(""), 2)
	want(t, "on disk", len(l.onDisk()), 1)
}

// A broken body of an object in memory is an error, and the next load is a new one.
func TestObjectBreaksOff(t *testing.T) {
	for name, c := range map[string]struct {
		do   cachetest.Effect
		text string
	}{
		"truncated": {cachetest.TruncateBody(100_000), "the object broke off after 100000 of its 340000 bytes"},
		"corrupted": {cachetest.CorruptBody(70_000), "the object's 340000 bytes do not have its checksum"},
		"dropped":   {cachetest.DropConnection(), "GetObject: "},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", []byte("old"))
			e := Object[string]("s3://b/k")
			want(t, "before", get(t, e), "old")
			l.S3.Put("b", "k", bigBody())
			l.pass()
			l.Fail(cachetest.Fault{Do: c.do})
			err := failure(t, e, c.text, "s3://b/k")
			if strings.Contains(err.Error(), "0123") {
				t.Error("quotes the object:", err)
			}
			l.Heal()
			want(t, "after", len(get(t, e)), len(bigBody()))
		})
	}
}
