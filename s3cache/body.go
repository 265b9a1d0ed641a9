package s3cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache/internal/awsfault"
)

// body is an object on its way, or a part of one. Its end is reported only if it is the
// announced one, so that a reader that got as far has all of it.
type body struct {
	io.ReadCloser
	ctx      context.Context
	etag     string // "" if the answer had none
	checksum checksum
	length   int64 // as announced, -1 if it was not
	got      int64
	part     *piece // nil for a whole object
}

func newBody(ctx context.Context, out *s3.GetObjectOutput) *body {
	b := &body{ReadCloser: out.Body, ctx: ctx, etag: aws.ToString(out.ETag), checksum: checksumOf(out), length: -1}
	if out.ContentLength != nil {
		b.length = aws.ToInt64(out.ContentLength)
	}
	if b.ReadCloser == nil {
		b.ReadCloser = http.NoBody
	}
	return b
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.got += int64(n)
	switch {
	case b.length >= 0 && b.got > b.length:
		return n, fmt.Errorf("%s goes on after the %d bytes announced", b.what(), b.length)
	case err == nil:
		return n, nil
	case err == io.EOF && b.length >= 0 && b.got < b.length:
		return n, b.broken(io.ErrUnexpectedEOF)
	case err == io.EOF:
		return n, io.EOF
	case b.got == b.length && b.ctx.Err() == nil:
		// Nothing is left that could fail but the comparison of checksums. The SDK's
		// error holds them both: too much to know about an object that is short.
		return n, b.changed()
	}
	return n, b.broken(err)
}

// size is the size of an object that has come.
func (b *body) size() int64 {
	if b.length >= 0 {
		return b.length
	}
	return b.got
}

func (b *body) what() string {
	if b.part == nil {
		return "the object"
	}
	return fmt.Sprintf("the object's part from byte %d on", b.part.from)
}

// changed is the error of an object that does not have its checksum.
func (b *body) changed() error {
	return fmt.Errorf("%s's %d bytes do not have its checksum: they changed on the way", b.what(), b.length)
}

// broken is the error of an object that ends too early.
func (b *body) broken(err error) error {
	of := ""
	if b.length >= 0 {
		of = fmt.Sprintf(" of its %d", b.length)
	}
	text := fmt.Sprintf("%s broke off after %d%s bytes: ", b.what(), b.got, of)
	return &brokenError{text: text, err: awsfault.Classify(err, awsfault.Denial{})}
}

// brokenError is a body that ended too early.
type brokenError struct {
	text  string
	err   error
	tried bool // again, as often as may be
}

func (e *brokenError) Error() string { return e.text + e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// brokenOff is why an object is to be asked for again: its body broke off. The SDK
// tries again only until the body begins.
func brokenOff(err error) error {
	if e, ok := errors.AsType[*brokenError](err); ok && !e.tried {
		return e
	}
	return nil
}

// tried is the error of a part that was asked for again in vain: the object is not.
func tried(err error) error {
	if e, ok := errors.AsType[*brokenError](err); ok {
		e.tried = true
	}
	return err
}

// trusted is how much memory an announced length may take before a byte has come.
const trusted = 16 << 20

// readAll reads the object into memory. The slice is as long as announced, but for a
// length that no body stands behind: it grows to at most four times what has come.
func (b *body) readAll() ([]byte, error) {
	// The byte more is room for the read that finds the end.
	data := make([]byte, 0, room(512, b.length+1, trusted))
	for {
		n, err := b.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF: //nolint:errorlint // a body that broke off may wrap one
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = append(make([]byte, 0, room(2*cap(data), b.length+1, 4*cap(data))), data...)
		}
	}
}

// room is the capacity for a body of a given size, 0 if it is not known.
func room(unknown int, size int64, most int) int {
	if size <= 0 {
		return unknown
	}
	return int(min(size, int64(most)))
}
