package testlab_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestMain(m *testing.M) { leftover.Main(m) }

// quiet shows nothing of what it wraps.
type quiet struct{ errs []error }

func (quiet) Error() string                 { return "quiet" }
func (q quiet) Unwrap() []error             { return q.errs }
func (quiet) Format(f fmt.State, verb rune) { fmt.Fprint(f, "quiet") }

// A search that finds nothing proves nothing unless it finds what is there.
func TestShows(t *testing.T) {
	loud := errors.New("the value is " + testlab.Secret)
	for _, err := range []error{loud, fmt.Errorf("load: %w", loud), quiet{[]error{errors.New("x"), quiet{[]error{loud}}}}, errors.Join(nil, loud)} {
		if !testlab.Shows(err) {
			t.Errorf("not found in %v", err)
		}
	}
	for _, err := range []error{nil, errors.New("x"), quiet{[]error{errors.New("x")}}} {
		if testlab.Shows(err) {
			t.Errorf("found in %v", err)
		}
	}
}
