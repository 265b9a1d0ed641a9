package lambdacache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"strconv"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/leaks"
)

// What must not be found.
const (
	secret       = leaks.Text
	secretNumber = leaks.Number
)

// noSecret fails if anything shows a secret. It does not print what it found.
func noSecret(t *testing.T, what string, values ...any) {
	t.Helper()
	for _, v := range values {
		if way := leaks.Planted.Shown(v); way != "" {
			t.Errorf("%s: a %T shows the secret: %s", what, v, way)
		}
	}
}

// holding has a redacted value in all the places that printing treats differently.
type holding[T any] struct {
	Open    lc.Redacted[T]
	hidden  lc.Redacted[T]
	OpenPtr *lc.Redacted[T]
	ptr     *lc.Redacted[T]
	OpenMap map[string]lc.Redacted[T]
	byName  map[string]lc.Redacted[T]
	list    []lc.Redacted[T]
	array   [2]lc.Redacted[T]
	any     any
	anyPtr  any
	stringy fmt.Stringer
	nested  struct {
		deeper struct{ hidden lc.Redacted[T] }
	}
	lc.Redacted[T]
}

func redactedAnywhere[T any](t *testing.T, v T) {
	t.Run(fmt.Sprintf("%T", v), func(t *testing.T) {
		r := lc.Redact(v)
		want(t, "revealed", reflect.DeepEqual(r.Reveal(), v), true)
		h := holding[T]{
			Open: r, hidden: r, OpenPtr: &r, ptr: &r,
			OpenMap: map[string]lc.Redacted[T]{"k": r}, byName: map[string]lc.Redacted[T]{"k": r},
			list: []lc.Redacted[T]{r}, array: [2]lc.Redacted[T]{r, r}, any: r, anyPtr: &r, stringy: r, Redacted: r,
		}
		h.nested.deeper.hidden = r
		p := &r
		noSecret(t, "itself", r, &r, &p)
		noSecret(t, "in a struct", h, &h, struct{ hidden holding[T] }{h}, struct{ Open *holding[T] }{&h}, struct{ hidden any }{&h})
		noSecret(t, "in a list", []any{r, &r}, []lc.Redacted[T]{r}, []*lc.Redacted[T]{&r}, [1]lc.Redacted[T]{r})
		noSecret(t, "in a map", map[string]any{"k": r, "p": &r}, map[*lc.Redacted[T]]lc.Redacted[T]{&r: r})
		noSecret(t, "as reflection has it", reflect.ValueOf(r), reflect.ValueOf(h).Field(1), reflect.ValueOf(&h).Elem())
		noSecret(t, "in an error", fmt.Errorf("failed with %v: %w", r, lc.Undecodable(r.String())))
	})
}

func TestRedactedAnywhere(t *testing.T) {
	type password string
	type login struct {
		User     string
		Password password
		hidden   []byte
	}
	redactedAnywhere(t, secret)
	redactedAnywhere(t, password(secret))
	redactedAnywhere(t, []byte(secret))
	redactedAnywhere(t, [len(secret)]byte([]byte(secret)))
	redactedAnywhere(t, []string{secret, secret})
	redactedAnywhere(t, map[string]string{secret: secret})
	redactedAnywhere(t, login{secret, secret, []byte(secret)})
	redactedAnywhere(t, &login{secret, secret, []byte(secret)})
	redactedAnywhere(t, secretNumber)
	redactedAnywhere(t, float64(secretNumber))
	redactedAnywhere(t, time.Duration(secretNumber))
	redactedAnywhere(t, errors.New(secret))
	redactedAnywhere[any](t, secret)
	redactedAnywhere(t, lc.Redact(1).Reveal()+secretNumber)
	redactedAnywhere(t, big.NewInt(secretNumber))
}

func TestRedactedShows(t *testing.T) {
	r := lc.Redact(secret)
	for _, verb := range "vsqxXdtbcoeEfFgGU" {
		want(t, "%"+string(verb), fmt.Sprintf("%"+string(verb), r), "[redacted]")
		want(t, "%+#"+string(verb), fmt.Sprintf("%+#"+string(verb), &r), "[redacted]")
	}
	want(t, "in a struct", fmt.Sprintf("%+v", struct{ Password lc.Redacted[string] }{r}), "{Password:[redacted]}")
	want(t, "String", r.String(), "[redacted]")
	text, err := json.Marshal(map[string]any{"a": r, "b": &r, "c": lc.Redacted[int]{}})
	want(t, "JSON", string(text), `{"a":"[redacted]","b":"[redacted]","c":"[redacted]"}`)
	want(t, "JSON error", err, nil)
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})).Info("m", "k", r, "p", &r)
	want(t, "slog", b.String(), "level=INFO msg=m k=[redacted] p=[redacted]\n")
	var none *lc.Redacted[string]
	want(t, "nil", fmt.Sprint(none), "<nil>")
}

