package s3cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// download makes a file of an object, which comes in parts if there are some. Until all
// of it has come and passed its checksum the file has another name, and whatever stops
// it, nothing of it stays.
func download(key string, b *body, parts *ranges) (*LocalFile, error) {
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
	made, err := dir.save(leftover, b, parts)
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
	if !os.SameFile(made, info) || info.Mode() != made.Mode() || info.Size() != b.size() {
		return nil, diskError(dir, b, errors.New("somebody changed the file while it was written"))
	}
	leftover = ""
	return dir.publish(&LocalFile{folder: dir, name: name, key: key, version: b.etag, info: info}), nil
}

const partSuffix = ".part"

// chunk is the memory that a stream of a download takes besides the connection's.
const chunk = 64 << 10

// save writes an object to a new file and tells which file that is, because another may
// have its name by now.
func (d *folder) save(name string, b *body, parts *ranges) (fs.FileInfo, error) {
	flag := os.O_WRONLY | os.O_APPEND // to the end, wherever that is: if somebody cuts the file its size tells
	if parts != nil {
		flag = os.O_RDWR
	}
	file, err := create(d.root, name, flag)
	if isFull(err) {
		d.collect()
		file, err = create(d.root, name, flag)
	}
	if err != nil {
		return nil, diskError(d, b, err)
	}
	defer file.Close() // again, if all went well
	out := &spool{output: file, makeRoom: sync.OnceFunc(d.collect)}
	if parts != nil {
		err = parts.fill(out)
	} else {
		_, err = io.CopyBuffer(out, b, make([]byte, chunk))
	}
	if e, ok := errors.AsType[*spoolError](err); ok {
		return nil, diskError(d, b, e.error)
	}
	if err != nil {
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
