package s3cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// download makes a file of an object. Until all of it has come and passed its
// checksum the file has another name, and whatever stops it, nothing of it stays.
func download(key string, b *body) (*LocalFile, error) {
	dir, err := disk.folder()
	if err != nil {
		return nil, err
	}
	of := digest(key)
	dir.trim(of)
	name := of + "-" + rand.Text()
	leftover := name + partSuffix
	defer func() {
		if leftover != "" {
			_ = dir.root.Remove(leftover) // it may not have got as far as to be there
		}
	}()
	made, err := dir.save(leftover, b)
	if err != nil {
		return nil, err
	}
	if err := dir.root.Rename(leftover, name); err != nil {
		return nil, diskError(dir, b, err)
	}
	leftover = name
	// By its path, as users find it: the folder may have been moved.
	info, err := os.Lstat(filepath.Join(dir.path, name))
	if err != nil {
		return nil, diskError(dir, b, err)
	}
	if !os.SameFile(made, info) || info.Mode() != made.Mode() || info.Size() != b.got {
		return nil, diskError(dir, b, errors.New("somebody changed the file while it was written"))
	}
	leftover = ""
	return dir.publish(&LocalFile{folder: dir, name: name, key: key, version: b.etag, info: info}), nil
}

const partSuffix = ".part"

// chunk is the memory that a download takes besides the connection's.
const chunk = 64 << 10

// save writes a body to a new file and tells which file that is, because another may
// have its name by now.
func (d *folder) save(name string, b *body) (fs.FileInfo, error) {
	file, err := create(d.root, name)
	if isFull(err) {
		d.collect()
		file, err = create(d.root, name)
	}
	if err != nil {
		return nil, diskError(d, b, err)
	}
	defer file.Close() // again, if all went well
	out := &spool{file: file, makeRoom: d.collect}
	_, err = io.CopyBuffer(out, b, make([]byte, chunk))
	switch {
	case out.err != nil:
		return nil, diskError(d, b, out.err)
	case err != nil:
		return nil, err
	}
	made, err := file.Stat()
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return nil, diskError(d, b, err)
	}
	return made, nil
}

// output is what a download needs of an [os.File].
type output interface {
	io.WriteCloser
	Stat() (fs.FileInfo, error)
}

// create makes a file that was not there. Bytes go to its end, wherever that is: if
// somebody truncates it meanwhile its size tells. Tests put a full disk in its place.
var create = func(root *os.Root, name string) (output, error) {
	return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
}

// spool writes to a file and keeps the disk's errors apart from the network's. When
// the disk is full it tries once more with what old versions took.
type spool struct {
	file     io.Writer
	makeRoom func() // nil after it was called
	err      error
}

func (s *spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	if isFull(err) && s.makeRoom != nil {
		s.makeRoom()
		s.makeRoom = nil
		var m int
		m, err = s.file.Write(p[n:])
		n += m
	}
	s.err = err
	return n, err
}

// diskError says what the disk refused and, if it is full, what would help.
func diskError(d *folder, b *body, err error) error {
	// The names in these errors mean nothing to anybody; the folder does.
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	if !isFull(err) {
		return fmt.Errorf("write to %s: %w", d.path, err)
	}
	size := ""
	if b.length >= 0 {
		size = fmt.Sprintf(" of %d bytes", b.length)
	}
	return fmt.Errorf("no room in %s for an object%s beside what is there: %w%s", d.path, size, err, moreRoom)
}

const moreRoom = "; raise the function's EphemeralStorage, which is the size of its /tmp"
