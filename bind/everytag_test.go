package bind

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// every Tag that there is, with something it can name, and an option that says where to
// load it from.
var every = map[string]struct {
	option lambdacache.Option
	value  string
	from   lambdacache.Option
}{
	"ssm":       {ssmcache.Tag, "/app/key", ssmcache.Region("eu-south-2")},
	"secret":    {secretcache.Tag, "prod/db#password", secretcache.Region("eu-south-2")},
	"s3":        {s3cache.Tag, "s3://rules/rules.json", s3cache.Region("eu-south-2")},
	"appconfig": {appconfigcache.Tag, "shop/prod/flags", appconfigcache.Region("eu-south-2")},
	"dynamo":    {dynamocache.Tag, "tenants?pk=tenant#1", dynamocache.Region("eu-south-2")},
	"url":       {httpcache.Tag, "https://issuer.example.com/jwks.json", httpcache.Client(http.DefaultClient)},
}

// declaring declares a struct with one field, inside another if path says so, and
// gives what it panics with.
func declaring(path string, t reflect.Type, tag string, opts ...lambdacache.Option) (s *structure, panicked string) {
	names := strings.Split(path, ".")
	slices.Reverse(names)
	for i, name := range names {
		f := reflect.StructField{Name: name, Type: t}
		if i == 0 {
			f.Tag = reflect.StructTag(tag)
		}
		if strings.ToLower(name) == name {
			f.PkgPath = "example.com/program"
		}
		t = reflect.StructOf([]reflect.StructField{f})
	}
	defer func() {
		if r := recover(); r != nil {
			panicked = fmt.Sprint(r)
		}
	}()
	for _, source := range every {
		opts = append(opts, source.option)
	}
	return read(t, opts), ""
}

// Each Tag makes an entry of a field, also of one in a struct, and each mistake is told
// with the field's name.
func TestEveryTag(t *testing.T) {
	t.Setenv("BIND_TEST_SET", "")
	table := reflect.TypeFor[map[string]string]() // which all of them can be decoded into
	known := "known: " + strings.Join(slices.Sorted(maps.Keys(every)), ", ")
	if packages, _ := filepath.Glob("../*/tag.go"); len(packages) != len(every) {
		t.Errorf("there are Tags in %v: this test knows %d", packages, len(every))
	}
	for name, source := range every {
		written := func(value, more string) string { return fmt.Sprintf("%s:%q%s", name, value, more) }
		s, panicked := declaring("DB.Key", table, written(source.value+"${BIND_TEST_SET}", ` maxage:"5m" json:"key"`))
		if panicked != "" {
			t.Errorf("%s: panic: %s", name, panicked)
			continue
		}
		if _, panicked = declaring("Key", table, written(source.value, ""), source.from); panicked != "" {
			t.Errorf("%s: with an option for every field: panic: %s", name, panicked)
		}
		if got := s.fields[0].entry.Name(); len(s.fields) != 1 || got != "struct.DB.Key" {
			t.Errorf("%s: %d fields, the first is %q", name, len(s.fields), got)
		}
		for _, test := range []struct {
			path, tag string
			t         reflect.Type
			want      string
		}{
			{"DB.Key", written(source.value+"${BIND_TEST_UNSET}", ""), table, "field DB.Key: the environment variable BIND_TEST_UNSET is not set"},
			{"DB.Key", written(source.value, ` maxage:"5"`), table, `field DB.Key: maxage:"5": not a duration: write "90s", "5m" or "1h30m"`},
			{"DB.Key", written(source.value, ` maxage:"-1s"`), table, `field DB.Key: maxage:"-1s": MaxAge(-1s): an age cannot be negative`},
			{"DB.Key", written(source.value, ` max:"5m"`), table, "field DB.Key: the tag max is unknown (" + known + ")"},
			{"DB.key", written(source.value, ""), table, "field DB.key: it is unexported, and nothing can set it: export it"},
			{"DB.Key", written(source.value, ""), reflect.TypeFor[func()](), "field DB.Key: " + written(source.value, ": ")},
			{"DB.Key", written(source.value, ""), reflect.TypeFor[any](), "of type interface {}: use a "},
			{"DB.Key", written("", ""), table, "field DB.Key: "},
		} {
			_, panicked := declaring(test.path, test.t, test.tag)
			if !strings.HasPrefix(panicked, "lambdacache: bind.Struct[struct]: field DB.") || !strings.Contains(panicked, test.want) {
				t.Errorf("%s of a %v: panic\n%s\nwant\n%s", test.tag, test.t, panicked, test.want)
			}
		}
	}
}
