package httpcache

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Tag makes a field of a struct that is tagged url:"https://host/path" what [URL] would
// declare with that URL and the field's type. Give it to bind.Struct, and [Client] and
// [SizeLimit] beside it if they are to hold for every field. A [Header] is for one
// server: a document that needs one is declared by URL.
var Tag = tag.New(binding{})

// binding is what package bind asks of this source.
type binding struct{}

func (binding) Key() string { return "url" }

func (binding) DeclareField(t reflect.Type, url string, opts []lambdacache.Option) *lambdacache.Entry[any] {
	at := locate("URL", url)
	into, err := decode.For(t)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: url:%q: %v", at.key(), err))
	}
	return declare(at, tag.Decoder(t, func(body []byte, dst reflect.Value) error { return into(decode.Bytes(body), dst) }), opts)
}

// TakesForAll reports whether an option may be meant for several documents.
func (binding) TakesForAll(o lambdacache.Option) bool {
	_, client, _ := clientOption.Take([]lambdacache.Option{o})
	_, limit, _ := sizeLimit.Take([]lambdacache.Option{o})
	return client || limit
}
