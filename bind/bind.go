// Package bind makes one entry of a struct whose tags say what each field holds:
//
//	type Config struct {
//		Key   string                 `ssm:"/${STAGE}/app/key"`
//		Hosts []string               `ssm:"/${STAGE}/app/hosts" maxage:"5m"`
//		DB    DB                     `secret:"prod/db"`
//		Pass  string                 `secret:"prod/db#password"`
//		Rules *s3cache.LocalFile     `s3:"s3://rules/rules.json" maxage:"1h"`
//		Flags appconfigcache.FlagSet `appconfig:"shop/prod/flags"`
//	}
//
//	var cfg = bind.Struct[Config](ssmcache.Tag, secretcache.Tag, s3cache.Tag, appconfigcache.Tag)
//
//	func handler(ctx context.Context, e Event) (Response, error) { return answer(cfg.Value(ctx).Hosts) }
//
//	func main() { lambda.Start(lambdacache.Wrap(handler, cfg)) }
//
// # Tags
//
// One tag of a source names the value:
//
//   - ssm:"/app/key" as [ssmcache.Parameter] does;
//   - secret:"prod/db" as [secretcache.Secret] does, secret:"prod/db#password" as
//     secretcache.Field;
//   - s3:"s3://bucket/key" as s3cache.Object, or as s3cache.File for a
//     *s3cache.LocalFile;
//   - appconfig:"shop/prod/flags" as appconfigcache.Configuration, or as
//     appconfigcache.Flags for an appconfigcache.FlagSet;
//   - dynamo:"tenants?pk=tenant#1&sk=7" as dynamocache.Item;
//   - url:"https://issuer.example.com/jwks.json" as httpcache.URL.
//
// ${VAR} in it stands for the environment variable, which must be set, if only to
// nothing, when Struct runs: of a package variable before main, and before TestMain.
// Set it for tests as well: STAGE=test go test ./...
//
// Beside it maxage:"5m" says what [lambdacache.MaxAge] says, maxage:"forever" included,
// stale:"1h" what [lambdacache.StaleIfError], ahead:"0.8" what
// [lambdacache.RefreshAhead] and jitter:"0.25" what [lambdacache.Jitter]. A field
// without them has what the options of Struct say, else the defaults.
//
// A field without a tag of a source stays zero; if it is a struct, or embeds one, its
// fields are looked at in turn. Tags of encoders (json, yaml, …) are passed over; any
// other one is taken for a mistake, and bind:"-" leaves out the field, with all it has.
//
// [ssmcache.Parameter]: https://pkg.go.dev/github.com/lambda-cache/lambdacache/ssmcache#Parameter
// [secretcache.Secret]: https://pkg.go.dev/github.com/lambda-cache/lambdacache/secretcache#Secret
package bind

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Struct declares an entry for a struct that is filled from the sources whose Tags it
// is given. The fields are loaded like entries declared one by one, with the same few
// calls and each with its own max age, and the struct is built anew when one of them
// has changed. Fields of one secret are always of one version.
//
// Options hold for every field, but a field's own tags win; those of a source, such as
// ssmcache.Client, for the fields of that source. [lambdacache.Name] names the entry,
// in place of the type's name; in errors and events a field is called by that name, a
// dot and its own: "Config.Hosts".
//
// T may also be a pointer to the struct. Value then copies the pointer alone, which is
// as much as that of a plain entry; what it points to is shared and read-only.
//
// Struct panics, and names the field, on a tag that is unknown, malformed or without a
// source, on two sources for one field, a variable that is not set, a bad duration or
// fraction, a type that nothing can be decoded into, a tagged field that is unexported,
// behind a pointer or in a list or map, and what the source's constructor panics on. It
// panics on a T that is neither and on one without a tagged field.
func Struct[T any](tagsAndOptions ...lambdacache.Option) *lambdacache.Entry[T] {
	s := read(reflect.TypeFor[T](), tagsAndOptions)
	return lambdacache.Derive(s.name, func(ctx context.Context) (v T, err error) {
		dst := reflect.ValueOf(&v).Elem()
		if dst.Kind() == reflect.Pointer {
			dst.Set(reflect.New(dst.Type().Elem()))
			dst = dst.Elem()
		}
		s.fill(ctx, dst)
		return v, nil
	}, s.entries)
}

