package cachetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// jsonError is an error that shows a value in JSON only.
type jsonError struct{ Input string }

func (*jsonError) Error() string { return "cannot read it" }

func TestTheSuiteFindsValuesAndDoesNotShowThem(t *testing.T) {
	s := &suite{T: t}
	value := s.value("/suite/key")
	for _, err := range []error{
		errors.New(value), fmt.Errorf("key: %w", errors.New(value[1:5])), errors.New(number), fmt.Errorf("%x", value), fmt.Errorf("%q", value),
	} {
		if text := s.told(err); values.In(text) != "" || !strings.HasSuffix(text, "that shows a value") {
			t.Errorf("the suite says %q", text)
		}
	}
	if text := s.told(errors.New("load /suite/key")); text != "load /suite/key" {
		t.Errorf("the suite says %q", text)
	}
	for i, v := range []any{errors.New(value), &jsonError{value}, struct{ hidden []byte }{[]byte(value)}} {
		if s.note("it", v); len(s.shown) != i+1 {
			t.Errorf("a value in a %T is not found", v)
		}
	}
	if s.note("it", errors.New("load /suite/key")); len(s.shown) != 3 {
		t.Error("found where there is none")
	}
}
