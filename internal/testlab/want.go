package testlab

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

// Get reads an entry that must have a value.
func Get[T any](t testing.TB, e *lambdacache.Entry[T]) T {
	t.Helper()
	v, err := e.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Fails reads an entry that must not have a value, and looks for texts in its error.
func Fails[T any](t testing.TB, e *lambdacache.Entry[T], texts ...string) error {
	t.Helper()
	_, err := e.Get(t.Context())
	WantError(t, err, texts...)
	return err
}

// WantError looks for texts in an error, which must not show the [Secret].
func WantError(t testing.TB, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error: %v", text, err)
		}
	}
	Hidden(t, err)
}

// Want compares two values.
func Want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// WantPanic runs what must panic with a text.
func WantPanic(t testing.TB, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); got != text {
			t.Errorf("panic\n%s\nwant\n%s", got, text)
		}
	}()
	f()
}

// Secret is in every value that must not be shown.
const Secret = "s3cr3t"

// Hidden searches an error, and all that it wraps, for the [Secret].
func Hidden(t testing.TB, err error) {
	t.Helper()
	if Shows(err) {
		t.Errorf("a %T shows a value", err)
	}
}

// Shows reports whether an error, or one that it wraps, shows the [Secret].
func Shows(err error) bool {
	if err == nil {
		return false
	}
	if text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err); strings.Contains(text, Secret) {
		return true
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok { // every link of the chain is looked at
		for _, err := range many.Unwrap() {
			if Shows(err) {
				return true
			}
		}
	}
	return Shows(errors.Unwrap(err))
}