// structure is a struct type and the entries of its fields.
type structure struct {
	where   string // "bind.Struct[main.Config]"
	name    string
	sources map[string]tag.Source
	own     map[string][]lambdacache.Option // by source, the source's own options for all of its fields
	shared  []lambdacache.Option

	fields  []field
	entries []lambdacache.Cached // of the fields, in their order
	closed  map[reflect.Type]bool
}

// field is a field with an entry.
type field struct {
	index []int
	entry *lambdacache.Entry[any]
}

func read(t reflect.Type, opts []lambdacache.Option) *structure {
	where := "bind.Struct[" + t.String() + "]"
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &structure{
		where: where, name: cmp.Or(t.Name(), "struct"),
		sources: make(map[string]tag.Source), own: make(map[string][]lambdacache.Option), closed: make(map[reflect.Type]bool),
	}
	if t.Kind() == reflect.Struct && t.Name() == "" {
		s.where = "bind.Struct[struct]" // its String has every field
	}
	s.at("", func() {
		if t.Kind() != reflect.Struct {
			panic("the type is not a struct, nor a pointer to one")
		}
		s.sort(opts)
	})
	s.at("options for every field: ", func() {
		// Of the options for all fields only Name is for the whole. This package cannot
		// look into it, but the name of an entry that has them can be asked for.
		none := func(context.Context) (struct{}, error) { return struct{}{}, nil }
		s.name = lambdacache.New(s.name, none, s.shared...).Name()
	})
	s.walk(t, "", nil)
	s.at("", func() {
		if len(s.fields) == 0 {
			panic("no field has the tag of a source (" + s.known() + ")")
		}
	})
	return s
}

// sort tells Tags, the sources' own options and options for all fields apart.
func (s *structure) sort(opts []lambdacache.Option) {
	var rest []lambdacache.Option
	for _, o := range opts {
		if source, is := tag.Of(o); is {
			s.sources[source.Key()] = source
		} else {
			rest = append(rest, o)
		}
	}
	if len(s.sources) == 0 {
		panic("it was given no Tag of a source, such as ssmcache.Tag")
	}
	for _, o := range rest {
		taken := false
		for name, source := range s.sources {
			if source.TakesForAll(o) {
				s.own[name] = append(s.own[name], o)
				taken = true
			}
		}
		if !taken {
			s.shared = append(s.shared, o) // or it is nobody's, and panics
		}
	}
}

// at runs f and says where it panicked.
func (s *structure) at(field string, f func()) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case string:
			panic("lambdacache: " + s.where + ": " + field + strings.TrimPrefix(r, "lambdacache: "))
		default:
			panic(r)
		}
	}()
	f()
}

// declare makes the entry of a field.
func (s *structure) declare(f reflect.StructField, path string, index []int, tags tags) {
	source := s.sources[tags.source]
	opts := slices.Concat(s.shared, s.own[tags.source], tags.options(), []lambdacache.Option{lambdacache.Name(s.name + "." + path)})
	e := source.DeclareField(f.Type, expand(tags.value), opts)
	s.fields = append(s.fields, field{index, e})
	s.entries = append(s.entries, e)
}

// fill sets the fields of a struct with the values of ctx.
func (s *structure) fill(ctx context.Context, dst reflect.Value) {
	for _, f := range s.fields {
		dst.FieldByIndex(f.index).Set(reflect.ValueOf(f.entry.Value(ctx)))
	}
}

// known lists the tags of the sources given.
func (s *structure) known() string {
	return "known: " + strings.Join(slices.Sorted(maps.Keys(s.sources)), ", ")
}
