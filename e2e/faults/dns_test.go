package faults

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
)

// The codes of DNS for what went wrong.
const (
	serverFailure = 2
	nameError     = 3
)

// nameServer says that every name is this machine's, or fails.
type nameServer struct {
	net.PacketConn
	code atomic.Int32
}

// serveNames makes every lookup of the process ask a name server of its own, until
// the test ends.
func serveNames(t *testing.T) *nameServer {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{PacketConn: c}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.serve()
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = c.Close()
		<-ended
	})
	return s
}

// fail makes lookups fail with a code; 0 heals them.
func (s *nameServer) fail(code int32) { s.code.Store(code) }

func (s *nameServer) serve() {
	buf := make([]byte, 512)
	for {
		n, from, err := s.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := s.answer(buf[:n]); answer != nil {
			_, _ = s.WriteTo(answer, from)
		}
	}
}

// answer is the answer to a query of one question: its header, the question, and for
// an IPv4 address one record.
func (s *nameServer) answer(query []byte) []byte {
	const header, typeA = 12, 1
	end := header
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5 // the root's label, type and class
	if end > len(query) {
		return nil
	}
	code := s.code.Load()
	answer := append([]byte{}, query[:2]...)
	answer = append(answer, 0x84, 0x80|byte(code), 0, 1, 0, 0, 0, 0, 0, 0)
	answer = append(answer, query[header:end]...)
	if code == 0 && binary.BigEndian.Uint16(query[end-4:]) == typeA {
		answer[7] = 1
		answer = append(answer, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return answer
}
