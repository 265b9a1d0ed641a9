//go:build linux && (amd64 || arm64)

package s3cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// deeds are what somebody may do to the library's files while it loads: clean up, or
// plant something in their place. A deed that finds nothing to do does nothing.
var deeds = map[string]func(m *meddler) error{
	"remove the files": func(m *meddler) error { return m.files(os.Remove) },
	"empty the files":  func(m *meddler) error { return m.files(func(path string) error { return os.Truncate(path, 0) }) },
	"lock the files":   func(m *meddler) error { return m.files(func(path string) error { return os.Chmod(path, 0) }) },
	"replace the files": func(m *meddler) error {
		return m.files(func(path string) error {
			info, err := os.Lstat(path)
			if err != nil {
				return err
			}
			forged := []byte(strings.Repeat("x", int(info.Size())))
			return errors.Join(os.WriteFile(path+".new", forged, 0o600), os.Rename(path+".new", path))
		})
	},
	"link the files": func(m *meddler) error {
		return m.files(func(path string) error {
			return errors.Join(os.Remove(path), os.Symlink(filepath.Join(m.victim, "file"), path))
		})
	},
	"pipe the files": func(m *meddler) error {
		return m.files(func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) })
	},

	"remove the folder": func(m *meddler) error { return m.folders(os.RemoveAll) },
	"move the folder":   func(m *meddler) error { return m.folders(m.away) },
	"lock the folder":   func(m *meddler) error { return m.folders(func(path string) error { return os.Chmod(path, 0) }) },
	"link the folder": func(m *meddler) error {
		return m.folders(func(path string) error { return errors.Join(m.away(path), os.Symlink(m.victim, path)) })
	},
	"pipe the folder": func(m *meddler) error {
		return m.folders(func(path string) error { return errors.Join(m.away(path), syscall.Mkfifo(path, 0o600)) })
	},

	"remove /tmp/…": func(m *meddler) error { return m.shared(os.RemoveAll) },
	"open /tmp/…":   func(m *meddler) error { return m.shared(func(path string) error { return os.Chmod(path, 0o777) }) },
	"link /tmp/…": func(m *meddler) error {
		return m.shared(func(path string) error { return errors.Join(m.away(path), os.Symlink(m.victim, path)) })
	},
	"pipe /tmp/…": func(m *meddler) error {
		return m.shared(func(path string) error { return errors.Join(m.away(path), syscall.Mkfifo(path, 0o700)) })
	},
}

// Whatever is done before whichever call of a load: the load succeeds with the whole
// object or fails, nothing outside is written or removed, and when what was planted is
// gone the next load succeeds.
func TestMeddlingBeforeEveryFileCall(t *testing.T) {
	bothWays(t, 40, meddlingBeforeEveryFileCall)
}

func meddlingBeforeEveryFileCall(t *testing.T) {
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			m := newMeddler(l)
			l.S3.Put("b", "k", []byte("first"))
			c := l.trace("s3://b/k", nil)
			c.holds("first", c.line(), []byte("first"))
			for _, fresh := range []bool{false, true} {
				if fresh && (strings.HasSuffix(name, "the files") || inSeveral()) {
					continue // there are none while the folders are made, and these are made before anything comes
				}
				for n := 0; ; n++ { // 0: between two loads
					made := m.meddle(c, n, fresh, deed)
					if t.Failed() {
						t.Fatalf("before call %d, in a folder that stands: %v", n, !fresh)
					}
					if made < n {
						break
					}
				}
			}
		})
	}
}

// While a process loads, another one comes at each of its calls, loads, and leaves a
// folder that is not locked any more. Both have their files.
func TestAnotherProcessAtEveryFileCall(t *testing.T) {
	bothWays(t, 40, anotherProcessAtEveryFileCall)
}

func anotherProcessAtEveryFileCall(t *testing.T) {
	l := newLab(t)
	m := newMeddler(l)
	m.strict = true
	theirs := bigBody()[:chunk+1]
	l.S3.Put("b", "other", theirs)
	l.S3.Put("b", "k", []byte("first"))
	c := l.trace("s3://b/k", nil)
	c.holds("first", c.line(), []byte("first"))
	for _, fresh := range []bool{false, true} {
		if fresh && inSeveral() {
			continue // folders are made before anything comes
		}
		for n := 0; ; n++ {
			var f *LocalFile
			testhook.Reset()
			made := m.meddle(c, n, fresh, func(*meddler) (err error) {
				l.leave()
				f, err = File("s3://b/other").Get(context.Background())
				return err
			})
			if f != nil {
				want(t, "the other's", content(t, f), string(theirs))
			}
			runtime.KeepAlive(f)
			if t.Failed() {
				t.Fatalf("before call %d, in a folder that stands: %v", n, !fresh)
			}
			if made < n {
				break
			}
		}
	}
}

