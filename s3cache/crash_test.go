//go:build linux && (amd64 || arm64)

package s3cache

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// A process is killed before each call that it makes on files. The next one sees
// nothing half-written, removes what is left, and has the whole object.
func TestKilledBeforeEveryFileCall(t *testing.T) {
	l := newLab(t)
	body := bigBody()[:chunk+chunk/2]
	l.S3.Put("b", "k", body)
	var calls []string
	for n := 1; ; n++ {
		calls = nil
		c := l.trace("s3://b/k", func(call string) bool {
			calls = append(calls, call)
			return len(calls) == n
		})
		said := c.line()
		c.kill()
		if said != "" {
			c.holds("all calls made", said, body)
		}
		f := get(t, File("s3://b/k"))
		want(t, "content", content(t, f), string(body))
		l.onlyOnDisk(f)
		want(t, "folders", len(l.folders()), 1)
		if t.Failed() {
			t.Fatalf("killed before call %d of %q", n, calls)
		}
		l.newProcess()
		if said != "" {
			break
		}
	}
	for _, call := range []string{"mkdir", "open", "flock", "write", "fstat", "close", "rename", "stat"} {
		if !slices.Contains(calls, call) {
			t.Errorf("no %s among %q", call, calls)
		}
	}
	t.Log(len(calls), calls)
}

// newProcess cleans /tmp and makes the test a process that has not loaded yet.
func (l *lab) newProcess() {
	testhook.Reset()
	if err := os.RemoveAll(l.shared()); err != nil {
		l.t.Fatal(err)
	}
}

// folders are those of processes.
func (l *lab) folders() []string {
	l.t.Helper()
	folders, err := filepath.Glob(l.shared() + "/*")
	if err != nil {
		l.t.Fatal(err)
	}
	return folders
}
