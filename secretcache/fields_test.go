package secretcache_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
)

// fieldIs reads a field of a secret as a T.
func fieldIs[T any](t *testing.T, id, field string, want T) {
	t.Helper()
	got, err := secretcache.Field[T](id, field).Get(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("field %s as a %T: %v, %v", field, want, got, err)
	}
}

func TestFieldBecomesWhatIsDeclared(t *testing.T) {
	l := newLab(t)
	document := `{"text": "a \"b\" \u00e9", "int": 42, "float": 1e3, "bool": true, "number text": " 42 ", "wait": "1m",
		"list": ["a", "", "b"], "numbers": [1, 2], "nested": {"a": {"b": 1}}, "in text": "{\"a\": {\"b\": 2}}", "empty": "", "null text": "null", "a.b": "dot"}`
	l.Secrets.PutString("fields/text", document)
	l.Secrets.PutBinary("fields/bytes", []byte(document))
	for _, id := range []string{"fields/text", "fields/bytes"} {
		fieldIs(t, id, "text", `a "b" é`)
		fieldIs(t, id, "text", []byte(`a "b" é`))
		fieldIs(t, id, "text", pin(`a "b" é`))
		fieldIs(t, id, "int", 42)
		fieldIs(t, id, "int", "42")
		fieldIs(t, id, "float", 1000.0)
		fieldIs(t, id, "bool", true)
		fieldIs(t, id, "number text", 42)
		fieldIs(t, id, "wait", time.Minute)
		fieldIs(t, id, "list", []string{"a", "", "b"})
		fieldIs(t, id, "numbers", []int{1, 2})
		fieldIs(t, id, "nested", map[string]map[string]int{"a": {"b": 1}})
		fieldIs(t, id, "nested", json.RawMessage(`{"a": {"b": 1}}`))
		fieldIs(t, id, "in text", map[string]map[string]int{"a": {"b": 2}})
		fieldIs(t, id, "empty", "")
		fieldIs(t, id, "null text", "null")
		fieldIs(t, id, "a.b", "dot")
	}
}

func TestFieldsThatCannotBe(t *testing.T) {
	l := newLab(t)
	for id, value := range map[string]string{
		"fields/object": `{"password":"s3cr3t","null":null}`, "fields/list": `["s3cr3t"]`,
		"fields/string": `"s3cr3t"`, "fields/null": `null`, "fields/text": `s3cr3t`, "fields/cut": `{"password":"s3cr3t`,
	} {
		l.Secrets.PutString(id, value)
	}
	l.Secrets.PutBinary("fields/bytes", []byte{0xff})
	for _, test := range []struct{ id, field, text string }{
		{"fields/object", "user", `the secret's JSON has no value for the field "user"`},
		{"fields/object", "Password", `the secret's JSON has no value for the field "Password"`},
		{"fields/object", "null", `the secret's JSON has no value for the field "null"`},
		{"fields/null", "password", `the secret's JSON has no value for the field "password"`},
		{"fields/list", "password", "a field can be read of a JSON object only: not JSON of a map[string]json.RawMessage"},
		{"fields/string", "password", "a field can be read of a JSON object only: not JSON of a map[string]json.RawMessage"},
		{"fields/text", "password", "a field can be read of a JSON object only: not JSON of a map[string]json.RawMessage: malformed at byte 1"},
		{"fields/cut", "password", "a field can be read of a JSON object only: not JSON of a map[string]json.RawMessage: malformed at byte 19"},
		{"fields/bytes", "password", "a field can be read of a JSON object only: not JSON of a map[string]json.RawMessage: malformed at byte 1"},
	} {
		err := fails(t, secretcache.Field[string](test.id, test.field))
		short := strings.TrimPrefix(test.id, "fields/")
		wantError(t, err, fmt.Sprintf("lambdacache: load %q from secretsmanager %s: cannot decode: %s", short+"#"+test.field, test.id, test.text))
		want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
	}
	fails(t, secretcache.Field[int]("fields/object", "password"), "cannot decode: not a valid int")
	fails(t, secretcache.Field[[]int]("fields/object", "password"), "cannot decode: not JSON of a []int: malformed at byte 1")
}

