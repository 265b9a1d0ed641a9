// Package tag is what the source packages and package bind have between them. A
// source's Tag says how a field of a struct becomes an entry of that source; bind
// finds it among what it is given. So no source imports bind, bind imports no source,
// and a program links the sources whose Tag it names, no others.
//
// A Tag is a [lambdacache.Option]: bind.Struct takes Tags and options in one list, and
// any other constructor refuses a Tag as it does the option of another source.
package tag

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
)

// Source is what a Tag says of its source. It is an interface because the linker drops
// methods that nothing calls: in a program without package bind a Tag costs nothing.
type Source interface {
	// Key is that of the tag: "ssm" for `ssm:"/app/key"`.
	Key() string

	// DeclareField makes the entry of a field of type t with a tag of that value. The
	// entry's values are of type t. It panics as the source's constructors do.
	DeclareField(t reflect.Type, value string, opts []lambdacache.Option) *lambdacache.Entry[any]

	// TakesForAll reports whether an option is the source's own and may be given to all
	// of its fields.
	TakesForAll(o lambdacache.Option) bool
}

var kind = lambdacache.NewOptionKind[Source]("Tag (for bind.Struct)")

// New is the Tag of a source.
func New(s Source) lambdacache.Option { return kind.With(s) }

// Of gives what a Tag says; false for any other option.
func Of(o lambdacache.Option) (Source, bool) {
	s, is, _ := kind.Take([]lambdacache.Option{o})
	return s, is
}

// Decoder makes a decoder of a [Source.DeclareField]'s entry of one that sets a variable
// of type t. In errors the type is t's, though the entry is one of any.
func Decoder[R any](t reflect.Type, into func(record R, dst reflect.Value) error) func(R) (any, error) {
	return func(record R) (v any, err error) {
		defer func() {
			if r := recover(); r != nil {
				v, err = nil, lambdacache.Undecodable(fmt.Sprintf("the decoder into %v panicked with a %T", t, r))
			}
		}()
		dst := reflect.New(t).Elem()
		if err := into(record, dst); err != nil {
			return nil, err
		}
		return dst.Interface(), nil
	}
}
