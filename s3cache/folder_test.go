//go:build unix

package s3cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What others have put in our place is not used, and the error says what is wrong.
func TestFolderNotOurs(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(path, elsewhere string) error
		text  string
	}{
		"a link":          {func(path, elsewhere string) error { return os.Symlink(elsewhere, path) }, "it is a symbolic link"},
		"a dangling link": {func(path, elsewhere string) error { return os.Symlink(elsewhere+"/x", path) }, "it is a symbolic link"},
		"a file":          {func(path, _ string) error { return os.WriteFile(path, nil, 0o600) }, "it is not a folder"},
		"a pipe":          {func(path, _ string) error { return syscall.Mkfifo(path, 0o700) }, "it is not a folder"},
		"a socket":        {listen, "it is not a folder"},
		"open to a group": {func(path, _ string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o770)) }, "its mode is -rwxrwx---, not 0700"},
		"read by a group": {func(path, _ string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o750)) }, "its mode is -rwxr-x---, not 0700"},
		"locked":          {func(path, _ string) error { return os.Mkdir(path, 0) }, "its mode is ----------, not 0700"},
		"open to all":     {func(path, _ string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o777)) }, "its mode is -rwxrwxrwx, not 0700"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", []byte("x"))
			elsewhere := t.TempDir()
			if err := c.plant(l.shared(), elsewhere); err != nil {
				t.Fatal(err)
			}
			e := File("s3://b/k")
			fails(t, e, "the folder "+l.shared()+" for files cannot be used: "+c.text+": remove it, or set TMPDIR")
			if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) > 0 {
				t.Errorf("written elsewhere: %v, %v", entries, err)
			}
			if err := os.RemoveAll(l.shared()); err != nil {
				t.Fatal(err)
			}
			want(t, "after", content(t, get(t, e)), "x")
		})
	}
}

func listen(path, _ string) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Close(fd))
}

// folderInfo is a folder of another user.
type folderInfo struct {
	fs.FileInfo
	stat syscall.Stat_t
}

func (i *folderInfo) Sys() any { return &i.stat }

func TestFolderThatBelongsToAnother(t *testing.T) {
	info, err := os.Lstat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	foreign := &folderInfo{info, *info.Sys().(*syscall.Stat_t)}
	foreign.stat.Uid++
	if err := checkShared(foreign); err == nil || err.Error() != "it belongs to another user" {
		t.Error(err)
	}
}

// What stands under the name of a part is not written to, and what stands under that of
// a whole file is not written through.
func TestNamesAreTaken(t *testing.T) {
	for name, plant := range map[string]func(victim, path string) error{
		"a link":          os.Symlink,
		"a dangling link": func(victim, path string) error { return os.Symlink(victim+"/nosuch", path) },
		"a hard link":     func(victim, path string) error { return os.Link(victim, path) },
		"a file":          func(_, path string) error { return os.WriteFile(path, []byte("planted"), 0o600) },
		"a pipe":          func(_, path string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":        func(_, path string) error { return os.MkdirAll(path+"/full", 0o700) },
	} {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " whole=", whole), func(t *testing.T) {
				l := newLab(t)
				l.S3.Put("b", "k", []byte("x"))
				victim := filepath.Join(t.TempDir(), "victim")
				if err := os.WriteFile(victim, []byte("the victim's"), 0o600); err != nil {
					t.Fatal(err)
				}
				real := create
				instead(t, &create, func(root *os.Root, name string, flag int) (output, error) {
					create = real
					if whole {
						name, _ := strings.CutSuffix(name, partSuffix)
						err := plant(victim, filepath.Join(root.Name(), name))
						f, createErr := real(root, name+partSuffix, flag)
						return f, errors.Join(err, createErr)
					}
					err := plant(victim, filepath.Join(root.Name(), name))
					f, createErr := real(root, name, flag)
					return f, errors.Join(err, createErr)
				})
				e := File("s3://b/k")
				if !whole {
					fails(t, e, "write to "+l.shared(), ": file exists")
				}
				if whole && name == "a folder" {
					fails(t, e, "write to "+l.shared(), ": file exists")
				}
				want(t, "content", content(t, get(t, e)), "x")
				if got, err := os.ReadFile(victim); err != nil || string(got) != "the victim's" {
					t.Errorf("the victim has %q, %v", got, err)
				}
			})
		}
	}
}

func TestNoFolderForTemporaryFiles(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("x"))
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nosuch"))
	err := failure(t, File("s3://b/k"), "the folder ", " for files cannot be used: ", "no such file or directory")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// The folders of processes that are no more are removed, whatever is in them; a
// living process' folder is not.
func TestSweep(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("x"))
	dead, alive := filepath.Join(l.shared(), "1-dead"), filepath.Join(l.shared(), "2-alive")
	for _, dir := range []string{l.shared(), dead, filepath.Join(dead, "deeper"), alive} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dead + "/a", dead + "/b.part", dead + "/deeper/c", alive + "/a"} {
		if err := os.WriteFile(path, []byte("left behind"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(alive, filepath.Join(l.shared(), "3-link")); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Open(alive)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := tryLock(lock); err != nil {
		t.Fatal(err)
	}
	want(t, "content", content(t, get(t, File("s3://b/k"))), "x")
	if _, err := os.Lstat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder of a dead process is still there:", err)
	}
	if _, err := os.Lstat(alive + "/a"); err != nil {
		t.Error("the folder of a living process:", err)
	}
}

// A folder that a sweeper has taken for a dead one, or removed, is not occupied.
func TestLockFolderOfSweeper(t *testing.T) {
	shared, err := openShared(filepath.Join(t.TempDir(), "shared"))
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	if err := shared.Mkdir("new", 0o700); err != nil {
		t.Fatal(err)
	}
	sweeper, err := shared.Open("new")
	if err != nil {
		t.Fatal(err)
	}
	if err := tryLock(sweeper); err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(shared, "new"); !isLocked(err) {
		t.Error("while it is swept:", err)
	}
	sweeper.Close()
	if err := shared.Remove("new"); err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(shared, "new"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("after it was swept:", err)
	}
}

// Who finds his folder swept makes another; one that is occupied stays.
func TestOccupyAgainstSweepers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared")
	shared, err := openShared(path)
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	stop := make(chan struct{})
	var sweepers sync.WaitGroup
	for range 4 {
		sweepers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					sweep(shared)
				}
			}
		})
	}
	for range 200 {
		d, err := occupy(shared)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := d.root.WriteFile("f", nil, 0o600); err != nil {
			t.Error("the folder is occupied, but:", err)
		}
		if !d.stands(path) {
			t.Error("the folder is occupied, but gone")
		}
		d.lock.Close()
		d.root.Close()
	}
	close(stop)
	sweepers.Wait()
}

func TestFolderFollowsTMPDIR(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	e := File("s3://b/k")
	first := get(t, e)
	t.Setenv("TMPDIR", t.TempDir())
	l.S3.Put("b", "k", []byte("two"))
	l.clock.Advance(time.Hour)
	second := get(t, e)
	l.onlyOnDisk(second)
	want(t, "old", content(t, first), "one")
}
