package s3cache

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

func model(tenant string) string { return "s3://models/" + tenant + ".bin" }

func TestFamily(t *testing.T) {
	l := newLab(t)
	l.S3.Put("models", "acme.bin", []byte(`{"Limit":3}`))
	type rules struct{ Limit int }
	f := Family[rules](model)
	for range 2 {
		if r, err := f.Get(t.Context(), "acme"); err != nil || r.Limit != 3 {
			t.Error(r, err)
		}
	}
	want(t, "calls", l.Calls("GetObject"), 1)
	_, err := Family[rules](strings.ToLower).Get(t.Context(), "models/acme.bin")
	want(t, "error", fmt.Sprint(err), `lambdacache: load "s3" from s3 models/acme.bin: not the URI of an object: write "s3://bucket/key"`)
}

// A file stays as long as somebody has it, and is gone when its key had to make room and
// nobody has it any longer.
func TestFileFamily(t *testing.T) {
	l := newLab(t)
	for _, tenant := range []string{"acme", "umbrella"} {
		l.S3.Put("models", tenant+".bin", []byte(tenant))
	}
	f := FileFamily(model, lambdacache.MaxEntries(1))
	read := func(tenant string) string {
		file, err := f.Get(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file.Path())
		want(t, "content", fmt.Sprintf("%s %v", data, err), tenant+" <nil>")
		return file.Path()
	}
	path := read("acme")
	held, err := f.Get(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	read("umbrella")
	if data, err := os.ReadFile(held.Path()); err != nil || string(data) != "acme" {
		t.Error("somebody has it", err)
	}
	want(t, "the same", held.Path(), path)
	runtime.KeepAlive(held)
	held = nil
	awaitGone(t, path)
	read("acme")
	want(t, "calls", l.Calls("GetObject"), 3)
}

func TestWrongFamilies(t *testing.T) {
	for text, f := range map[string]func(){
		"s3cache.Family: the function for the URIs is nil":     func() { Family[int, string](nil) },
		"s3cache.FileFamily: the function for the URIs is nil": func() { FileFamily[string](nil) },
		"s3cache.Family: nothing can be decoded":               func() { Family[any](model) },
	} {
		func() {
			defer func() {
				if r := fmt.Sprint(recover()); !strings.Contains(r, text) {
					t.Errorf("%s: %s", text, r)
				}
			}()
			f()
		}()
	}
}
