package dynamocache

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func n(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
func b(v string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(v)} }
func list(v ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: append([]types.AttributeValue{}, v...)}
}

func fields(pairs ...any) map[string]types.AttributeValue {
	m := make(map[string]types.AttributeValue)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1].(types.AttributeValue)
	}
	return m
}

func object(pairs ...any) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: fields(pairs...)}
}

// different are items of which no two are alike.
var different = []map[string]types.AttributeValue{
	{},
	fields("a", s("")), fields("a", s("x")), fields("b", s("x")), fields("a", n("1")), fields("a", s("1")), fields("a", b("1")), fields("a", b("2")), fields("a", n("1.0")),
	fields("a", s("x"), "b", s("y")), fields("a", s("y"), "b", s("x")), fields("ab", s("xy")), fields("a", s("xb")),
	fields("a", &types.AttributeValueMemberBOOL{Value: true}), fields("a", &types.AttributeValueMemberBOOL{}), fields("a", &types.AttributeValueMemberNULL{Value: true}),
	fields("a", list()), fields("a", list(s("x"))), fields("a", list(s("x"), s("y"))), fields("a", list(s("y"), s("x"))), fields("a", list(s("xy"))), fields("a", list(list(s("x")), s("y"))),
	fields("a", list(list(s("x"), s("y")))), fields("a", object()), fields("a", object("x", s("y"))), fields("a", object("x", s("y")), "b", s("z")), fields("a", object("x", s("y"), "b", s("z"))),
	fields("a", &types.AttributeValueMemberSS{Value: []string{"1", "2"}}), fields("a", &types.AttributeValueMemberNS{Value: []string{"1", "2"}}),
	fields("a", &types.AttributeValueMemberBS{Value: [][]byte{{'1'}, {'2'}}}), fields("a", &types.AttributeValueMemberSS{Value: []string{"12"}}), fields("a", list(s("1"), s("2"))),
	fields("a", &types.AttributeValueMemberSS{Value: []string{"1", "3"}}), fields("a", &types.AttributeValueMemberNS{Value: []string{"1", "3"}}),
	fields("a", &types.AttributeValueMemberBS{Value: [][]byte{{'1'}, {'3'}}}),
}

func TestVersionsOfDifferentItemsDiffer(t *testing.T) {
	seen := make(map[string]int)
	for i, attributes := range different {
		v := newItem(attributes).version()
		if other, known := seen[v]; known {
			t.Errorf("items %d and %d have the same version", i, other)
		}
		seen[v] = i
		if again := newItem(cloneMap(attributes)).version(); again != v {
			t.Errorf("item %d has two versions", i)
		}
	}
}

// Sets have no order.
func TestVersionOfASet(t *testing.T) {
	for _, pair := range [][2]types.AttributeValue{
		{&types.AttributeValueMemberSS{Value: []string{"a", "b"}}, &types.AttributeValueMemberSS{Value: []string{"b", "a"}}},
		{&types.AttributeValueMemberNS{Value: []string{"1", "2"}}, &types.AttributeValueMemberNS{Value: []string{"2", "1"}}},
		{&types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}, &types.AttributeValueMemberBS{Value: [][]byte{{2}, {1}}}},
	} {
		one, other := newItem(fields("a", list(pair[0]))), newItem(fields("a", list(pair[1])))
		if one.version() != other.version() {
			t.Errorf("a %T has two versions", pair[0])
		}
	}
}

func TestClonesShareNothing(t *testing.T) {
	for i, attributes := range different {
		copied := cloneMap(attributes)
		if !reflect.DeepEqual(copied, attributes) {
			t.Errorf("item %d is copied as another", i)
		}
		before := newItem(attributes).version()
		for _, v := range copied {
			spoil(v)
		}
		if newItem(attributes).version() != before {
			t.Errorf("item %d changes with its copy", i)
		}
	}
}

// spoil changes all that can be changed.
func spoil(v types.AttributeValue) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		v.Value = "spoilt"
	case *types.AttributeValueMemberN:
		v.Value = "99"
	case *types.AttributeValueMemberB:
		clear(v.Value)
	case *types.AttributeValueMemberBOOL:
		v.Value = !v.Value
	case *types.AttributeValueMemberNULL:
		v.Value = !v.Value
	case *types.AttributeValueMemberSS:
		clear(v.Value)
	case *types.AttributeValueMemberNS:
		clear(v.Value)
	case *types.AttributeValueMemberBS:
		for _, b := range v.Value {
			clear(b)
		}
		clear(v.Value)
	case *types.AttributeValueMemberL:
		for _, e := range v.Value {
			spoil(e)
		}
		clear(v.Value)
	case *types.AttributeValueMemberM:
		for _, e := range v.Value {
			spoil(e)
		}
		clear(v.Value)
	}
}

func TestAnItemIsNotShown(t *testing.T) {
	i := newItem(fields("a", s("s3cr3t"), "s3cr3t", list(s("s3cr3t"))))
	for _, v := range []any{i, *i, struct{ i *item }{i}, []*item{i}, map[string]item{"x": *i}} {
		if text := fmt.Sprintf("%v %+v %#v %s %q %x", v, v, v, v, v, v); strings.Contains(text, "s3cr3t") || strings.Contains(text, fmt.Sprintf("%x", "s3cr3t")) {
			t.Errorf("shown in a %T", v)
		}
	}
}

func TestKeysAreReadBack(t *testing.T) {
	for _, primary := range []PrimaryKey{Key("pk", "a"), Key("pk", "a&consistent", "sk", 7), Key("z", []byte{1}, "a", "7"), Key("consistent", "x")} {
		for _, consistent := range []bool{false, true} {
			k := key{Key: keyOf("t", primary), consistent: consistent}
			if again := parseKey(k.String()); !reflect.DeepEqual(again, k) {
				t.Errorf("%s is read as %+v", k, again)
			}
		}
	}
}