func TestFieldsAndSecretShareALoad(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("shared/db", `{"user":"u1","password":"p1","port":1}`)
	user, password := secretcache.Field[string]("shared/db", "user"), secretcache.Field[string]("shared/db", "password")
	port, whole := secretcache.Field[int]("shared/db", "port"), secretcache.Secret[database]("shared/db")
	l.prefetch(user, password, whole, port)
	want(t, "calls", l.Calls(""), 1)
	want(t, "loads", len(l.of(lambdacache.EventLoaded)), 1)
	want(t, "user", get(t, user)+get(t, whole).User, "u1u1")
	want(t, "name", password.Name(), "db#password")

	l.Secrets.PutString("shared/db", `{"user":"u2","password":"p2","port":2}`)
	if _, err := port.Refresh(t.Context()); err != nil { // of one is a refresh of all
		t.Fatal(err)
	}
	want(t, "values", fmt.Sprintf("%s %s %d %d", get(t, user), get(t, password), get(t, port), get(t, whole).Port), "u2 p2 2 2")
	want(t, "versions", user.Version() == whole.Version() && whole.Version() == port.Version(), true)
	want(t, "calls", l.Calls(""), 2)
}

// A version that suits one field and not the other is nobody's half: a handler that
// reads both does not run.
func TestFieldThatIsGone(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("gone/db", `{"user":"u1","password":"p1"}`)
	user, password := secretcache.Field[string]("gone/db", "user"), secretcache.Field[string]("gone/db", "password")
	ran := 0
	h := lambdacache.Wrap(func(ctx context.Context, _ int) (string, error) {
		ran++
		return user.Value(ctx) + password.Value(ctx), nil
	}, user, password)
	got, err := h(t.Context(), 0)
	want(t, "first", fmt.Sprint(got, err), "u1p1<nil>")
	l.Secrets.PutString("gone/db", `{"user":"u2"}`)
	l.due()
	_, err = h(t.Context(), 0)
	wantError(t, err, `load "db#password" from secretsmanager gone/db: cannot decode: the secret's JSON has no value for the field "password"`)
	want(t, "runs", ran, 1)
	l.Secrets.PutString("gone/db", `{"user":"u3","password":"p3"}`)
	got, err = h(t.Context(), 0)
	want(t, "mended", fmt.Sprint(got, err), "u3p3<nil>")
}

func TestFieldsAcrossARotation(t *testing.T) {
	l := newLab(t)
	pair := readPair("rotated/db")
	for i := range 5 {
		rotate(l, "rotated/db", i)
		if got, err := pair(t.Context()); err != nil || got != i {
			t.Errorf("rotation %d: user and password of %d, %v", i, got, err)
		}
		l.due()
	}
	want(t, "calls", l.Calls(""), 5)
}

// Sixteen handlers at once read user and password, due for each invocation, while the
// secret rotates.
func TestFieldsWhileTheSecretRotates(t *testing.T) {
	l := newLab(t)
	rotate(l, "busy/db", 0)
	read := readPair("busy/db", lambdacache.MaxAge(0))
	var readers, rotation sync.WaitGroup
	stop := make(chan struct{})
	rotation.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			default:
				rotate(l, "busy/db", i)
			}
		}
	})
	newest := make([]int, 16)
	for i := range newest {
		readers.Go(func() {
			for range 20 {
				got, err := read(t.Context())
				if err != nil {
					t.Error(err)
				}
				if got < newest[i] {
					t.Errorf("back from version %d to %d", newest[i], got)
				}
				newest[i] = got
			}
		})
	}
	readers.Wait()
	close(stop)
	rotation.Wait()
	if l.Calls("GetSecretValue") > 16*20 {
		t.Errorf("%d calls for %d invocations", l.Calls("GetSecretValue"), 16*20)
	}
}

func rotate(l *lab, id string, i int) {
	l.Secrets.PutString(id, fmt.Sprintf(`{"user":"%d","password":"%d","padding":%q}`, i, i, strings.Repeat("x", i%7)))
}

// readPair is a handler that reads user and password, and fails if they are of two
// versions.
func readPair(id string, opts ...lambdacache.Option) func(context.Context) (int, error) {
	user, password := secretcache.Field[int](id, "user", opts...), secretcache.Field[int](id, "password", opts...)
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (int, error) {
		u, p := user.Value(ctx), password.Value(ctx)
		if u != p || user.Value(ctx) != u {
			return 0, fmt.Errorf("user %d with password %d", u, p)
		}
		return u, nil
	}, user, password)
	return func(ctx context.Context) (int, error) { return h(ctx, struct{}{}) }
}
