package appconfigcache

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Tag makes a field of a struct that is tagged appconfig:"shop/prod/flags" what
// [Configuration] would declare with that application, environment and profile and the
// field's type; a [FlagSet] is what [Flags] would. A slash within a name is written
// %2F, as errors show it, and a percent sign %25. Give it to bind.Struct, and [Client]
// beside it if the fields are to be loaded with a client of your own.
var Tag = tag.New(binding{})

// binding is what package bind asks of this source.
type binding struct{}

func (binding) Key() string { return "appconfig" }

func (binding) TakesForAll(o lambdacache.Option) bool { return clients.Takes(o) }

func (binding) DeclareField(t reflect.Type, value string, opts []lambdacache.Option) *lambdacache.Entry[any] {
	into, err := decode.For(t)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: appconfig:%q: %v", value, err))
	}
	parts := strings.Split(value, "/")
	if len(parts) != 3 {
		panic(fmt.Sprintf(`lambdacache: appconfig:%q: write "application/environment/profile"`, value))
	}
	k := newKey("Configuration", plain.Replace(parts[0]), plain.Replace(parts[1]), plain.Replace(parts[2]))
	return declare(k, tag.Decoder(t, func(body []byte, dst reflect.Value) error { return into(decode.Bytes(body), dst) }), opts)
}
