package httpclient

import (
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leftover"
)

func TestMain(m *testing.M) { leftover.Main(m) }

// What arrives on an old connection, such as a server's goodbye, does not make it
// young.
func TestOldStaysOld(t *testing.T) {
	c := cachetest.NewClock(t)
	p := NewPool(new(http.Transport), time.Second, 10*time.Second)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours, err := p.dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	say := func() {
		t.Helper()
		if _, err := theirs.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if n, err := ours.Read(make([]byte, 1)); n != 1 {
			t.Fatal(err)
		}
	}
	for range 3 { // while it is young, what arrives keeps it young
		c.Advance(9 * time.Second)
		say()
	}
	if _, err := ours.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	c.Advance(10 * time.Second)
	say()
	if _, err := ours.Write([]byte("x")); !errors.Is(err, errOld) {
		t.Errorf("writing to an old connection: %v", err)
	}
}

func TestConnectionsAreForgotten(t *testing.T) {
	p := NewPool(new(http.Transport), time.Second, 10*time.Second)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := p.dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.open) != 1 {
		t.Errorf("%d open connections", len(p.open))
	}
	c.Close()
	c.Write([]byte("late"))
	if len(p.open) != 0 {
		t.Errorf("%d open connections after closing", len(p.open))
	}
}
