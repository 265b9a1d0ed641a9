package s3cache

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
)

func TestNewLocalFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(path, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := File("s3://models/new-local-file.bin")
	ctx := cachetest.Context(t, cachetest.Fixed(e, NewLocalFile(path)))
	f := e.Value(ctx)
	want(t, "path", f.Path(), path)
	want(t, "size", f.Size(), 7)
	want(t, "version", f.Version(), "")
	file, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil || string(data) != "weights" {
		t.Errorf("%q, %v", data, err)
	}
	defer func() {
		if r, _ := recover().(string); !strings.HasPrefix(r, "lambdacache: s3cache.NewLocalFile: ") {
			t.Error(r)
		}
	}()
	NewLocalFile(path + "x")
}
