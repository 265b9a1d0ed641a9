package secretcache

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Tag makes a field of a struct that is tagged secret:"prod/db" what [Secret] would
// declare with that id and the field's type, and one that is tagged
// secret:"prod/db#password" what [Field] would. Give it to bind.Struct, and [Client]
// and [UntilRotation] beside it if they are to hold for every field.
var Tag = tag.New(binding{})

// binding is what package bind asks of this source.
type binding struct{}

func (binding) Key() string { return "secret" }

func (binding) DeclareField(t reflect.Type, value string, opts []lambdacache.Option) *lambdacache.Entry[any] {
	into, err := decode.For(t)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: secret:%q: %v", value, err))
	}
	id, field, isField := strings.Cut(value, "#")
	if !isField {
		return declare(id, "", tag.Decoder(t, func(s *secret, dst reflect.Value) error { return into(s.raw(), dst) }), opts)
	}
	if field == "" {
		panic(fmt.Sprintf("lambdacache: secret:%q: the field is empty: name one after the #, or leave the # out", value))
	}
	return declare(id, "#"+field, tag.Decoder(t, func(s *secret, dst reflect.Value) error {
		raw, err := s.field(field)
		if err != nil {
			return err
		}
		return into(raw, dst)
	}), opts)
}

// TakesForAll reports whether an option may be meant for several secrets.
func (binding) TakesForAll(o lambdacache.Option) bool {
	_, rotation, _ := rotating.Take([]lambdacache.Option{o})
	return rotation || clients.Takes(o)
}
