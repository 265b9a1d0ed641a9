package s3cache

import (
	"io"

	"github.com/lambda-cache/lambdacache/internal/awsretry"
)

// target is where the bytes of an object go.
type target interface {
	io.WriterAt
	io.ReaderAt
}

// memory is an object in memory.
type memory []byte

func (m memory) WriteAt(p []byte, from int64) (int, error) { return copy(m[from:], p), nil }

func (m memory) ReadAt(p []byte, from int64) (int, error) {
	n := copy(p, m[from:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// stream gets pieces of an object, one after the other.
type stream struct {
	*ranges
	into   target
	open   *body // the answer that goes on with what is in front, nil if it is another stream's
	next   piece
	buffer []byte
}

// piece is what is asked for at once: the bytes of an object from one before another.
type piece struct{ from, to int64 }

func (s *stream) run() error {
	defer s.close() // its connection is wanted for other requests
	s.buffer = make([]byte, chunk)
	for ; s.next.from < s.next.to; s.next = s.claim() {
		if err := s.fetch(s.next); err != nil {
			return err
		}
	}
	return nil
}

// claim takes a piece that nobody has asked for yet, an empty one if there is none. The
// less is left the smaller the pieces get, so that all streams end at about the same
// time.
func (s *stream) claim() piece {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.back - s.front
	n := min(left, max(leastRange, left/int64(s.streams)))
	if s.open != nil {
		s.front += n
		return piece{s.front - n, s.front}
	}
	s.back -= n
	return piece{s.back, s.back + n}
}

func (s *stream) close() {
	if s.open != nil {
		s.open.Close()
		s.open = nil
	}
}

// fetch gets a piece, and what is missing of it again if an answer breaks off.
func (s *stream) fetch(p piece) (err error) {
	awsretry.Loop(s.ctx, s.policy(), func() error {
		if s.open == nil {
			err = s.ask(&p)
		} else if err = s.land(s.open, &p); err != nil {
			s.close()
		}
		return brokenOff(err)
	})
	return tried(err)
}

// ask gets a piece by a request of its own.
func (s *stream) ask(p *piece) error {
	b, err := s.get(s.ctx, *p)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := s.land(b, p); err != nil {
		return err
	}
	if _, err := b.Read(s.buffer[:1]); err != io.EOF { //nolint:errorlint // a body that broke off may wrap one
		return err
	}
	return nil
}

// land writes what comes of a piece to its place. What is still to come is p afterwards.
func (s *stream) land(b *body, p *piece) error {
	from, h := p.from, s.sums.begin()
	defer func() { s.sums.end(h, from, p.from-from) }()
	for p.from < p.to {
		n, err := b.Read(s.buffer[:min(chunk, p.to-p.from)])
		if n > 0 {
			if _, err := s.into.WriteAt(s.buffer[:n], p.from); err != nil {
				return err
			}
			if h != nil {
				h.Write(s.buffer[:n])
			}
			p.from += int64(n)
		}
		if err != nil && (p.from < p.to || err != io.EOF && brokenOff(err) == nil) { //nolint:errorlint // a body that broke off may wrap one
			return err
		}
	}
	return nil
}
