package decode_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/decode"
)

// fed are types whose decoders quote their input, each in a way of its own.
var fed = []reflect.Type{
	reflect.TypeFor[string](),
	reflect.TypeFor[[]byte](),
	reflect.TypeFor[[]string](),
	reflect.TypeFor[bool](),
	reflect.TypeFor[int](),
	reflect.TypeFor[int8](),
	reflect.TypeFor[port](),
	reflect.TypeFor[float32](),
	reflect.TypeFor[time.Duration](),
	reflect.TypeFor[time.Time](),
	reflect.TypeFor[*time.Time](),
	reflect.TypeFor[netip.Addr](),
	reflect.TypeFor[*netip.Prefix](),
	reflect.TypeFor[net.IP](),
	reflect.TypeFor[url.URL](),
	reflect.TypeFor[big.Int](),
	reflect.TypeFor[regexp.Regexp](),
	reflect.TypeFor[json.RawMessage](),
	reflect.TypeFor[json.Number](),
	reflect.TypeFor[quoting](),
	reflect.TypeFor[settings](),
	reflect.TypeFor[map[string]int](),
	reflect.TypeFor[map[netip.Addr]bool](),
	reflect.TypeFor[[]time.Time](),
	reflect.TypeFor[*int](),
	reflect.TypeFor[struct {
		Port  int         `json:",string"`
		Flag  bool        `json:",string"`
		Count json.Number `json:"count"`
		At    netip.Addr
		Q     quoting
	}](),
}

// sentence is what an error about a type may say: words of our own, a number, and
// the names of types that are known here.
var sentence = func() map[reflect.Type]*regexp.Regexp {
	inner := []string{"int", "uint16", "bool", "string"}
	for _, t := range fed {
		inner = append(inner, t.String())
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
			inner = append(inner, t.String())
		}
		if t.Kind() == reflect.Struct {
			for f := range t.Fields() {
				inner = append(inner, f.Type.String())
			}
		}
	}
	failed := []string{
		"*errors.errorString", "*fmt.wrapError", "*time.ParseError", "*net.ParseError", "*url.Error", "*syntax.Error",
		"netip.parseAddrError", "netip.parsePrefixError",
	}
	all := make(map[reflect.Type]*regexp.Regexp)
	for _, t := range fed {
		all[t] = regexp.MustCompile(fmt.Sprintf(`^(the value is empty, not JSON of a %[1]s|the value is binary, not a %[1]s: declare \[\]byte|`+
			`not JSON of a %[1]s: malformed at byte \d+|not JSON of a %[1]s: what ends at byte \d+ is no (%[2]s)|`+
			`out of range for a %[1]s|not a valid %[1]s|not a valid %[1]s: its decoder failed with a (%[3]s))$`,
			regexp.QuoteMeta(t.String()), anyOf(inner), anyOf(failed)))
	}
	return all
}()

func anyOf(words []string) string {
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, regexp.QuoteMeta(w))
	}
	return strings.Join(quoted, "|")
}

func checkErrors(t *testing.T, data []byte) {
	t.Helper()
	raws := map[string]decode.Raw{
		"text": decode.Text(string(data)), "bytes": decode.Bytes(data), "list": decode.List(string(data)), "binary": decode.Binary(data),
	}
	for _, typ := range fed {
		into, err := decode.For(typ)
		if err != nil {
			t.Fatal(err)
		}
		for kind, raw := range raws {
			err := into(raw, reflect.New(typ).Elem())
			var own *decode.Error
			switch {
			case err == nil:
			case !errors.As(err, &own) || errors.Unwrap(err) != nil:
				t.Errorf("%v of %s: the error is a %T", typ, kind, err)
			case !sentence[typ].MatchString(err.Error()):
				t.Errorf("%v of %s %q: the error says %q", typ, kind, data, err)
			}
		}
	}
}

// FuzzDecode holds that errors are made of known words only: nothing of what was to
// be decoded can be among them.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"", " ", "\x00\x01\x02\x03\x04", "s3cretValue", "hunter2,hunter3", "12345678901234567890", "1e999", "-77777777",
		`"s3cretValue"`, `{"host":s3cretValue}`, `{"port":"s3cretValue"}`, `{"port":987654321}`, `{"when":"s3cretValue"}`,
		`{"tags":["s3cretValue",{}]}`, `{"s3cretValue":true}`, `["s3cretValue"]`, `{"Port":"s3cretValue","Flag":"s3cretValue"}`,
		`{"Flag":"s3cretValue"}`, `{"count":"s3cretValue"}`, `{"At":"s3cretValue"}`, `{"Q":"s3cretValue"}`, `[s3cretValue`,
		"2026-01-02T12:00:00s3cret", "10.0.0.s3cret", "10.0.0.0/s3cret", "https://user:s3cret@host:port/%zz", "99999999h", "5s3cret",
		"(s3cretValue", "[z-a]s3cret", `\p{s3cretValue}`, "\xff\xfes3cretValue", "tru\u00e9s3cret", `{"host":"\ud800s3cret`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(checkErrors)
}
