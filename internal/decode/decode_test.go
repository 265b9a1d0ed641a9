package decode_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/lambda-cache/lambdacache/internal/decode"
)

type (
	host     string
	port     uint16
	lasting  time.Duration
	hosts    []string
	list     []host
	blob     []byte
	letter   byte
	settings struct {
		Host string
		Port port
		When time.Time
		Tags []string
	}
)

// both reads text and JSON, and says which it was asked to read.
type both struct{ how string }

func (b *both) UnmarshalText(text []byte) error { b.how = "text " + string(text); return nil }
func (b *both) UnmarshalJSON(text []byte) error { b.how = "json " + string(text); return nil }

// onlyJSON is a slice of strings and a json.Unmarshaler.
type onlyJSON []string

func (o *onlyJSON) UnmarshalJSON(text []byte) error {
	*o = onlyJSON{"json", string(text)}
	return nil
}

// textual is a slice of strings and an encoding.TextUnmarshaler.
type textual []string

func (o *textual) UnmarshalText(text []byte) error { *o = textual{"text", string(text)}; return nil }

// byValue has its method on the map itself.
type byValue map[string]string

func (v byValue) UnmarshalText(text []byte) error {
	if v != nil {
		v["text"] = string(text)
	}
	return nil
}

// quoting quotes what it cannot read.
type quoting struct{}

func (quoting) UnmarshalText(text []byte) error { return errors.New("cannot read " + string(text)) }

func as[T any](raw decode.Raw) (any, error) { return decode.As[T](raw) }

