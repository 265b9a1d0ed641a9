package ssmcache

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Tag makes a field of a struct that is tagged ssm:"/app/key" what [Parameter] would
// declare with that name and the field's type. Give it to bind.Struct, and [Client]
// beside it if the fields are to be loaded with a client of your own. A [Path] is
// declared beside the struct.
var Tag = tag.New(binding{})

// binding is what package bind asks of this source. It knows no paths: whoever binds a
// parameter would link all of them.
type binding struct{}

func (binding) Key() string { return tagKey }

func (binding) TakesForAll(o lambdacache.Option) bool { return clients.Takes(o) }

func (binding) DeclareField(t reflect.Type, name string, opts []lambdacache.Option) *lambdacache.Entry[any] {
	into, err := decoder(t)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: ssm:%q: %v", name, err))
	}
	return declare(name, tag.Decoder(t, into), opts)
}
