package leaks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leaks"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Types of users that decode themselves, and quote what they cannot read.
type (
	quotesText   struct{}
	quotesJSON   struct{}
	quotesBinary struct{}
	panicsText   struct{}
	panicsJSON   struct{}
	wrapsText    struct{}
	word         string
	key          string
)

func (*quotesText) UnmarshalText(b []byte) error     { return fmt.Errorf("no good: %q", b) }
func (*quotesJSON) UnmarshalJSON(b []byte) error     { return &quote{Input: string(b)} }
func (*quotesBinary) UnmarshalBinary(b []byte) error { return errors.New(string(b)) }
func (*quotesBinary) UnmarshalText(b []byte) error   { return errors.New(string(b)) }
func (*panicsText) UnmarshalText(b []byte) error     { panic(string(b)) }
func (*panicsJSON) UnmarshalJSON(b []byte) error     { panic(&quote{Input: string(b)}) }
func (*wrapsText) UnmarshalText(b []byte) error {
	return errors.Join(errors.New(string(b)), fmt.Errorf("%s: %w", b, lambdacache.Undecodable("no good")))
}
func (k *key) UnmarshalText(b []byte) error { return fmt.Errorf("bad key %s", b) }

// quote is an error with an exported field.
type quote struct{ Input string }

func (q *quote) Error() string { return "cannot read " + q.Input }

// nested is JSON with all kinds of fields.
type nested struct {
	User     int
	Password *struct{ Text []int }
	Port     uint8
	Quoted   int `json:",string"`
	When     time.Time
	After    time.Duration
	Bytes    []byte
	Keys     map[key]int
	Numbers  map[int]string
	Secret   lambdacache.Redacted[int]
	Number   json.Number
	Open     fmt.Stringer
	List     []nested
}

// badTexts are values that something cannot be decoded from. Each holds what the
// search finds.
func badTexts() []string {
	s, n := quoted(leaks.Text), strconv.Itoa(leaks.Number)
	texts := []string{
		leaks.Text, " " + leaks.Text + "\n", s, `[` + s + `]`, `{` + s + `:` + s + `}`, `{` + s, `{"` + n + `":` + n + `}`, `[` + n + s,
		n, n + "000", "-" + n, n + ".5", n + "e999", n + "h", `"` + n + `"`, "10.0.0.1/" + n, "http://app:" + leaks.Text + "@/%zz", "(" + leaks.Text,
	}
	for _, field := range []string{"User", "Password", "Port", "Quoted", "When", "After", "Bytes", "Keys", "Numbers", "Secret", "Number", "Open", "List"} {
		for _, v := range []string{s, n, `{` + s + `:1}`, `[` + s + `]`, `{"Text":[` + s + `]}`} {
			texts = append(texts, `{"`+field+`":`+v+`}`)
		}
	}
	return texts
}

// sources put a text where an entry of theirs finds it.
var sources = []func(aws *cachetest.AWS, k, text string){
	func(aws *cachetest.AWS, k, text string) { aws.SSM.Put("/"+k, text) },
	func(aws *cachetest.AWS, k, text string) { aws.SSM.PutList("/list"+k, strings.Split(text, ",")...) },
	func(aws *cachetest.AWS, k, text string) { aws.SSM.PutSecure("/path"+k+"/v", text) },
	func(aws *cachetest.AWS, k, text string) {
		aws.SSM.PutList("/paths"+k+"/v", strings.Split(text, ",")...)
	},
	func(aws *cachetest.AWS, k, text string) { aws.Secrets.PutString(k, text) },
	func(aws *cachetest.AWS, k, text string) { aws.Secrets.PutBinary("binary"+k, []byte(text)) },
	func(aws *cachetest.AWS, k, text string) { aws.Secrets.PutString("field"+k, `{"f":`+quoted(text)+`}`) },
	func(aws *cachetest.AWS, k, text string) {
		if !json.Valid([]byte(text)) {
			text = "[" + quoted(text) + "]"
		}
		aws.Secrets.PutString("json"+k, `{"f":`+text+`}`)
	},
	func(aws *cachetest.AWS, k, text string) { aws.S3.Put("app", k, []byte(text)) },
}

func quoted(s string) string {
	q, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(q)
}

// declared is an entry without its type.
type declared struct {
	lambdacache.Cached
	get func(context.Context) error
}

func untyped[T any](e *lambdacache.Entry[T]) declared {
	return declared{e, func(ctx context.Context) error { _, err := e.Get(ctx); return err }}
}

// below is what a path has of a T.
type below[T any] struct {
	V T `ssm:"v"`
}

// declare declares a T of every source, one with the user's own function, and one
// that is derived. They are named after what they are of.
func declare[T any](kind, k string) []declared {
	text := ssmcache.Parameter[string]("/" + k)
	of := func(source string) lambdacache.Option { return lambdacache.Name(source + ": " + kind + " " + k) }
	return []declared{
		untyped(ssmcache.Parameter[T]("/"+k, of("a parameter"))),
		untyped(ssmcache.Parameter[T]("/list"+k, of("a list"))),
		untyped(ssmcache.Path[below[T]]("/path"+k, of("a path"))),
		untyped(ssmcache.Path[map[string]T]("/paths"+k, of("a map of a path"))),
		untyped(secretcache.Secret[T](k, of("a secret"))),
		untyped(secretcache.Secret[T]("binary"+k, of("a binary secret"))),
		untyped(secretcache.Field[T]("field"+k, "f", of("a field"))),
		untyped(secretcache.Field[T]("json"+k, "f", of("a JSON field"))),
		untyped(s3cache.Object[T]("s3://app/"+k, of("an object"))),
		untyped(ssmcache.ParameterFunc("/"+k, func(s string) (v T, err error) { return v, errors.New(s) }, of("a function"))),
		untyped(lambdacache.Derive("derived", func(ctx context.Context) (v T, err error) {
			return v, fmt.Errorf("%s: %w", text.Value(ctx), json.Unmarshal([]byte(text.Value(ctx)), &v))
		}, []lambdacache.Cached{text}, of("derived"))),
	}
}

