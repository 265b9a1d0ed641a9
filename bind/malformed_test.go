package bind

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Tags that go vet would not let a test declare.
func TestMalformedTags(t *testing.T) {
	for tag, at := range map[string]string{
		"ssm:/app/key":                 "ssm:/app/key",
		"ssm:`/app/key`":               "ssm:`/app/key`",
		`ssm: "/app/key"`:              `ssm: "/app/key"`,
		`json:"key" ssm`:               "ssm",
		`ssm:"/app/key",maxage:"5m"`:   `,maxage:"5m"`,
		`ssm:"/app/key" max age:"5m"`:  `max age:"5m"`,
		`ssm:"/app/key" : "5m"`:        `: "5m"`,
		`:"/app/key"`:                  `:"/app/key"`,
		`"ssm":"/app/key"`:             `"ssm":"/app/key"`,
		`ssm:"/app/key`:                `ssm:"/app/key`,
		`ssm:"/app/key" maxage:"\z"`:   `maxage:"\z"`,
		`json:"key,omitempty" ssm:'a'`: `ssm:'a'`,
	} {
		s := reflect.StructOf([]reflect.StructField{{Name: "Key", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(tag)}})
		func() {
			defer func() {
				want := fmt.Sprintf(`lambdacache: bind.Struct[struct]: field Key: its tag is malformed at %q: write key:"value", with spaces between several`, at)
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("%s: panic\n%s\nwant\n%s", tag, got, want)
				}
			}()
			read(s, []lambdacache.Option{ssmcache.Tag})
		}()
	}
}

// What can be read is read as package reflect reads it.
func TestTagsAreReadAsReflectDoes(t *testing.T) {
	const tag = `  ssm:"/app/\u00e9\"key"  maxage:"5m" json:"key,omitempty"`
	pairs := split(tag)
	if len(pairs) != 3 {
		t.Fatalf("%d tags: %v", len(pairs), pairs)
	}
	for _, p := range pairs {
		if want := reflect.StructTag(tag).Get(p.key); p.value != want {
			t.Errorf("%s: %q, want %q", p.key, p.value, want)
		}
	}
}
