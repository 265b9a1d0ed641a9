package s3cache

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A real /tmp of every size that is too small by some pages.
func TestTmpOfEverySize(t *testing.T) {
	bothWays(t, 10_000, tmpOfEverySize)
}

func tmpOfEverySize(t *testing.T) {
	const page = 4096
	l := newLab(t)
	resize := mountTmp(t)
	body := bigBody()[:20*page+1]
	l.S3.Put("b", "k", []byte("old"))
	resize("size=1M")
	e := File("s3://b/k")
	old := get(t, e)
	l.S3.Put("b", "k", body)
	failed := 0
	for pages := 1; ; pages++ {
		resize(fmt.Sprint("size=", pages*page))
		f, err := e.Refresh(t.Context())
		if err == nil {
			want(t, "content", content(t, f), string(body))
			break
		}
		failed++
		l.pass()
		fails(t, e, "no room in "+l.shared(), "no space left on device; raise the function's EphemeralStorage")
		l.onlyOnDisk(old)
		want(t, "old", content(t, old), "old")
	}
	if failed < len(body)/page {
		t.Errorf("there was no room %d times, want %d at least", failed, len(body)/page)
	}
}

// A real /tmp with room for bytes but not for another file or folder.
func TestTmpWithoutRoomForFiles(t *testing.T) {
	l := newLab(t)
	resize := mountTmp(t)
	l.S3.Put("b", "k", []byte("x"))
	e := File("s3://b/k")
	const root, shared, folder, file = 1, 1, 1, 1
	for inodes := root; inodes < root+shared+folder+file; inodes++ {
		resize(fmt.Sprint("nr_inodes=", inodes))
		fails(t, e, l.shared(), "no space left on device; raise the function's EphemeralStorage")
		want(t, "files", len(l.onDisk()), 0)
	}
	resize(fmt.Sprint("nr_inodes=", root+shared+folder+file))
	want(t, "with room", content(t, get(t, e)), "x")
}

// mountTmp gives the test a file system of its own for TMPDIR.
func mountTmp(t *testing.T) (resize func(options string)) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tmp")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1M"); err != nil {
		t.Skipf("a tmpfs cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil { // the last folder may not have been collected
			t.Error(err)
		}
	})
	t.Setenv("TMPDIR", dir)
	return func(options string) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, options); err != nil {
			t.Fatal(err)
		}
	}
}
