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
	t.Run("in one stream", func(t *testing.T) { killedBeforeEveryFileCall(t, "write") })
	t.Run("in several", func(t *testing.T) {
		inRanges(t, 40)
		killedBeforeEveryFileCall(t, "pwrite")
	})
}

func killedBeforeEveryFileCall(t *testing.T, write string) {
	for name, c := range map[string]struct {
		prepare func(l *lab)
		loads   int      // the last of which is the one to be killed in
		calls   []string // that are among those it makes
	}{
		"first load":             {func(*lab) {}, 1, []string{"mkdir", "open", "flock", write, "fstat", "close", "rename", "stat"}},
		"over what another left": {(*lab).leave, 1, []string{"mkdir", "unlink", write, "rename"}},
		"a new version":          {func(*lab) {}, 2, []string{"open", write, "rename"}},
	} {
		if name == "over what another left" && inSeveral() {
			continue // that is over before anything comes
		}
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			body := fewPieces()
			for n := 1; ; n++ {
				c.prepare(l)
				calls, ended := l.killBeforeCall(n, c.loads, body)
				f := get(t, File("s3://b/k"))
				want(t, "content", content(t, f), string(body))
				l.onlyOnDisk(f)
				want(t, "folders", len(l.folders()), 1)
				if t.Failed() {
					t.Fatalf("killed before call %d of %q", n, calls)
				}
				l.newProcess()
				if !ended {
					continue
				}
				for _, call := range c.calls {
					if !slices.Contains(calls, call) {
						t.Errorf("no %s among %q", call, calls)
					}
				}
				return
			}
		})
	}
}

// killBeforeCall has a child load several times and kills it before the nth call of the
// last load; after it, if that does not make so many.
func (l *lab) killBeforeCall(n, loads int, body []byte) (calls []string, ended bool) {
	l.t.Helper()
	l.S3.Put("b", "k", []byte("old"))
	count := func(call string) bool {
		calls = append(calls, call)
		return len(calls) == n
	}
	var c *traced
	if loads == 1 {
		l.S3.Put("b", "k", body)
		c = l.trace("s3://b/k", count)
	} else {
		c = l.trace("s3://b/k", nil)
		c.holds("the old version", c.line(), []byte("old"))
		l.S3.Put("b", "k", body)
		c.on(count)
		c.tell("again")
	}
	said := c.line()
	if said != "" {
		c.holds("not killed", said, body)
	}
	c.kill()
	return calls, said != ""
}

// newProcess cleans /tmp and makes the test a process that has not loaded yet.
func (l *lab) newProcess() {
	l.t.Helper()
	testhook.Reset()
	if err := os.RemoveAll(l.shared()); err != nil {
		l.t.Fatal(err)
	}
}

// leave makes the folder of a process that is no more, with a whole file and a part.
func (l *lab) leave() {
	l.t.Helper()
	dead := filepath.Join(l.shared(), "1-dead")
	if err := os.MkdirAll(dead, 0o700); err != nil {
		l.t.Fatal(err)
	}
	for _, name := range []string{"whole", "other" + partSuffix} {
		if err := os.WriteFile(filepath.Join(dead, name), []byte("left behind"), 0o600); err != nil {
			l.t.Fatal(err)
		}
	}
}
