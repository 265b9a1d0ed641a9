package s3cache

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// fullDisk takes room bytes and refuses the rest, as a /tmp that fills up.
type fullDisk struct {
	output
	room *int
	full syscall.Errno
	mu   *sync.Mutex
}

func (d *fullDisk) Write(p []byte) (int, error) { return d.write(p, d.output.Write) }

func (d *fullDisk) WriteAt(p []byte, from int64) (int, error) {
	return d.write(p, func(p []byte) (int, error) { return d.output.WriteAt(p, from) })
}

func (d *fullDisk) write(p []byte, write func([]byte) (int, error)) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(p), *d.room)
	*d.room -= n
	if _, err := write(p[:n]); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, &os.PathError{Op: "write", Path: "x", Err: d.full}
	}
	return n, nil
}

func (d *fullDisk) refund(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*d.room += n
}

// limitDisk makes the disk as small as room says.
func limitDisk(t *testing.T, room *int, full syscall.Errno) {
	real := create
	instead(t, &create, func(root *os.Root, name string, flag int) (output, error) {
		f, err := real(root, name, flag)
		return &fullDisk{f, room, full, new(sync.Mutex)}, err
	})
}

// The disk fills up at every byte of an object, and at every edge of the pieces that a
// large one is written in. The old value stays, nothing of the new one does, and with
// room there is a new value.
func TestDiskFullAtEveryByte(t *testing.T) {
	bothWays(t, 20, diskFullAtEveryByte)
}

func diskFullAtEveryByte(t *testing.T) {
	small := bigBody()[:100]
	for name, c := range map[string]struct {
		body []byte
		full syscall.Errno
		step int
		text string
	}{
		"every byte":              {small, syscall.ENOSPC, 1, "no space left on device"},
		"the user's share of it":  {small, syscall.EDQUOT, 10, "disk quota exceeded"},
		"every piece, and around": {bigBody(), syscall.ENOSPC, chunk / 4, "no space left on device"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", []byte("old"))
			e := File("s3://b/k")
			old := get(t, e)
			l.S3.Put("b", "k", c.body)
			var room int
			limitDisk(t, &room, c.full)
			text := fmt.Sprintf("no room in %s for an object of %d bytes beside what is there: %s; raise the function's EphemeralStorage",
				old.folder.path, len(c.body), c.text)
			for n := 0; n < len(c.body); n += c.step {
				for _, around := range []int{n - 1, n, n + 1} {
					if around < 0 || around >= len(c.body) || c.step == 1 && around != n {
						continue
					}
					room = around
					_, err := e.Refresh(t.Context())
					if err == nil || !strings.Contains(err.Error(), text) || !errors.Is(err, c.full) {
						t.Fatalf("full after %d bytes: %v", around, err)
					}
					l.onlyOnDisk(old)
				}
			}
			want(t, "old", content(t, old), "old")
			want(t, "the entry's version", e.Version(), old.Version())
			room = len(c.body)
			l.pass()
			want(t, "with room", content(t, get(t, e)), string(c.body))
		})
	}
}

// The disk may also be full when the file is made, asked about, or closed.
func TestDiskFullAroundTheWriting(t *testing.T) {
	bothWays(t, 50_000, diskFullAroundTheWriting)
}

func diskFullAroundTheWriting(t *testing.T) {
	real := create
	for name, limited := range map[string]func(root *os.Root, name string, flag int) (output, error){
		"made": func(*os.Root, string, int) (output, error) { return nil, syscall.ENOSPC },
		"asked": func(root *os.Root, name string, flag int) (output, error) {
			f, err := real(root, name, flag)
			return failingStat{f}, err
		},
		"closed": func(root *os.Root, name string, flag int) (output, error) {
			f, err := real(root, name, flag)
			return failingClose{f}, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", []byte("old"))
			e := File("s3://b/k")
			old := get(t, e)
			l.S3.Put("b", "k", bigBody())
			instead(t, &create, limited)
			l.pass()
			fails(t, e, "no room in ", "raise the function's EphemeralStorage")
			l.onlyOnDisk(old)
			create = real
			want(t, "with room", content(t, get(t, e)), string(bigBody()))
		})
	}
}

type failingStat struct{ output }

func (failingStat) Stat() (fs.FileInfo, error) { return nil, syscall.ENOSPC }

type failingClose struct{ output }

func (f failingClose) Close() error { return errors.Join(f.output.Close(), syscall.ENOSPC) }

func TestDiskFullWithoutLength(t *testing.T) {
	newLab(t)
	room := 2
	limitDisk(t, &room, syscall.ENOSPC)
	client := &broken{body: io.NopCloser(strings.NewReader("abc"))}
	fails(t, File("s3://b/k", Client(client)), " for an object beside what is there: no space left on device")
}

// What nobody reads any more makes room for a download before it fails.
func TestDiskFullOfOldVersions(t *testing.T) {
	bothWays(t, 50_000, diskFullOfOldVersions)
}

func diskFullOfOldVersions(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "other", bigBody())
	l.S3.Put("b", "k", bigBody())
	room := 400_000
	limitDisk(t, &room, syscall.ENOSPC)
	other := File("s3://b/other")
	path := get(t, other).Path()
	lambdacache.Invalidate(other)
	testlab.Landed() // and nothing reaches the file any more, the load neither
	want(t, "on disk", len(l.onDisk()), 1)
	real := create
	var mu sync.Mutex
	refunded := false
	instead(t, &create, func(root *os.Root, name string, flag int) (output, error) {
		f, err := real(root, name, flag)
		return &refunding{f, func() {
			mu.Lock()
			defer mu.Unlock()
			if _, err := os.Lstat(path); err != nil && !refunded {
				refunded = true
				f.(*fullDisk).refund(len(bigBody()))
			}
		}}, err
	})
	f := get(t, File("s3://b/k"))
	want(t, "content", content(t, f), string(bigBody()))
	l.onlyOnDisk(f)
}

// refunding looks before each write whether room was made.
type refunding struct {
	output
	look func()
}

func (r *refunding) Write(p []byte) (int, error) {
	r.look()
	return r.output.Write(p)
}

func (r *refunding) WriteAt(p []byte, from int64) (int, error) {
	r.look()
	return r.output.WriteAt(p, from)
}
