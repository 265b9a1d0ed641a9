package s3cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// folder is where this process keeps its files: below the folder that all processes
// of a user share, one that nobody else writes to. Its lock tells others that the
// process lives.
type folder struct {
	path string      // absolute
	info fs.FileInfo // of path, when it was made
	root *os.Root    // all access goes through it: no name leads outside
	lock *os.File    // held as long as the folder is reachable

	mu    sync.Mutex
	files map[string]weak.Pointer[LocalFile] // what is on disk, by name

	released atomic.Int64 // keys that families have let go since the last collection
}

// disk is the folder in use.
var disk place

func init() { testhook.OnReset(disk.forget) }

type place struct {
	mu  sync.Mutex
	now *folder
}

// folder gives the process' folder and makes it when there is none: at the first
// download, after somebody has cleaned /tmp, or when [os.TempDir] is another.
func (p *place) folder() (*folder, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	temp, err := filepath.Abs(os.TempDir())
	if err != nil {
		return nil, fmt.Errorf("find the folder for files: %w", err)
	}
	path := filepath.Join(temp, "lambdacache-s3-"+strconv.Itoa(os.Getuid()))
	if p.now != nil && p.now.stands(path) {
		return p.now, nil
	}
	d, err := newFolder(path)
	if isFull(err) {
		return nil, fmt.Errorf("%w%s", err, moreRoom)
	}
	if err != nil {
		return nil, err
	}
	p.now = d
	return d, nil
}

// newFolder makes a folder below the shared one.
func newFolder(path string) (*folder, error) {
	shared, err := openShared(path)
	if err != nil {
		return nil, fmt.Errorf("the folder %s for files cannot be used: %w", path, err)
	}
	defer shared.Close()
	sweep(shared)
	d, err := occupy(shared)
	if err != nil {
		return nil, fmt.Errorf("make a folder for files in %s: %w", path, err)
	}
	return d, nil
}

func (p *place) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = nil
}

// stands reports whether the folder is still there and as it was, below the given one,
// which nobody has opened to others meanwhile.
func (d *folder) stands(shared string) bool {
	now, err := os.Lstat(d.path)
	if err != nil || filepath.Dir(d.path) != shared || !os.SameFile(d.info, now) || now.Mode() != d.info.Mode() {
		return false
	}
	above, err := os.Lstat(shared)
	return err == nil && checkShared(above) == nil
}

// openShared opens the folder of all processes of this user, and makes it if need be.
// /tmp is everybody's: what stands there already must be a folder of our own that
// nobody else can write to.
func openShared(path string) (*os.Root, error) {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := checkShared(info); err != nil {
		return nil, fmt.Errorf("%w: remove it, or set TMPDIR to a folder of the function's own", err)
	}
	root, err := os.OpenRoot(path + onlyFolder)
	if err != nil {
		return nil, err
	}
	if opened, err := root.Stat("."); err != nil || !os.SameFile(info, opened) {
		root.Close()
		return nil, errors.New("it was replaced while it was opened")
	}
	return root, nil
}

// onlyFolder behind a name keeps an open from waiting for the other end of a named pipe
// that somebody has put in the folder's place.
const onlyFolder = "/."

func checkShared(info fs.FileInfo) error {
	switch {
	case info.Mode().Type() == fs.ModeSymlink:
		return errors.New("it is a symbolic link")
	case !info.IsDir():
		return errors.New("it is not a folder")
	case !isOurs(info):
		return errors.New("it belongs to another user")
	case !isPrivate(info):
		return fmt.Errorf("its mode is %v, not 0700", info.Mode().Perm())
	}
	return nil
}

// sweep removes the folders of processes that have ended, with whatever they were
// writing. Nothing in them is worth a look: /tmp survives a crash, the knowledge of
// what is whole and what changed since does not.
func sweep(shared *os.Root) {
	dir, err := shared.Open(".")
	if err != nil {
		return // another time
	}
	defer dir.Close()
	entries, _ := dir.ReadDir(-1)
	for _, e := range entries {
		if e.IsDir() {
			sweepOne(shared, e.Name())
		}
	}
}

// sweepOne holds the folder's lock while it removes it, so that nobody can occupy it
// meanwhile.
func sweepOne(shared *os.Root, name string) {
	dir, err := shared.Open(name + onlyFolder)
	if err != nil {
		return
	}
	defer dir.Close()
	if tryLock(dir) == nil {
		_ = shared.RemoveAll(name)
	}
}

// occupy makes a folder and locks it. Between the two another process may take it for
// one that was left behind, lock and remove it.
func occupy(shared *os.Root) (*folder, error) {
	const attempts = 100
	for range attempts {
		name := strconv.Itoa(os.Getpid()) + "-" + rand.Text()
		if err := shared.Mkdir(name, 0o700); err != nil {
			return nil, err
		}
		d, err := lockFolder(shared, name)
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !isLocked(err) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("another process removed it, %d times", attempts)
}

func lockFolder(shared *os.Root, name string) (*folder, error) {
	root, err := shared.OpenRoot(name + onlyFolder)
	if err != nil {
		return nil, err
	}
	lock, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, err
	}
	d := &folder{path: filepath.Join(shared.Name(), name), root: root, lock: lock, files: make(map[string]weak.Pointer[LocalFile])}
	if err = tryLock(lock); err == nil || !isLocked(err) { // where there are no locks nobody sweeps
		d.info, err = d.find(shared, name)
	}
	if err != nil {
		lock.Close()
		root.Close()
		return nil, err
	}
	return d, nil
}

// find tells what is there under the folder's name. It is an error if that is not the
// folder: if it was swept before it was locked, or replaced.
func (d *folder) find(shared *os.Root, name string) (fs.FileInfo, error) {
	info, err := shared.Lstat(name)
	if err != nil {
		return nil, err
	}
	if locked, err := d.lock.Stat(); err != nil || !os.SameFile(info, locked) {
		return nil, fs.ErrNotExist
	}
	return info, nil
}