// meddler has the child load while it does something, at the nth call.
type meddler struct {
	*lab
	victim string // a folder of the function's own
	moved  string // where things are moved to
	loads  int
	strict bool // no load may fail
}

func newMeddler(l *lab) *meddler {
	m := &meddler{lab: l, victim: l.t.TempDir(), moved: l.t.TempDir()}
	if err := os.Chmod(m.victim, 0o700); err != nil { // it looks like a folder of the library
		l.t.Fatal(err)
	}
	for _, path := range []string{"file", "1-dead/file", "1-dead/x.part"} {
		path = filepath.Join(m.victim, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("the victim's"), 0o600)); err != nil {
			l.t.Fatal(err)
		}
	}
	return m
}

func (m *meddler) meddle(c *traced, n int, fresh bool, deed func(*meddler) error) (made int) {
	m.t.Helper()
	m.clean(fresh)
	m.loads++
	body := fmt.Append(fewPieces(), m.loads)
	m.S3.Put("b", "k", body)
	before := m.look(m.victim)
	if n == 0 {
		if err := deed(m); err != nil {
			m.t.Error(err)
		}
	}
	seen := n == 0 // did the load look at its file after the deed? That is the last it does
	c.on(func(call string) bool {
		made++
		seen = seen || made >= n && call == "stat"
		if made == n {
			if err := deed(m); err != nil {
				m.t.Error(err)
			}
		}
		return false
	})
	said := c.again()
	c.on(nil)
	if m.strict {
		c.holds("shared with", said, body)
	} else if seen { // if not, it was over, and an old version was being removed
		m.check(c, "meddled with", said, body)
	}
	if after := m.look(m.victim); after != before {
		m.t.Errorf("outside it was\n%s\nand is\n%s", before, after)
	}
	m.clean(false)
	m.check(c, "afterwards", c.again(), body)
	return made
}

// check looks at what the child said: an error that names the folder is allowed where
// somebody meddles.
func (m *meddler) check(c *traced, what, said string, body []byte) {
	m.t.Helper()
	if what == "meddled with" && strings.HasPrefix(said, `error: lambdacache: load "k" from s3 s3://b/k: `) && strings.Contains(said, m.lab.shared()) {
		return
	}
	c.holds(what, said, body)
}

// clean removes what was planted, and what is ours if the next load is to make it.
func (m *meddler) clean(all bool) {
	m.t.Helper()
	info, err := os.Lstat(m.lab.shared())
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if all || !info.IsDir() || info.Mode().Perm() != 0o700 {
		if err := os.RemoveAll(m.lab.shared()); err != nil {
			m.t.Fatal(err)
		}
	}
}

// look is what is in a folder, as text.
func (m *meddler) look(dir string) string {
	var text strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&text, path, info.Mode(), info.ModTime())
		if !d.IsDir() {
			b, err := os.ReadFile(path)
			fmt.Fprintln(&text, string(b), err)
		}
		return nil
	})
	if err != nil {
		m.t.Error(err)
	}
	return text.String()
}

func (m *meddler) away(path string) error {
	m.loads++
	return os.Rename(path, filepath.Join(m.moved, fmt.Sprint(m.loads)))
}

// each does something to what is there.
func (m *meddler) each(pattern string, do func(path string) error) error {
	paths, err := filepath.Glob(pattern)
	for _, path := range paths {
		err = errors.Join(err, do(path))
	}
	return err
}

func (m *meddler) files(do func(path string) error) error {
	return m.each(filepath.Join(m.lab.shared(), "*", "*"), do)
}

func (m *meddler) folders(do func(path string) error) error {
	return m.each(filepath.Join(m.lab.shared(), "*"), do)
}

func (m *meddler) shared(do func(path string) error) error { return m.each(m.lab.shared(), do) }
