package secretcache_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
)

type (
	database struct {
		User     string
		Password lambdacache.Redacted[string]
		Port     int
	}
	pin string
	// sealed is what only bytes can be decoded into.
	sealed struct{ data string }
)

func (s *sealed) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		return errors.New("no bytes")
	}
	s.data = fmt.Sprintf("%x", b)
	return nil
}

// becomes reads a text secret as a T.
func becomes[T any](l *lab, value string, want T) {
	l.t.Helper()
	e := secretcache.Secret[T]("values/text")
	id := l.Secrets.PutString("values/text", value)
	if got, err := e.Refresh(l.t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		l.t.Errorf("text as a %T: %v, %v", want, got, err)
	}
	if e.Version() != id || e.Stats().Loads != 1 {
		l.t.Errorf("text as a %T: version %q, %+v", want, e.Version(), e.Stats())
	}
}

func TestTextBecomesWhatIsDeclared(t *testing.T) {
	l := newLab(t)
	becomes(l, " text ", " text ")
	becomes(l, "0042", pin("0042"))
	becomes(l, "bytes", []byte("bytes"))
	becomes(l, " 42\n", 42)
	becomes(l, "2.5", 2.5)
	becomes(l, "true", true)
	becomes(l, "1m", time.Minute)
	becomes(l, `["a","b"]`, []string{"a", "b"})
	becomes(l, `{"a":1}`, map[string]int{"a": 1})
	becomes(l, `{"a":1}`, json.RawMessage(`{"a":1}`))
}

func TestJSONSecret(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("prod/db", `{"user":"app","password":"s3cr3t","port":5432}`)
	db := get(t, secretcache.Secret[database]("prod/db"))
	want(t, "user", db.User, "app")
	want(t, "password", db.Password.Reveal(), secret)
	want(t, "port", db.Port, 5432)
	want(t, "printed", fmt.Sprintf("%v", db), "{app [redacted] 5432}")
}

func TestBinarySecret(t *testing.T) {
	l := newLab(t)
	data := []byte{0xff, 0, 's', 0xfe}
	l.Secrets.PutBinary("prod/key", data)
	bytes, own := secretcache.Secret[[]byte]("prod/key"), secretcache.Secret[sealed]("prod/key")
	l.prefetch(bytes, own)
	want(t, "bytes", string(get(t, bytes)), string(data))
	want(t, "UnmarshalBinary", get(t, own).data, "ff0073fe")
	want(t, "calls", l.Calls(""), 1)
	fails(t, secretcache.Secret[string]("prod/key"), "cannot decode: the value is binary, not a string: declare []byte")
	fails(t, secretcache.Secret[int]("prod/key"), "cannot decode: the value is binary, not a int: declare []byte")

	l.Secrets.PutBinary("prod/json", []byte(`{"User":"app","Port":1}`))
	want(t, "JSON in bytes", get(t, secretcache.Secret[database]("prod/json")).User, "app")
}

func TestUndecodableValueIsNotShown(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("prod/db", `{"User":"s3cr3t","Port":"s3cr3t"}`)
	l.Secrets.PutBinary("prod/key", []byte(secret))
	for text, err := range map[string]error{
		"cannot decode: not a valid int":  fails(t, secretcache.Secret[int]("prod/db")),
		"cannot decode: not a valid bool": fails(t, secretcache.Secret[bool]("prod/db")),
		"not JSON of a []string: ":        fails(t, secretcache.Secret[[]string]("prod/db")),
		"what ends at byte 32 is no int":  fails(t, secretcache.Secret[database]("prod/db")),
		"malformed at byte 1":             fails(t, secretcache.Secret[database]("prod/key")),
	} {
		wantError(t, err, " from secretsmanager prod/", text)
		want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
	}
}

func TestSecretFunc(t *testing.T) {
	l := newLab(t)
	key := secretcache.SecretFunc("prod/key", func(value []byte) ([]byte, error) {
		return base64.StdEncoding.DecodeString(string(value))
	})
	l.Secrets.PutString("prod/key", "aGVsbG8=")
	want(t, "text", string(get(t, key)), "hello")
	l.Secrets.PutBinary("prod/key", []byte("d29ybGQ="))
	l.due()
	want(t, "bytes", string(get(t, key)), "world")

	l.Secrets.PutString("prod/key", "%"+secret)
	_, err := key.Refresh(t.Context())
	wantError(t, err, `load "key" from secretsmanager prod/key: cannot decode: the decoder into []uint8 failed with a base64.CorruptInputError`)
	if errors.As(err, new(base64.CorruptInputError)) {
		t.Error("the decoder's error was passed on")
	}
	want(t, "the old value", string(get(t, key)), "world")

	quoting := secretcache.SecretFunc("prod/key", func(value []byte) (int, error) { panic("cannot use " + string(value)) })
	fails(t, quoting, "cannot decode: the decoder into int panicked with a string")
	explained := secretcache.SecretFunc("prod/key", func([]byte) (int, error) { return 0, lambdacache.Undecodable("a PEM block wanted") })
	fails(t, explained, `load "key" from secretsmanager prod/key: cannot decode: a PEM block wanted`)
}

// A decoder may wipe what it was given: others get the value all the same.
func TestDecoderThatWipes(t *testing.T) {
	l := newLab(t)
	wiping := func(value []byte) (int, error) { clear(value); return len(value), nil }
	l.Secrets.PutBinary("wiped/key", []byte(secret))
	first, second := secretcache.SecretFunc("wiped/key", wiping), secretcache.Secret[[]byte]("wiped/key")
	l.prefetch(first, second)
	want(t, "length", get(t, first), len(secret))
	want(t, "value", string(get(t, second)), secret)
}

// A version's value never changes: what is held is not decoded again.
func TestUnchangedVersionIsNotDecoded(t *testing.T) {
	l := newLab(t)
	var decoded atomic.Int32
	declare := func(opts ...lambdacache.Option) *lambdacache.Entry[string] {
		return secretcache.SecretFunc("still/db", func(value []byte) (string, error) { decoded.Add(1); return string(value), nil }, opts...)
	}
	l.Secrets.PutString("still/db", "first")
	l.Secrets.PutString("still/db", "second")
	l.Secrets.PutString("still/other", "x")
	alone, staged := declare(), declare(secretcache.Stage("AWSPREVIOUS"))
	other := secretcache.Secret[string]("still/other")
	for round, load := range []func(){
		func() { l.prefetch(alone, staged) },
		func() { l.prefetch(alone, staged) },        // GetSecretValue
		func() { l.prefetch(alone, staged, other) }, // BatchGetSecretValue
		func() { l.prefetch(alone, staged, other) },
	} {
		load()
		want(t, "decoded", decoded.Load(), 2)
		want(t, "loads", alone.Stats().Loads, 1)
		want(t, "unchanged", alone.Stats().Unchanged, uint64(round))
		want(t, "age", alone.Stats().Age, 0)
		l.due()
	}
	want(t, "batches", l.Calls("BatchGetSecretValue"), 2)
	want(t, "unchanged events", len(l.of(lambdacache.EventUnchanged)), 3+3+1)
	l.Secrets.PutString("still/db", "third")
	want(t, "changed", get(t, alone), "third")
	want(t, "changed, the previous one", get(t, staged), "second")
	want(t, "decoded", decoded.Load(), 4)
}
