package lambdacache

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Redacted keeps a value out of everything that prints: fmt with any verb, log and
// slog, encoding/json, also as a field, exported or not, of a struct that is printed.
// All of them show "[redacted]". Read the value with [Redacted.Reveal]. Declare an
// entry with it, or use it inside a JSON secret's struct:
//
//	var token = ssmcache.Parameter[lambdacache.Redacted[string]]("/prod/token")
//	type DB struct { User string; Password lambdacache.Redacted[string] }
//
// It keeps values from being shown by mistake. It does not erase them from memory.
type Redacted[T any] struct {
	// A function is the one thing that fmt prints as an address wherever it stands:
	// in an unexported field it calls no methods and follows pointers.
	reveal func() T
}

// Redact wraps a value.
func Redact[T any](v T) Redacted[T] { return Redacted[T]{func() T { return v }} }

// Reveal gives the value, T's zero value if none was ever set.
func (r Redacted[T]) Reveal() T {
	if r.reveal == nil {
		var zero T
		return zero
	}
	return r.reveal()
}

const redacted = "[redacted]"

// String gives "[redacted]".
func (Redacted[T]) String() string { return redacted }

// Format prints "[redacted]" for every verb.
func (Redacted[T]) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue gives "[redacted]".
func (Redacted[T]) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[redacted]": the value is not written, and cannot be read back.
func (Redacted[T]) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText decodes text into a T as an entry's value is decoded; for a T that is
// a list of strings the text is a StringList or a JSON array.
func (r *Redacted[T]) UnmarshalText(text []byte) error {
	raw := decode.Text(string(text))
	if decode.IsStrings(reflect.TypeFor[T]()) && !bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		raw = decode.List(string(text))
	}
	return r.set(decode.As[T](raw))
}

// UnmarshalBinary decodes the bytes of a binary secret into a T.
func (r *Redacted[T]) UnmarshalBinary(b []byte) error { return r.set(decode.As[T](decode.Binary(b))) }

// UnmarshalJSON decodes a JSON value into a T.
func (r *Redacted[T]) UnmarshalJSON(b []byte) error {
	var v T
	err := decode.JSON(b, &v)
	return r.set(v, err)
}

func (r *Redacted[T]) set(v T, err error) error {
	if err == nil {
		*r = Redact(v)
	}
	return err
}