func TestRedactedRevealsZero(t *testing.T) {
	var zero lc.Redacted[[]byte]
	want(t, "zero", zero.Reveal() == nil, true)
	want(t, "shown", fmt.Sprint(zero), "[redacted]")
	want(t, "of nothing", lc.Redact("").Reveal(), "")
}

func TestRedactedIsDecoded(t *testing.T) {
	type db struct {
		User     string
		Password lc.Redacted[string]
		Port     *lc.Redacted[int]
		Pin      lc.Redacted[[]int]
		Missing  lc.Redacted[string]
		Null     lc.Redacted[string]
	}
	v := must(decode.As[db](decode.Text(`{"user":"u","password":"` + secret + `","port":5432,"pin":[1,2],"null":null}`)))(t)
	want(t, "user", v.User, "u")
	want(t, "password", v.Password.Reveal(), secret)
	want(t, "port", v.Port.Reveal(), 5432)
	want(t, "pin", fmt.Sprint(v.Pin.Reveal()), "[1 2]")
	want(t, "missing and null", v.Missing.Reveal()+v.Null.Reveal(), "")

	want(t, "text", must(decode.As[lc.Redacted[string]](decode.Text(secret)))(t).Reveal(), secret)
	want(t, "number", must(decode.As[lc.Redacted[int]](decode.Text(" 7\n")))(t).Reveal(), 7)
	want(t, "duration", must(decode.As[lc.Redacted[time.Duration]](decode.Text("7s")))(t).Reveal(), 7*time.Second)
	want(t, "struct", must(decode.As[lc.Redacted[db]](decode.Text(`{"user":"u"}`)))(t).Reveal().User, "u")
	want(t, "bytes of binary", string(must(decode.As[lc.Redacted[[]byte]](decode.Binary([]byte("\xff\x00"))))(t).Reveal()), "\xff\x00")
	want(t, "pointer", must(decode.As[*lc.Redacted[string]](decode.Text(secret)))(t).Reveal(), secret)
	want(t, "twice", must(decode.As[lc.Redacted[lc.Redacted[string]]](decode.Text(secret)))(t).Reveal().Reveal(), secret)

	held := lc.Redact(7)
	want(t, "error", held.UnmarshalText([]byte(secret)) == nil, false)
	want(t, "kept", held.Reveal(), 7)
}

// readers are decoders of every kind, each of which refuses something.
func readers() map[string]func(decode.Raw) (any, error) {
	type login struct {
		Password lc.Redacted[int]
		Port     int
		When     time.Time
	}
	return map[string]func(decode.Raw) (any, error){
		"int": as[int], "bool": as[bool], "float": as[float32], "duration": as[time.Duration], "time": as[time.Time],
		"address": as[netip.Addr], "network": as[*net.IPNet], "prefix": as[*netip.Prefix], "large number": as[big.Int],
		"strings": as[[]string], "struct": as[login], "map": as[map[netip.Addr]int], "raw JSON": as[json.RawMessage],
		"redacted number": as[lc.Redacted[int]], "redacted struct": as[lc.Redacted[login]], "redacted strings": as[lc.Redacted[[]string]],
	}
}

func as[T any](raw decode.Raw) (any, error) { return decode.As[T](raw) }

func TestDecodersQuoteNothing(t *testing.T) {
	failures := 0
	for _, text := range []string{
		secret, `"` + secret + `"`, `{"password":"` + secret + `"}`, `{"port":"` + secret + `"}`, `{"when":"` + secret + `"}`,
		`{"` + secret + `":1}`, `{"password":` + secret + `}`, `["` + secret + `"`, "10.0.0.1/" + secret, strconv.Itoa(secretNumber) + "x",
		`{"port":8675309867530912.5}`, `{"password":8675309867530912000000}`, "8675309867530912e999",
	} {
		for kind, raw := range map[string]decode.Raw{"text": decode.Text(text), "binary": decode.Binary([]byte(text)), "list": decode.List(text)} {
			for name, read := range readers() {
				entry := lc.Declare(lc.NewOrigin("scripted", newScripted(1, map[string]string{"k": text})), "k", "",
					func(string) (any, error) { return read(raw) })
				_, err := entry.Get(context.Background())
				if err == nil {
					continue
				}
				failures++
				want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
				noSecret(t, fmt.Sprintf("%s as %s", kind, name), err.Error())
			}
		}
	}
	if failures < 200 {
		t.Errorf("only %d failed", failures)
	}
}

