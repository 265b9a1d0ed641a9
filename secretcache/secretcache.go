// Package secretcache caches secrets of AWS Secrets Manager:
//
//	type DB struct{ User, Password string }
//
//	var db = secretcache.Secret[DB]("prod/db")
//
// Secrets that are due are fetched together, twenty with one BatchGetSecretValue call;
// a single one, and those of a certain stage or version, with GetSecretValue. IAM:
// secretsmanager:GetSecretValue on every secret, secretsmanager:BatchGetSecretValue
// on "*", and kms:Decrypt on the key of a secret encrypted under a key of your own.
// Where the batch is not permitted each secret costs a call.
package secretcache

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Secret declares an entry for one secret, by name or ARN; of its versions the
// current one, unless [Stage] or [VersionID] says otherwise.
//
// A text secret becomes a T by what T is: string, []byte, a number, a bool, a
// [time.Duration], anything with UnmarshalText, else JSON. A binary secret becomes a
// []byte, anything with UnmarshalBinary, or JSON. The max age is 60 s unless
// [lambdacache.MaxAge] says otherwise.
//
// An empty id, a T that nothing can be decoded into, and an option of another source
// panic.
func Secret[T any](id string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	from := decoder[T]("Secret", id)
	return declare(id, "", func(s *secret) (T, error) { return from(s.raw()) }, opts)
}

// SecretFunc is [Secret] with a decoder of your own, which gets a text secret as its
// bytes; the slice is the decoder's. Its error is not passed on, because most decoders
// quote their input: return [lambdacache.Undecodable] to say what is wrong.
func SecretFunc[T any](id string, decode func(value []byte) (T, error), opts ...lambdacache.Option) *lambdacache.Entry[T] {
	if decode == nil {
		panic(fmt.Sprintf("lambdacache: secretcache.SecretFunc(%q): the decoder is nil", id))
	}
	return declare(id, "", func(s *secret) (T, error) { return decode(s.bytes()) }, opts)
}

// Field declares an entry for one field of a JSON secret. A JSON string becomes a T
// as a text secret does, any other JSON value as its JSON text does. Fields of one
// secret, and the secret itself, share one load and always come from one version.
// The entry's default name is that of the secret, "#" and the field: "db#password".
//
// It panics as [Secret] does, and for an empty field.
func Field[T any](id, field string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	if field == "" {
		panic(fmt.Sprintf("lambdacache: secretcache.Field(%q): the field is empty: name one, or declare secretcache.Secret", id))
	}
	from := decoder[T]("Field", id)
	return declare(id, "#"+field, func(s *secret) (T, error) {
		raw, err := s.field(field)
		if err != nil {
			var none T
			return none, err
		}
		return from(raw)
	}, opts)
}

func decoder[T any](constructor, id string) func(decode.Raw) (T, error) {
	from, err := decode.To[T]()
	if err != nil {
		panic(fmt.Sprintf("lambdacache: secretcache.%s(%q): %v", constructor, id, err))
	}
	return from
}

func declare[T any](id, suffix string, decode func(*secret) (T, error), opts []lambdacache.Option) *lambdacache.Entry[T] {
	key, opts := newKey(id, opts)
	origin, describe, opts := choose(key, opts)
	if hold := describe.hold(origin, key.String()); hold != nil {
		hold()
	}
	return lambdacache.Declare(origin, key.String(), key.shortName()+suffix, decode, opts...)
}

// choose gives the origin that a declaration's options are for, and the describer where
// they ask for one. The key of a family has no id.
func choose(k key, opts []lambdacache.Option) (*lambdacache.Origin[*secret], describer, []lambdacache.Option) {
	what := cmp.Or(k.id, "of a family")
	set := current
	if k.pinned() {
		set = pinned
	}
	describe, untilRotation, opts := rotating.Take(opts)
	if untilRotation && k.version != "" {
		panic(fmt.Sprintf("lambdacache: secretcache: secret %q: UntilRotation with VersionID: a version never changes; leave one of them out", what))
	}
	origin, opts := set.Take(what, opts)
	return origin, describe, opts
}

// secret is what the service gives for one key.
type secret struct {
	text   string
	binary []byte // nil for a text secret
}

func (s *secret) raw() decode.Raw {
	if s.binary != nil {
		return decode.Binary(s.binary)
	}
	return decode.Text(s.text)
}

// bytes is the value, text or not, in a slice of the caller's own.
func (s *secret) bytes() []byte {
	if s.binary != nil {
		return slices.Clone(s.binary)
	}
	return []byte(s.text)
}

// field gives one field of a JSON secret: a JSON string as its text, any other value
// as JSON.
func (s *secret) field(name string) (decode.Raw, error) {
	var fields map[string]json.RawMessage
	if err := decode.JSON(s.bytes(), &fields); err != nil {
		return decode.Raw{}, lambdacache.Undecodable("a field can be read of a JSON object only: " + err.Error())
	}
	value, ok := fields[name]
	if !ok || string(value) == "null" {
		return decode.Raw{}, lambdacache.Undecodable(fmt.Sprintf("the secret's JSON has no value for the field %q", name))
	}
	var text string
	if strings.HasPrefix(string(value), `"`) && json.Unmarshal(value, &text) == nil {
		return decode.Text(text), nil
	}
	return decode.Text(string(value)), nil
}
