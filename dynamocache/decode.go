package dynamocache

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

var (
	unmarshaler     = reflect.TypeFor[attributevalue.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	attributeValue  = reflect.TypeFor[types.AttributeValue]()
)

// decoder is how an item becomes a t, or an error for a type that none can become.
func decoder(t reflect.Type) (func(attributes map[string]types.AttributeValue, dst reflect.Value) error, error) {
	if err := checkType(t); err != nil {
		return nil, err
	}
	into := unmarshal
	if holdsTextual(t, make(map[reflect.Type]bool)) {
		into = func(attributes map[string]types.AttributeValue, dst any) error {
			fitted, err := fit(t, attributes)
			if err != nil {
				return err
			}
			return unmarshal(fitted, dst)
		}
	}
	return func(attributes map[string]types.AttributeValue, dst reflect.Value) error {
		if err := into(attributes, dst.Addr().Interface()); err != nil {
			return explain(t, into, attributes, err)
		}
		return nil
	}, nil
}

func unmarshal(attributes map[string]types.AttributeValue, dst any) error {
	return attributevalue.UnmarshalMapWithOptions(attributes, dst, func(o *attributevalue.DecoderOptions) {
		o.UseEncodingUnmarshalers = true
	})
}

func checkType(t reflect.Type) error {
	declared := t
	for t.Kind() == reflect.Pointer && !t.Implements(unmarshaler) {
		t = t.Elem()
	}
	switch isMap := t.Kind() == reflect.Map; {
	case t.Kind() == reflect.Interface:
	case decodesItself(t):
		return nil
	case isMap && t.Elem() == attributeValue:
		return fmt.Errorf("attributevalue decodes nothing into a %v: write dynamocache.ItemFunc", declared)
	case t.Implements(textUnmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler):
		return fmt.Errorf("a %v is made of text and an item is none: use a struct with a field of that type", declared)
	case isMap || t.Kind() == reflect.Struct:
		return nil
	}
	return fmt.Errorf("an item cannot be decoded into a value of type %v: use a struct or a map, or write dynamocache.ItemFunc", declared)
}

// decodesItself reports whether a type, or what it points to, has a method for items.
func decodesItself(t reflect.Type) bool {
	for ; t.Kind() == reflect.Pointer; t = t.Elem() {
		if t.Implements(unmarshaler) {
			return true
		}
	}
	return t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler)
}

// explain says which attribute could not be decoded, and into what. The errors of
// attributevalue quote numbers and times, and hold those of the types' own methods:
// none is passed on. A type that decodes the item itself may refuse an attribute only
// because the others are missing: it says no more than that it failed.
func explain(t reflect.Type, into func(map[string]types.AttributeValue, any) error, attributes map[string]types.AttributeValue, err error) error {
	if decodesItself(t) {
		return lambdacache.Undecodable("the item " + reason(t, err))
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		alone := map[string]types.AttributeValue{name: attributes[name]}
		if err := into(alone, reflect.New(t).Interface()); err != nil {
			return lambdacache.Undecodable(fmt.Sprintf("the attribute %q, which is %s, %s", name, kindOf(attributes[name]), reason(t, err)))
		}
	}
	return lambdacache.Undecodable("the item " + reason(t, err))
}

func reason(t reflect.Type, err error) string {
	var own *decode.Error
	var mismatch *attributevalue.UnmarshalTypeError
	var failed *attributevalue.UnmarshalError
	text := fmt.Sprintf("does not fit a %v: ", t)
	if safe, ok := decode.Safe(err); ok {
		return text + safe
	}
	switch {
	case errors.As(err, &own):
		return text + own.Error()
	case errors.Is(err, strconv.ErrRange):
		return text + "a number in it is out of range"
	case errors.As(err, &mismatch):
		return text + fmt.Sprintf("something in it is no %v", mismatch.Type)
	case errors.As(err, &failed):
		return text + fmt.Sprintf("something in it is no valid %v", failed.Type)
	}
	return text + fmt.Sprintf("its decoder failed with a %T", err)
}

// kindOf is the type of an attribute, as DynamoDB's documentation calls it.
func kindOf(v types.AttributeValue) string {
	switch v.(type) {
	case *types.AttributeValueMemberS:
		return "a string"
	case *types.AttributeValueMemberN:
		return "a number"
	case *types.AttributeValueMemberB:
		return "binary"
	case *types.AttributeValueMemberBOOL:
		return "a Boolean"
	case *types.AttributeValueMemberNULL:
		return "null"
	case *types.AttributeValueMemberM:
		return "a map"
	case *types.AttributeValueMemberL:
		return "a list"
	}
	return "a set"
}
