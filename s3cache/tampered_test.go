//go:build unix

package s3cache

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// tampers are what users do to a file, or to a folder above it, between two loads.
var tampers = map[string]func(path string) error{
	"removed":   os.Remove,
	"truncated": func(path string) error { return os.Truncate(path, 1) },
	"emptied":   func(path string) error { return os.Truncate(path, 0) },
	"rewritten": func(path string) error { return os.WriteFile(path, []byte("ONE"), 0o600) },
	"replaced":  func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, []byte("ONE"), 0o600)) },
	"replaced as of the same time": func(path string) error {
		info, err := os.Stat(path)
		return errors.Join(err, os.WriteFile(path+".new", []byte("ONE"), 0o600),
			os.Chtimes(path+".new", info.ModTime(), info.ModTime()), os.Rename(path+".new", path))
	},
	"a link": func(path string) error {
		return errors.Join(os.Rename(path, path+".moved"), os.Symlink(path+".moved", path))
	},
	"a link out": func(path string) error {
		return errors.Join(os.Rename(path, os.Getenv("TMPDIR")+"/moved"), os.Symlink(os.Getenv("TMPDIR")+"/moved", path))
	},
	"a pipe":         func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) },
	"locked":         func(path string) error { return os.Chmod(path, 0) },
	"folder locked":  func(path string) error { return os.Chmod(filepath.Dir(path), 0) },
	"folder removed": func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
	"folder moved":   func(path string) error { return os.Rename(filepath.Dir(path), os.Getenv("TMPDIR")+"/moved") },
	"/tmp cleaned":   func(path string) error { return os.RemoveAll(filepath.Dir(filepath.Dir(path))) },
}

// tamperAll runs a test for each of tampers.
func tamperAll(t *testing.T, test func(t *testing.T, name string, tamper func(path string) error)) {
	for name, tamper := range tampers {
		t.Run(name, func(t *testing.T) {
			if name == "folder locked" && os.Getuid() == 0 {
				t.Skip("nothing is locked for root; see TestAsAnotherUser")
			}
			test(t, name, tamper)
		})
	}
}

// found are those that LocalFile.Open does not mind: it has the file all the same,
// though it is no more where Path says.
var found = map[string]bool{"folder moved": true}

// Whatever was done to the file, "unchanged" from S3 does not bring it back: the
// object is asked for without condition. Who had it open reads on.
func TestFileTamperedWith(t *testing.T) {
	tamperAll(t, func(t *testing.T, name string, tamper func(path string) error) {
		l := newLab(t)
		l.S3.Put("b", "k", []byte("one"))
		e := File("s3://b/k")
		first := get(t, e)
		reader, err := first.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		if err := tamper(first.Path()); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(reader); name != "truncated" && name != "emptied" && name != "rewritten" && (err != nil || string(got) != "one") {
			t.Errorf("who had it open reads %q, %v", got, err)
		}
		want(t, "within max age", get(t, e), first)
		l.opens(first, found[name])

		l.pass()
		second := get(t, e)
		want(t, "content", content(t, second), "one")
		want(t, "version", second.Version(), first.Version())
		want(t, "calls", l.Calls(""), 2)
		want(t, "condition", l.Requests()[1].Header.Get("If-None-Match"), "")
		l.opens(second, true)

		l.pass()
		want(t, "the same file", get(t, e), second)
		want(t, "unchanged", l.Requests()[2].Status, 304)
		_ = os.Chmod(filepath.Dir(first.Path()), 0o700) // or who is not root could not remove it
	})
}

// opens opens a file, which must be as it was downloaded, or not open.
func (l *lab) opens(f *LocalFile, ok bool) {
	l.t.Helper()
	file, err := f.Open()
	if err == nil {
		defer file.Close()
		got, readErr := io.ReadAll(file)
		want(l.t, "opened", string(got), "one")
		err = readErr
	} else if text := err.Error(); !strings.HasPrefix(text, "s3cache: open the file of s3://b/k in "+f.folder.path) ||
		!strings.HasSuffix(text, "; the entry's next load brings it back") {
		l.t.Error(err)
	}
	if (err == nil) != ok {
		l.t.Errorf("Open: %v, want success: %v", err, ok)
	}
}

// The file goes while S3 is asked whether it changed. "Unchanged" does not help then.
func TestFileTamperedWithDuringTheLoad(t *testing.T) {
	tamperAll(t, func(t *testing.T, _ string, tamper func(path string) error) {
		l := newLab(t)
		l.S3.Put("b", "k", []byte("one"))
		e := File("s3://b/k")
		first := get(t, e)
		l.Fail(cachetest.Fault{Times: 1, Do: cachetest.AtByte(0, func() {
			if err := tamper(first.Path()); err != nil {
				t.Error(err)
			}
		})})
		l.pass()
		second := get(t, e)
		l.opens(second, true)
		want(t, "content", content(t, second), "one")
		want(t, "asked if it changed", l.Requests()[1].Status, 304)
		want(t, "asked for it", l.Requests()[2].Status, 200)
		_ = os.Chmod(filepath.Dir(first.Path()), 0o700)
	})
}

func TestOpenRemovedFile(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k")
	f := get(t, e)
	if err := os.Remove(f.Path()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	f, err := e.Refresh(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "content", content(t, f), "one")
}

// Who opens the folder of all processes to others has no files in it from then on.
func TestFolderOpenedToOthers(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k")
	first := get(t, e)
	if err := os.Chmod(l.shared(), 0o770); err != nil {
		t.Fatal(err)
	}
	l.S3.Put("b", "k", []byte("two"))
	l.pass()
	fails(t, e, "the folder "+l.shared()+" for files cannot be used: its mode is -rwxrwx---, not 0700: remove it, or set TMPDIR")
	l.opens(first, true)
	if err := os.Chmod(l.shared(), 0o700); err != nil {
		t.Fatal(err)
	}
	want(t, "content", content(t, get(t, e)), "two")
}