func TestDecode(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	three, name := 3, "a,b"
	link, _ := url.Parse("https://example.com/x")
	binaryTime, _ := noon.MarshalBinary()
	text, bytes, list_, binary := decode.Text, func(s string) decode.Raw { return decode.Bytes([]byte(s)) },
		decode.List, func(s string) decode.Raw { return decode.Binary([]byte(s)) }
	for _, test := range []struct {
		name   string
		decode func(decode.Raw) (any, error)
		raw    decode.Raw
		want   any // or
		err    string
	}{
		{"bytes of text", as[[]byte], text(" a\n"), []byte(" a\n"), ""},
		{"bytes of bytes", as[[]byte], bytes("a\x00"), []byte("a\x00"), ""},
		{"bytes of a list", as[[]byte], list_("a,b"), []byte("a,b"), ""},
		{"bytes of binary", as[[]byte], binary("\xff"), []byte("\xff"), ""},
		{"named bytes", as[blob], binary("\xff"), blob("\xff"), ""},
		{"bytes of a named kind", as[[]letter], text("ab"), []letter("ab"), ""},
		{"bytes that are JSON", as[json.RawMessage], text(`{"a": 1}`), json.RawMessage(`{"a": 1}`), ""},
		{"bytes that are not JSON", as[json.RawMessage], text("a"), nil, "not JSON of a json.RawMessage: malformed at byte 1"},

		{"strings of a list", as[[]string], list_("a, b,,c"), []string{"a", " b", "", "c"}, ""},
		{"strings of a list of one", as[[]string], list_("a"), []string{"a"}, ""},
		{"strings of text", as[[]string], text(`["a","b"]`), []string{"a", "b"}, ""},
		{"strings of bytes", as[[]string], bytes(`["a"]`), []string{"a"}, ""},
		{"strings of a text with commas", as[[]string], text("a,b"), nil, "not JSON of a []string: malformed at byte 1"},
		{"named strings of a list", as[hosts], list_("a,b"), hosts{"a", "b"}, ""},
		{"strings of a named kind are JSON", as[list], text(`["a","b"]`), list{"a", "b"}, ""},

		{"text goes before JSON", as[both], text("1"), both{"text 1"}, ""},
		{"JSON goes before strings", as[onlyJSON], list_(`["a"]`), onlyJSON{"json", `["a"]`}, ""},
		{"text goes before strings", as[textual], list_("a,b"), textual{"text", "a,b"}, ""},
		{"text goes before bytes of a named kind", as[net.IP], text("10.0.0.1"), net.ParseIP("10.0.0.1"), ""},
		{"a method of the value", as[byValue], text("a"), byValue(nil), ""},
		{"pointer to a text unmarshaler", as[*both], text("1"), &both{"text 1"}, ""},
		{"address", as[netip.Addr], text("::1"), netip.MustParseAddr("::1"), ""},
		{"pointer to an address", as[*netip.Prefix], text("10.0.0.0/8"), new(netip.MustParsePrefix("10.0.0.0/8")), ""},
		{"binary address", as[netip.Addr], binary("\x0a\x00\x00\x01"), netip.MustParseAddr("10.0.0.1"), ""},
		{"pointer to a binary address", as[*netip.Addr], binary("\x0a\x00\x00\x01"), new(netip.MustParseAddr("10.0.0.1")), ""},
		{"binary link", as[url.URL], binary("https://example.com/x"), *link, ""},
		{"time", as[time.Time], text("2026-01-02T12:00:00Z"), noon, ""},
		{"binary time", as[time.Time], binary(string(binaryTime)), noon, ""},
		{"large number", as[*big.Int], text("123456789012345678901234567890"), func() any {
			n, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
			return n
		}(), ""},
		{"text unmarshaler of binary", as[both], binary("1"), nil, "the value is binary, not a decode_test.both: declare []byte"},
		{"what the text unmarshaler says is not told", as[quoting], text("s3cret"), nil, "not a valid decode_test.quoting: its decoder failed with a *errors.errorString"},
		{"nor what the binary one says", as[netip.Addr], binary("s3cret"), nil, "not a valid netip.Addr: its decoder failed with a *errors.errorString"},

		{"duration", as[time.Duration], text(" 1m30s\n"), 90 * time.Second, ""},
		{"duration without a unit", as[time.Duration], text("90"), nil, "not a valid time.Duration"},
		{"duration out of range", as[time.Duration], text("10000000h"), nil, "not a valid time.Duration"},
		{"a type made of a duration is a number", as[lasting], text("90"), lasting(90), ""},

		{"string", as[string], text(" a\n"), " a\n", ""},
		{"empty string", as[string], text(""), "", ""},
		{"string of bytes", as[string], bytes("a"), "a", ""},
		{"string of a list", as[string], list_("a,b"), "a,b", ""},
		{"string of binary", as[string], binary("a"), nil, "the value is binary, not a string: declare []byte"},
		{"named string", as[host], text("a"), host("a"), ""},
		{"pointer to a string is JSON", as[*string], text(`"a,b"`), &name, ""},

		{"bool", as[bool], text(" true\n"), true, ""},
		{"not a bool", as[bool], text("yes"), nil, "not a valid bool"},
		{"empty bool", as[bool], text(""), nil, "not a valid bool"},
		{"int", as[int], text(" -12\n"), -12, ""},
		{"int of bytes", as[int], bytes("12"), 12, ""},
		{"int of binary", as[int], binary("12"), nil, "the value is binary, not a int: declare []byte"},
		{"empty int", as[int], text(" "), nil, "not a valid int"},
		{"int in hex", as[int], text("0x12"), nil, "not a valid int"},
		{"int with underscores", as[int], text("1_000"), nil, "not a valid int"},
		{"largest int8", as[int8], text("127"), int8(127), ""},
		{"int8 out of range", as[int8], text("128"), nil, "out of range for a int8"},
		{"int64 out of range", as[int64], text("9223372036854775808"), nil, "out of range for a int64"},
		{"named uint16", as[port], text("65535"), port(65535), ""},
		{"named uint16 out of range", as[port], text("65536"), nil, "out of range for a decode_test.port"},
		{"negative uint", as[uint], text("-1"), nil, "not a valid uint"},
		{"float32", as[float32], text("1e3"), float32(1000), ""},
		{"float32 out of range", as[float32], text("1e39"), nil, "out of range for a float32"},
		{"float64 without end", as[float64], text("Inf"), math.Inf(1), ""},
		{"pointer to an int is JSON", as[*int], text("3"), &three, ""},

		{"struct", as[settings], text(`{"host":"h","port":5,"when":"2026-01-02T12:00:00Z","tags":["t"]}`), settings{"h", 5, noon, []string{"t"}}, ""},
		{"pointer to a struct", as[*settings], bytes(`{"host":"h"}`), &settings{Host: "h"}, ""},
		{"struct of binary", as[settings], binary(`{"host":"h"}`), settings{Host: "h"}, ""},
		{"map", as[map[string]int], text(`{"a":1}`), map[string]int{"a": 1}, ""},
		{"map of anything", as[map[string]any], text(`{"a":1}`), map[string]any{"a": 1.0}, ""},
		{"array", as[[2]int], text("[1,2]"), [2]int{1, 2}, ""},
		{"null", as[*settings], text("null"), (*settings)(nil), ""},
		{"empty JSON", as[settings], text(""), nil, "the value is empty, not JSON of a decode_test.settings"},
		{"cut off JSON", as[settings], text(`{"host":"s3cret`), nil, "not JSON of a decode_test.settings: malformed at byte 15"},
		{"two JSON values", as[settings], text(`{} {}`), nil, "not JSON of a decode_test.settings: malformed at byte 4"},
		{"JSON of another type", as[settings], text(`{"port":"s3cret"}`), nil, "not JSON of a decode_test.settings: what ends at byte 16 is no decode_test.port"},
		{"JSON out of range", as[settings], text(`{"port":65536}`), nil, "not JSON of a decode_test.settings: what ends at byte 13 is no decode_test.port"},
		{"JSON with a time that is none", as[settings], text(`{"when":"s3cret"}`), nil, "not a valid decode_test.settings: its decoder failed with a *time.ParseError"},
		{"map with a key that is none", as[map[int]int], text(`{"s3cret":1}`), nil, "not JSON of a map[int]int: what ends at byte 2 is no int"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.decode(test.raw)
			if test.err != "" {
				var own *decode.Error
				if !errors.As(err, &own) || err.Error() != test.err {
					t.Fatalf("error %v, want %q", err, test.err)
				}
				if errors.Unwrap(err) != nil {
					t.Errorf("the error wraps %T", errors.Unwrap(err))
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, %v, want %#v", got, err, test.want)
			}
		})
	}
}