// Decoders of users do what they should not.
func TestUsersDecodersQuoteNothing(t *testing.T) {
	for name, decoder := range map[string]func(string) (int, error){
		"error":                func(s string) (int, error) { return 0, errors.New(s) },
		"wrapped":              func(s string) (int, error) { _, err := strconv.Atoi(s); return 0, fmt.Errorf("port: %w", err) },
		"ours in it":           func(s string) (int, error) { return 0, fmt.Errorf("%s: %w", s, lc.Undecodable("no port")) },
		"joined":               func(s string) (int, error) { return 0, errors.Join(errors.New(s), lc.Undecodable("no port")) },
		"panic":                func(s string) (int, error) { panic(s) },
		"panic with an error":  func(s string) (int, error) { panic(errors.New(s)) },
		"panic of the runtime": func(s string) (int, error) { return map[string][]int{}[s][1], nil },
	} {
		t.Run(name, func(t *testing.T) {
			events := observe(t)
			e := lc.Declare(lc.NewOrigin("scripted", newScripted(1, map[string]string{"k": secret})), "k", "", decoder)
			_, err := e.Get(context.Background())
			want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
			for e := err; e != nil; e = errors.Unwrap(e) {
				noSecret(t, "error", e)
			}
			var failed *lc.LoadError
			if errors.As(err, &failed) {
				noSecret(t, "cause", failed.Failures[0], failed.Failures[0].Err)
			}
			noSecret(t, "event", events.first(lc.EventFailed))
		})
	}
}

// Nothing of ours shows the values it holds: entries, contexts, errors, panics.
func TestNothingShowsWhatItHolds(t *testing.T) {
	type login struct{ Password string }
	s := newScripted(10, map[string]string{"/app/text": secret, "/b/text": "another"})
	o := lc.NewOrigin("scripted", s)
	text, twin := declare(o, "/app/text"), declare(o, "/b/text")
	count := lc.New("count", func(context.Context) (int, error) { return secretNumber, nil })
	built := lc.Derive("login", func(ctx context.Context) (login, error) { return login{text.Value(ctx)}, nil }, []lc.Cached{text})
	h := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		want(t, "held", text.Value(ctx) == secret && built.Value(ctx).Password == secret && count.Value(ctx) == secretNumber, true)
		for _, e := range []lc.Cached{text, count, built} {
			noSecret(t, "entry", e, reflect.ValueOf(e).Elem().Interface(), []lc.Cached{e}, struct{ hidden lc.Cached }{e}, struct{ Open any }{e})
		}
		noSecret(t, "origin", o, *o)
		want(t, "context", fmt.Sprint(ctx), "lambdacache.Wrap")
		want(t, "context of a context", fmt.Sprint(context.WithoutCancel(ctx)), "lambdacache.Wrap.WithoutCancel")
		timed, cancel := context.WithTimeout(context.WithValue(ctx, login{}, 1), time.Hour)
		defer cancel()
		for _, c := range []context.Context{ctx, timed, context.WithValue(timed, login{}, nil), context.WithoutCancel(ctx)} {
			noSecret(t, "context", c, struct{ hidden context.Context }{c}, struct{ context.Context }{c}, []any{c})
		}
		noSecret(t, "stats", text.Stats(), built.Stats(), text.Version() == "")
		for _, misuse := range []func(){
			func() { lc.Value[int](ctx, "login") },
			func() { lc.Value[string](ctx, "text") },
			func() { lc.Value[string](ctx, "missing") },
			func() { text.Value(context.Background()) },
		} {
			func() {
				defer func() {
					r := recover()
					want(t, "panics", r != nil, true)
					noSecret(t, "panic", r)
				}()
				misuse()
			}()
		}
		s.failing(down)
		_, err := built.Refresh(ctx)
		noSecret(t, "error", err)
		return 0, err
	}, text, twin, count, built)
	_, err := h(context.Background(), 0)
	noSecret(t, "error of the handler", err)
	noSecret(t, "handler", h)
}

func TestSourcesPanicsQuoteNothing(t *testing.T) {
	for _, r := range []any{secret, errors.New(secret), []byte(secret), fmt.Sprint(secretNumber), struct{ hidden string }{secret}} {
		_, err := lc.New("f", func(context.Context) (int, error) { panic(r) }).Get(context.Background())
		wantError(t, err, fmt.Sprintf("the source panicked with a %T", r))
		noSecret(t, "error", err, errors.Unwrap(err))
		var failed *lc.LoadError
		want(t, "is a LoadError", errors.As(err, &failed), true)
		noSecret(t, "failure", failed.Failures[0], failed.Failures[0].Err)
	}
}
