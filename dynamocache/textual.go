package dynamocache

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
)

// isTextual reports whether a value of type t can be made of text only: it has no
// fields that a map could fill, such as a lambdacache.Redacted or a netip.Addr.
func isTextual(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(unmarshaler) || !reflect.PointerTo(t).Implements(textUnmarshaler) {
		return false
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() || f.Anonymous {
			return false
		}
	}
	return true
}

// holdsTextual reports whether there may be such a value in a t.
func holdsTextual(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] || reflect.PointerTo(t).Implements(unmarshaler) {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return holdsTextual(t.Elem(), seen)
	case reflect.Struct:
		if isTextual(t) {
			return true
		}
		for i := range t.NumField() {
			if holdsTextual(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// fit makes attributes into ones that attributevalue decodes into a textual value:
// numbers and Booleans become text. A map is refused: attributevalue would decode it
// without an error, and leave the value empty.
func fit(t reflect.Type, attributes map[string]types.AttributeValue) (map[string]types.AttributeValue, error) {
	fitted := make(map[string]types.AttributeValue, len(attributes))
	for name, v := range attributes {
		var err error
		fitted[name], err = fitting{t, func(v types.AttributeValue) map[string]types.AttributeValue {
			return map[string]types.AttributeValue{name: v}
		}}.value(v)
		if err != nil {
			return nil, err
		}
	}
	return fitted, nil
}

// fitting is a place in items that become a t.
type fitting struct {
	t    reflect.Type
	item func(v types.AttributeValue) map[string]types.AttributeValue // with v there, and nothing else
}

func (f fitting) value(v types.AttributeValue) (fitted types.AttributeValue, err error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberN:
		if f.textual(v) != nil {
			return &types.AttributeValueMemberS{Value: v.Value}, nil
		}
	case *types.AttributeValueMemberBOOL:
		if f.textual(v) != nil {
			return &types.AttributeValueMemberS{Value: strconv.FormatBool(v.Value)}, nil
		}
	case *types.AttributeValueMemberM:
		if t := f.textual(&types.AttributeValueMemberBOOL{}); t != nil {
			return nil, lambdacache.Undecodable(fmt.Sprintf("a map becomes no %v, which is made of text: use that type for what is in the map, or write dynamocache.ItemFunc", t))
		}
		inner := make(map[string]types.AttributeValue, len(v.Value))
		for name, e := range v.Value {
			if inner[name], err = f.in(func(e types.AttributeValue) types.AttributeValue {
				return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{name: e}}
			}).value(e); err != nil {
				return nil, err
			}
		}
		return &types.AttributeValueMemberM{Value: inner}, nil
	case *types.AttributeValueMemberL:
		inner := make([]types.AttributeValue, len(v.Value))
		for i, e := range v.Value {
			if inner[i], err = f.in(func(e types.AttributeValue) types.AttributeValue {
				return &types.AttributeValueMemberL{Value: []types.AttributeValue{e}}
			}).value(e); err != nil {
				return nil, err
			}
		}
		return &types.AttributeValueMemberL{Value: inner}, nil
	}
	return v, nil
}

// in is the place of an element of what is at f.
func (f fitting) in(around func(types.AttributeValue) types.AttributeValue) fitting {
	return fitting{f.t, func(v types.AttributeValue) map[string]types.AttributeValue { return f.item(around(v)) }}
}

// textual gives the type at the place if it is a textual one that cannot be made of a
// number or a Boolean, else nil. Which field an attribute goes to is for attributevalue
// to say: its error names the type.
func (f fitting) textual(scalar types.AttributeValue) (t reflect.Type) {
	defer func() {
		if recover() != nil { // a method of the user's that wants more of the item
			t = nil
		}
	}()
	var mismatch *attributevalue.UnmarshalTypeError
	err := unmarshal(f.item(scalar), reflect.New(f.t).Interface())
	if errors.As(err, &mismatch) && (mismatch.Value == "number" || mismatch.Value == "bool") && isTextual(mismatch.Type) {
		return mismatch.Type
	}
	return nil
}