// kinds are the Ts. Nothing fails to be bytes, and little to be a string.
var kinds = map[string]func(kind, k string) []declared{
	"string": declare[string], "named string": declare[word], "int": declare[int], "int8": declare[int8], "uint": declare[uint64], "float": declare[float32],
	"bool": declare[bool], "duration": declare[time.Duration], "strings": declare[[]string], "words": declare[[]word], "ints": declare[[]int],
	"array": declare[[2]int], "map": declare[map[string]int], "map of numbers": declare[map[int]string], "map of keys": declare[map[key]int], "struct": declare[nested],
	"pointer": declare[*nested], "pointer to a number": declare[*int], "time": declare[time.Time], "address": declare[netip.Addr], "URL": declare[url.URL],
	"big number": declare[*big.Int], "expression": declare[*regexp.Regexp], "raw JSON": declare[json.RawMessage],
	"own text": declare[quotesText], "own JSON": declare[*quotesJSON], "own binary": declare[quotesBinary], "wrapping": declare[wrapsText],
	"panic of text": declare[panicsText], "panic of JSON": declare[panicsJSON],
	"redacted int": declare[lambdacache.Redacted[int]], "redacted struct": declare[lambdacache.Redacted[nested]], "redacted strings": declare[lambdacache.Redacted[[]string]],
	"redacted duration": declare[lambdacache.Redacted[time.Duration]], "redacted own": declare[lambdacache.Redacted[quotesText]], "redacted map": declare[lambdacache.Redacted[map[key]int]],
	"redacted text": declare[lambdacache.Redacted[string]], "redacted panic": declare[lambdacache.Redacted[panicsJSON]], "redacted pointer": declare[*lambdacache.Redacted[bool]],
	"redacted binary": declare[lambdacache.Redacted[quotesBinary]], "redacted list": declare[[]lambdacache.Redacted[int]],
}

// TestNoDecoderQuotes decodes every bad text from every source into every kind, and
// looks at what Prefetch, Wrap, Get and the events say.
func TestNoDecoderQuotes(t *testing.T) {
	aws := cachetest.NewAWS(t)
	cachetest.Reset(t)
	seen := causes{t: t, known: make(map[string]bool)}
	lambdacache.Observe(func(e lambdacache.Event) { seen.add("an event", e.Err) })
	bySource, byKind := make(map[string]map[string]bool), make(map[string]int)
	for i, text := range badTexts() {
		k := "k" + strconv.Itoa(i)
		for _, put := range sources {
			put(aws, k, text)
		}
		var entries []lambdacache.Cached
		for kind, declare := range kinds {
			for _, e := range declare(kind, k) {
				entries = append(entries, e.Cached)
				if i == 0 {
					seen.add("Get", e.get(t.Context()))
				}
			}
		}
		if i == 0 {
			_, err := lambdacache.Wrap(func(context.Context, int) (int, error) { return 0, nil }, entries...)(t.Context(), 0)
			seen.add("Wrap", err)
		}
		for _, f := range failures(t, lambdacache.Prefetch(t.Context(), entries...)) {
			seen.add("Prefetch", f)
			source, rest, _ := strings.Cut(f.Entry, ": ")
			kind := strings.TrimSuffix(rest, " "+k)
			if bySource[source] == nil {
				bySource[source] = make(map[string]bool)
			}
			bySource[source][kind] = true
			byKind[kind]++
			if !errors.Is(f, lambdacache.ErrDecode) {
				t.Errorf("%s: not ErrDecode: a %T", f.Entry, f.Err)
			}
		}
	}
	for kind := range kinds {
		if byKind[kind] == 0 {
			t.Errorf("nothing fails to be a %s", kind)
		}
	}
	for source, kinds := range bySource {
		if len(kinds) < 30 {
			t.Errorf("%s: only %d kinds fail", source, len(kinds))
		}
	}
	if len(bySource) != len(sources)+2 || len(seen.known) < 50 {
		t.Errorf("%d sources, %d causes", len(bySource), len(seen.known))
	}
}

// causes are errors, each of which is looked at once.
type causes struct {
	t     *testing.T
	mu    sync.Mutex
	known map[string]bool
}

var digits = regexp.MustCompile("[0-9]+")

// add looks at an error's text, and at all that can be made of its cause if there was
// none like it.
func (c *causes) add(where string, err error) {
	c.t.Helper()
	if err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if form := leaks.Planted.In(fmt.Sprintf("%v %+v %#v", err, err, err)); form != "" {
		c.t.Errorf("%s shows a value, as %s", where, form)
	}
	f, ok := err.(*lambdacache.Failure)
	if !ok {
		return
	}
	like := digits.ReplaceAllString(fmt.Sprintf("%T %v", f.Err, f.Err), "#")
	if c.known[like] {
		return
	}
	c.known[like] = true
	if way := leaks.Planted.Shown(&lambdacache.LoadError{Failures: []*lambdacache.Failure{f}}); way != "" {
		c.t.Errorf("%s of %s shows a value: %s", where, f.Entry, way)
	}
}

func failures(t *testing.T, err error) []*lambdacache.Failure {
	t.Helper()
	var load *lambdacache.LoadError
	if !errors.As(err, &load) {
		t.Fatal("no LoadError")
	}
	return load.Failures
}
