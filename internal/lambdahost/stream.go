//go:build linux

package lambdahost

import (
	"context"
	"io"
)

// Stream is a response that can be read while the function still writes it. The
// host reads ahead without limit: a slow reader does not slow the function down.
// A Stream may be left unread.
type Stream struct {
	inv  *invocation
	read int // bytes already handed out
}

// RequestID returns the invocation's request id.
func (s *Stream) RequestID() string { return s.inv.RequestID }

// ContentType waits for the response to begin and returns its content type; empty
// if the function failed instead.
func (s *Stream) ContentType() string {
	s.inv.mu.Lock()
	defer s.inv.mu.Unlock()
	for !s.inv.begun {
		s.inv.more.Wait()
	}
	return s.inv.head.ContentType
}

// Read returns the response's next bytes as they arrive, and io.EOF after the
// last. If the function failed, before or after some bytes, the error is a
// *FunctionError. One goroutine may read at a time.
func (s *Stream) Read(p []byte) (int, error) {
	inv := s.inv
	inv.mu.Lock()
	defer inv.mu.Unlock()
	for s.read >= len(inv.body) && !inv.ended {
		inv.more.Wait()
	}
	switch {
	case s.read < len(inv.body):
		n := copy(p, inv.body[s.read:])
		s.read += n
		return n, nil
	case inv.stop != nil:
		return 0, inv.stop
	case inv.failure != nil:
		return 0, inv.failure
	default:
		return 0, io.EOF
	}
}

// Response waits until the invocation is over, as Invoke does, and returns its
// outcome with the complete payload. It neither needs nor disturbs Read.
func (s *Stream) Response(ctx context.Context) (*Response, error) {
	select {
	case <-s.inv.finished:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s.inv.err != nil {
		return nil, s.inv.err
	}
	result := s.inv.result
	return &result, nil
}
