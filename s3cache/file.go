package s3cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// LocalFile is one version of an object as a file. It never changes; a new version
// of the object is another LocalFile at another path.
//
// The file is this package's. It is removed some time after nothing reaches the
// LocalFile any more. Within a Wrap that lists the entry the invocation's snapshot
// does; elsewhere hold the LocalFile for as long as you use its path:
//
//	f, err := model.Get(ctx)
//	...
//	err = load(f.Path())
//	runtime.KeepAlive(f)
//
// All invocations share the file: read it, do not write to it, rename or remove it.
// All methods may be called from any goroutine.
type LocalFile struct {
	folder  *folder
	name    string // in the folder
	key     string // the entry's
	version string
	info    fs.FileInfo // as it was when the download ended
}

// Path is where the file is, an absolute path. It is good for as long as the
// LocalFile is held. It has nothing of the object's key, not even its extension.
func (f *LocalFile) Path() string { return filepath.Join(f.folder.path, f.name) }

// Open opens the file for reading. The caller closes it, and may read it to its end
// whatever becomes of the LocalFile. It fails if somebody has removed the file, or
// changed it, which Path cannot tell; the entry's next load then brings it back.
func (f *LocalFile) Open() (*os.File, error) {
	file, err := f.open()
	if err != nil {
		return nil, fmt.Errorf("s3cache: open the file of %s in %s: %w; the entry's next load brings it back", f.key, f.folder.path, err)
	}
	return file, nil
}

func (f *LocalFile) open() (*os.File, error) {
	defer runtime.KeepAlive(f) // or it might be removed before it is open
	file, err := f.folder.root.OpenFile(f.name, readOnly, 0)
	if err != nil {
		return nil, err
	}
	now, err := file.Stat()
	if err == nil && !same(f.info, now) {
		err = errors.New("it is not the file that was downloaded, or was changed since")
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Version is the object's ETag, with its quotes: the entry's Version when it was
// loaded. It is "" if the answer had none.
func (f *LocalFile) Version() string { return f.version }

// Size is the object's size in bytes.
func (f *LocalFile) Size() int64 { return f.info.Size() }

// intact reports whether the file is still where it was put and what it was then.
// Users clean /tmp.
func (f *LocalFile) intact() bool {
	now, err := os.Lstat(f.Path())
	return err == nil && same(f.info, now)
}

// same reports whether a file is the one it was, and as it was. The mode is part of
// it: who may not read the file does not have it.
func same(was, now fs.FileInfo) bool {
	return os.SameFile(was, now) && now.Mode() == was.Mode() &&
		now.Size() == was.Size() && now.ModTime().Equal(was.ModTime())
}
