package ssmcache_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

type (
	mode     string
	level    int8
	hosts    []string
	database struct {
		User string
		Port int
	}
)

// becomes reads a value as a T, from a String and from a SecureString.
func becomes[T any](l *lab, value string, want T) {
	l.t.Helper()
	for kind, put := range map[string]func(name, value string) int64{"String": l.SSM.Put, "SecureString": l.SSM.PutSecure} {
		name := "/values/" + kind
		put(name, value)
		e := ssmcache.Parameter[T](name)
		if got, err := e.Refresh(l.t.Context()); err != nil || !reflect.DeepEqual(got, want) {
			l.t.Errorf("%s as a %T: %v, %v", kind, want, got, err)
		}
		if e.Version() == "" || e.Stats().Loads != 1 {
			l.t.Errorf("%s as a %T: version %q, %+v", kind, want, e.Version(), e.Stats())
		}
	}
}

func TestTextBecomesWhatIsDeclared(t *testing.T) {
	l := newLab(t)
	becomes(l, " text ", " text ")
	becomes(l, "a,b", "a,b")
	becomes(l, "blue", mode("blue"))
	becomes(l, "bytes", []byte("bytes"))
	becomes(l, " 42\n", 42)
	becomes(l, "-128", level(-128))
	becomes(l, "65535", uint16(65535))
	becomes(l, "2.5", 2.5)
	becomes(l, "true", true)
	becomes(l, "1m30s", 90*time.Second)
	becomes(l, "10.0.0.1", netip.MustParseAddr("10.0.0.1"))
	becomes(l, "2026-11-23T00:00:00Z", time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	becomes(l, `{"User":"app","Port":5432}`, database{"app", 5432})
	becomes(l, `{"User":"app","Port":5432}`, &database{"app", 5432})
	becomes(l, `{"a":1}`, map[string]int{"a": 1})
	becomes(l, `[1,2]`, []int{1, 2})
	becomes(l, `{"a":1}`, json.RawMessage(`{"a":1}`))
}

func TestSecureStringIsDecrypted(t *testing.T) {
	l := newLab(t)
	l.SSM.PutSecure("/app/token", secret)
	token := get(t, ssmcache.Parameter[lambdacache.Redacted[string]]("/app/token"))
	want(t, "token", token.Reveal(), secret)
	want(t, "printed", fmt.Sprint(token), "[redacted]")
}

func TestStringListBecomesStrings(t *testing.T) {
	l := newLab(t)
	for _, elements := range [][]string{{"a", "b", "c"}, {"only"}, {"", "a", "", "b", ""}, {"", ""}, {" a", "b "}} {
		l.SSM.PutList("/app/hosts", elements...)
		plain, named := ssmcache.Parameter[[]string]("/app/hosts"), ssmcache.Parameter[hosts]("/app/hosts")
		if got, err := plain.Refresh(t.Context()); err != nil || !reflect.DeepEqual(got, elements) {
			t.Errorf("[]string: %q, %v", got, err)
		}
		if got, err := named.Refresh(t.Context()); err != nil || !reflect.DeepEqual(got, hosts(elements)) {
			t.Errorf("a type of one's own: %q, %v", got, err)
		}
	}
	l.SSM.PutList("/app/other", "a", "", "b")
	want(t, "a StringList as text", get(t, ssmcache.Parameter[string]("/app/other")), "a,,b")
}

func TestStringsOfWhatIsNoList(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/string", secret+",b")
	l.SSM.PutSecure("/app/secure", `["`+secret+`"]`)
	err := fails(t, ssmcache.Parameter[[]string]("/app/string"))
	want(t, "error", err.Error(), `lambdacache: load "string" from ssm /app/string: cannot decode: `+
		`the parameter is a String, and only a StringList becomes a []string: declare string, or change the parameter`)
	want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
	fails(t, ssmcache.Parameter[hosts]("/app/secure"),
		"the parameter is a SecureString, and only a StringList becomes a ssmcache_test.hosts: ")
}

func TestUndecodableValueIsNotShown(t *testing.T) {
	l := newLab(t)
	l.SSM.PutSecure("/app/value", `{"User":"s3cr3t","Port":"s3cr3t"}`)
	for text, err := range map[string]error{
		"cannot decode: not a valid int":                                                      fails(t, ssmcache.Parameter[int]("/app/value")),
		"cannot decode: not a valid bool":                                                     fails(t, ssmcache.Parameter[bool]("/app/value")),
		"cannot decode: not a valid time.Duration":                                            fails(t, ssmcache.Parameter[time.Duration]("/app/value")),
		"cannot decode: not a valid netip.Addr: ":                                             fails(t, ssmcache.Parameter[netip.Addr]("/app/value")),
		"cannot decode: not JSON of a []int: ":                                                fails(t, ssmcache.Parameter[[]int]("/app/value")),
		"cannot decode: not JSON of a ssmcache_test.database: what ends at byte 32 is no int": fails(t, ssmcache.Parameter[database]("/app/value")),
	} {
		wantError(t, err, `load "value" from ssm /app/value: `, text)
		want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
	}
}

func TestParameterFunc(t *testing.T) {
	l := newLab(t)
	decoded := 0
	number := ssmcache.ParameterFunc("/app/number", func(value string) (int, error) {
		decoded++
		return strconv.Atoi(value) // whose error quotes the value
	})
	l.SSM.Put("/app/number", "1")
	want(t, "value", get(t, number), 1)
	l.SSM.Put("/app/number", secret)
	_, err := number.Refresh(t.Context())
	wantError(t, err, `load "number" from ssm /app/number: cannot decode: the decoder into int failed with a *strconv.NumError`)
	if errors.As(err, new(*strconv.NumError)) {
		t.Error("the decoder's error was passed on")
	}
	want(t, "the old value", get(t, number), 1)
	want(t, "decoded", decoded, 2)

	l.SSM.PutList("/app/list", "a", "", "b")
	want(t, "a list", get(t, ssmcache.ParameterFunc("/app/list", func(v string) (string, error) { return v, nil })), "a,,b")
	explained := ssmcache.ParameterFunc("/app/list", func(string) (int, error) { return 0, lambdacache.Undecodable("three wanted") })
	fails(t, explained, `load "list" from ssm /app/list: cannot decode: three wanted`)
}
