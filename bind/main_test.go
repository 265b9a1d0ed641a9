package bind_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	leftover.Main(m)
}

// lab is a fake AWS, a clock and a /tmp for one test.
type lab struct {
	*cachetest.AWS
	t     *testing.T
	clock *cachetest.Clock
}

func newLab(t *testing.T) *lab {
	t.Helper()
	testlab.Landed() // of the test before
	t.Setenv("TMPDIR", t.TempDir())
	l := &lab{AWS: cachetest.NewAWS(t), t: t}
	cachetest.Reset(t)
	l.clock = cachetest.NewClock(t)
	return l
}

// reading is a wrapped handler that reads e.
func reading[T any](e *lambdacache.Entry[T]) func(t *testing.T) T {
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (T, error) { return e.Value(ctx), nil }, e)
	return func(t *testing.T) T {
		t.Helper()
		v, err := h(t.Context(), struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); got != text {
			t.Errorf("panic\n%s\nwant\n%s", got, text)
		}
	}()
	f()
}
