package ssmcache

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Tag makes a field of a struct that is tagged ssm:"/app/key" what [Parameter] would
// declare with that name and the field's type. Give it to bind.Struct, and [Client]
// beside it if the fields are to be loaded with a client of your own.
var Tag = tag.New(tag.Source{Name: "ssm", Declare: declareField, Takes: clients.Takes})

func declareField(t reflect.Type, name string, opts []lambdacache.Option) *lambdacache.Entry[any] {
	into, err := decoderInto(t)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: ssm:%q: %v", name, err))
	}
	return declare(name, tag.Decoder(t, into), opts)
}

// decoderInto works out how a parameter becomes a value of type t.
func decoderInto(t reflect.Type) (func(p *parameter, dst reflect.Value) error, error) {
	into, err := decode.For(t)
	if err != nil {
		return nil, err
	}
	strings := decode.IsStrings(t)
	return func(p *parameter, dst reflect.Value) error {
		if strings && !p.list {
			return lambdacache.Undecodable(fmt.Sprintf("the parameter is a %s, and only a StringList becomes a %v: declare string, or change the parameter", p.kind, t))
		}
		return into(p.raw(), dst)
	}, nil
}
