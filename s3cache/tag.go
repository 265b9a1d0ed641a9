package s3cache

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Tag makes a field of a struct that is tagged s3:"s3://bucket/key" what [Object]
// would declare with that URI and the field's type; a *[LocalFile] is what [File]
// would. Give it to bind.Struct, and [Client] beside it if the fields are to be loaded
// with a client of your own.
var Tag = tag.New(binding{})

// binding is what package bind asks of this source.
type binding struct{}

func (binding) Key() string { return "s3" }

// TakesForAll reports whether an option may be meant for several objects.
func (binding) TakesForAll(o lambdacache.Option) bool {
	_, streams, _ := streamsOption.Take([]lambdacache.Option{o})
	return streams || clients.Takes(o)
}

func (binding) DeclareField(t reflect.Type, uri string, opts []lambdacache.Option) *lambdacache.Entry[any] {
	switch t {
	case reflect.TypeFor[*LocalFile]():
		return file(uri, func(f *LocalFile) (any, error) { return f, nil }, opts)
	case reflect.TypeFor[LocalFile]():
		panic(fmt.Sprintf("lambdacache: s3:%q: a file is kept for as long as its LocalFile is reached: declare *s3cache.LocalFile", uri))
	}
	into, err := decode.For(t)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: s3:%q: %v", uri, err))
	}
	decoder := tag.Decoder(t, func(body []byte, dst reflect.Value) error { return into(decode.Bytes(body), dst) })
	return object("Object", uri, decoder, opts)
}
