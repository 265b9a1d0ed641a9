package dynamocache

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/dynamokey"
	"github.com/lambda-cache/lambdacache/internal/tag"
)

// Tag makes a field of a struct that is tagged dynamo:"tenants?pk=tenant#1&sk=7" what
// [Item] would declare with that table, that [Key] and the field's type. It is written
// as errors show a key: what reads as a number is one, and the string "7" is written
// \"7\", as is a string with an ampersand, a quotation mark or white space at its ends;
// bytes are base64:AP8=. With &consistent at the end the item is read as [Consistent]
// says. Give the Tag to bind.Struct, and [Client] and Consistent beside it if they are to
// hold for every field.
var Tag = tag.New(binding{})

// binding is what package bind asks of this source.
type binding struct{}

func (binding) Key() string { return "dynamo" }

func (binding) DeclareField(t reflect.Type, value string, opts []lambdacache.Option) *lambdacache.Entry[any] {
	into, err := decoder(t)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: dynamo:%q: %v", value, err))
	}
	text, strong := strings.CutSuffix(value, consistentFlag)
	if strong {
		opts = append(opts, Consistent())
	}
	parsed, err := dynamokey.Parse(text)
	if err != nil || len(parsed.Attributes) == 0 {
		panic(fmt.Sprintf(`lambdacache: dynamo:%q: not a table and a key: write "tenants?pk=tenant#1" or "tenants?pk=tenant#1&sk=7"`, value))
	}
	return declare(parsed.Table, primaryKey(parsed.Attributes), tag.Decoder(t, func(i *item, dst reflect.Value) error {
		return into(i.attributes(), dst)
	}), opts)
}

// primaryKey is [Key] of attributes as they were read.
func primaryKey(attributes []dynamokey.Attribute) PrimaryKey {
	var pairs []any
	for _, a := range attributes {
		var value any = a.Value
		switch a.Kind {
		case dynamokey.Number:
			value = attributevalue.Number(a.Value)
		case dynamokey.Binary:
			value = []byte(a.Value)
		}
		pairs = append(pairs, a.Name, value)
	}
	return Key(attributes[0].Name, pairs[1], pairs[2:]...)
}

// TakesForAll reports whether an option may be meant for several items.
func (binding) TakesForAll(o lambdacache.Option) bool {
	_, strong, _ := consistent.Take([]lambdacache.Option{o})
	return strong || clients.Takes(o)
}
