package s3cache

import (
	"io"
	"io/fs"
	"os"
)

// output is what a download needs of an [os.File].
type output interface {
	io.WriteCloser
	io.WriterAt
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// create makes a file that was not there. Tests put a full disk in its place.
var create = func(root *os.Root, name string, flag int) (output, error) {
	return root.OpenFile(name, flag|os.O_CREATE|os.O_EXCL, 0o600)
}

// spool writes to a file, from several goroutines if need be, and marks the disk's
// errors, to tell them from the network's. When the disk is full it tries once more with
// what old versions took.
type spool struct {
	output
	makeRoom func() // whoever calls it while another does waits
}

func (s *spool) Write(p []byte) (int, error) {
	n, err := s.output.Write(p)
	if isFull(err) {
		s.makeRoom()
		var m int
		m, err = s.output.Write(p[n:])
		n += m
	}
	return n, spooled(err)
}

func (s *spool) WriteAt(p []byte, from int64) (int, error) {
	n, err := s.output.WriteAt(p, from)
	if isFull(err) {
		s.makeRoom()
		n, err = s.output.WriteAt(p, from)
	}
	return n, spooled(err)
}

func (s *spool) ReadAt(p []byte, from int64) (int, error) {
	n, err := s.output.ReadAt(p, from)
	if err != io.EOF { //nolint:errorlint // files do not wrap it
		err = spooled(err)
	}
	return n, err
}

// spoolError is an error of the disk.
type spoolError struct{ error }

func (e *spoolError) Unwrap() error { return e.error }

func spooled(err error) error {
	if err == nil {
		return nil
	}
	return &spoolError{err}
}
