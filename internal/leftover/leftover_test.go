package leftover_test

import (
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/leftover"
)

func TestMain(m *testing.M) { leftover.Main(m) }

func TestGoroutines(t *testing.T) {
	if left := leftover.Goroutines(); strings.Contains(left, "waits") {
		t.Errorf("found before it was there: %s", left)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { waits(stop); close(stopped) }()
	if left := leftover.Goroutines(); !strings.Contains(left, "leftover_test.waits") {
		t.Errorf("a goroutine that waits was not found: %q", left)
	}
	close(stop)
	<-stopped
	if left := leftover.Goroutines(); strings.Contains(left, "waits") {
		t.Errorf("found after it has ended: %s", left)
	}
}

func waits(c <-chan struct{}) { <-c }