func TestRefusedAtDeclaration(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[any](), reflect.TypeFor[error](), reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[[]func()](), reflect.TypeFor[*chan int](), reflect.TypeFor[map[string][2]complex64](), reflect.TypeFor[[]error](),
		reflect.TypeFor[map[float64]int](), reflect.TypeFor[map[any]string](), reflect.TypeFor[[]unsafe.Pointer](),
		reflect.TypeFor[func()](), reflect.TypeFor[chan int](), reflect.TypeFor[complex128](), reflect.TypeFor[uintptr](),
	} {
		into, err := decode.For(typ)
		if into != nil || err == nil || !strings.Contains(err.Error(), "type "+typ.String()+": use a concrete type") {
			t.Errorf("%v: %v", typ, err)
		}
	}
	if f, err := decode.To[any](); f != nil || err == nil {
		t.Errorf("To of any: %v", err)
	}
	if _, err := decode.As[func()](decode.Text("a")); err == nil {
		t.Error("As of a function gave no error")
	}
}

// Two values decoded by one decoder share nothing.
// nest leads to itself.
type nest []nest

func TestTakenAtDeclaration(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[nest](), reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](), reflect.TypeFor[*any](),
		reflect.TypeFor[map[int8]string](), reflect.TypeFor[map[netip.Addr][]string](), reflect.TypeFor[[]*big.Int](),
		reflect.TypeFor[struct{ F func() }](), // JSON need not have it
	} {
		if _, err := decode.For(typ); err != nil {
			t.Error(err)
		}
	}
}

func TestDecodersAreUsedAgain(t *testing.T) {
	f, err := decode.To[*settings]()
	if err != nil {
		t.Fatal(err)
	}
	a, _ := f(decode.Text(`{"host":"a","tags":["a"]}`))
	b, _ := f(decode.Text(`{"port":1}`))
	if a.Host != "a" || !reflect.DeepEqual(b, &settings{Port: 1}) {
		t.Errorf("got %+v and %+v", a, b)
	}
	g, err := decode.To[*netip.Addr]()
	if err != nil {
		t.Fatal(err)
	}
	c, _ := g(decode.Text("10.0.0.1"))
	d, _ := g(decode.Text("10.0.0.2"))
	if c.String() != "10.0.0.1" || d.String() != "10.0.0.2" {
		t.Errorf("got %v and %v", c, d)
	}
}

func TestIsStrings(t *testing.T) {
	for typ, want := range map[reflect.Type]bool{
		reflect.TypeFor[[]string]():  true,
		reflect.TypeFor[hosts]():     true,
		reflect.TypeFor[list]():      false,
		reflect.TypeFor[textual]():   false,
		reflect.TypeFor[onlyJSON]():  false,
		reflect.TypeFor[[]byte]():    false,
		reflect.TypeFor[string]():    false,
		reflect.TypeFor[[2]string](): false,
	} {
		if decode.IsStrings(typ) != want {
			t.Errorf("%v: want %v", typ, want)
		}
	}
}

func TestJSON(t *testing.T) {
	var s settings
	if err := decode.JSON([]byte(`{"host":"h"}`), &s); err != nil || s.Host != "h" {
		t.Error(s, err)
	}
	for data, text := range map[string]string{
		"":                    "the value is empty, not JSON of a decode_test.settings",
		`{"host":s3cret}`:     "not JSON of a decode_test.settings: malformed at byte 9",
		`{"host":["s3cret"]}`: "not JSON of a decode_test.settings: what ends at byte 9 is no string",
	} {
		var own *decode.Error
		if err := decode.JSON([]byte(data), &s); !errors.As(err, &own) || err.Error() != text {
			t.Errorf("error %v, want %q", err, text)
		}
	}
}
