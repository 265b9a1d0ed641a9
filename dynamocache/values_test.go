package dynamocache_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/dynamocache"
)

type tenant struct {
	ID       string `dynamodbav:"pk"`
	Plan     string `dynamodbav:"plan"`
	Limit    int
	Hosts    []string
	Address  netip.Addr
	Until    time.Time
	Key      []byte
	Password lambdacache.Redacted[string]
	Quotas   map[string]uint8
	Parent   *string
	Tags     []string `dynamodbav:"tags,stringset"`
	Open     bool
}

func TestItemBecomesWhatIsDeclared(t *testing.T) {
	l := newLab(t)
	l.table("tenants")
	until := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	client := clientOf(l.AWS)
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new("tenants"), Item: map[string]types.AttributeValue{
		"pk": text("tenant#1"), "plan": text("gold"), "limit": &types.AttributeValueMemberN{Value: "10"},
		"Hosts":   &types.AttributeValueMemberL{Value: []types.AttributeValue{text("a"), text("b")}},
		"Address": text("10.0.0.1"), "Until": text(until.Format(time.RFC3339)), "Key": &types.AttributeValueMemberB{Value: []byte{0, 255}},
		"Password": text(secret), "Quotas": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"x": &types.AttributeValueMemberN{Value: "255"}}},
		"Parent": &types.AttributeValueMemberNULL{Value: true}, "tags": &types.AttributeValueMemberSS{Value: []string{"t"}},
		"Open": &types.AttributeValueMemberBOOL{Value: true}, "unknown": text("x"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	key := dynamocache.Key("pk", "tenant#1")
	got := get(t, dynamocache.Item[tenant]("tenants", key))
	want(t, "password", got.Password.Reveal(), secret)
	hidden(t, fmt.Errorf("%+v", got))
	got.Password = lambdacache.Redacted[string]{}
	wanted := tenant{
		"tenant#1", "gold", 10,
		[]string{"a", "b"},
		netip.MustParseAddr("10.0.0.1"), until,
		[]byte{0, 255},
		lambdacache.Redacted[string]{},
		map[string]uint8{"x": 255},
		nil,
		[]string{"t"},
		true,
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("%+v\nwant %+v", got, wanted)
	}
	want(t, "behind a pointer", get(t, dynamocache.Item[*tenant]("tenants", key)).Plan, "gold")
	want(t, "a map", get(t, dynamocache.Item[map[string]any]("tenants", key))["limit"], any(10.0))
	want(t, "a method of its own", get(t, dynamocache.Item[own]("tenants", key)).n, 13)
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

type (
	quoting      struct{}
	quotingKey   struct{}
	demanding    struct{}
	explaining   struct{}
	panicking    struct{}
	wrong[T any] struct{ Limit T }
)

func (*quoting) UnmarshalText(b []byte) error { return errors.New(string(b)) }
func (*quotingKey) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	if item := v.(*types.AttributeValueMemberM).Value; len(item) > 1 { // only as a whole
		return fmt.Errorf("%v", item["Limit"].(*types.AttributeValueMemberS).Value)
	}
	return nil
}

func (*demanding) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	item := v.(*types.AttributeValueMemberM).Value
	if _, ok := item["pk"].(*types.AttributeValueMemberS); !ok {
		return errors.New("it has no key")
	}
	if _, ok := item["Limit"].(*types.AttributeValueMemberN); !ok {
		return errors.New("it has no limit")
	}
	return nil
}

func (*explaining) UnmarshalText([]byte) error  { return lambdacache.Undecodable("three words wanted") }
func (*panicking) UnmarshalText(b []byte) error { panic(string(b)) }

func undecodable[T any](l *lab, texts ...string) {
	l.t.Helper()
	e := dynamocache.Item[T]("t", dynamocache.Key("pk", "a"))
	err := fails(l.t, e, append(texts, `load "a" from dynamodb t?pk=a: cannot decode: `)...)
	want(l.t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
}

func TestUndecodableValueIsNotShown(t *testing.T) {
	l := newLab(t)
	l.table("t")
	const of = `the attribute "Limit", which is a string, does not fit a dynamocache_test.wrong[`
	l.Dynamo.Put("t", map[string]any{"pk": "a", "Limit": secret, "Other": secret})
	undecodable[wrong[int]](l, of+"int]: something in it is no int")
	undecodable[wrong[[]string]](l, of, "something in it is no []string")
	undecodable[wrong[time.Time]](l, of+"time.Time]: its decoder failed with a *time.ParseError")
	undecodable[wrong[netip.Addr]](l, of+"net/netip.Addr]: its decoder failed with a netip.parseAddrError")
	undecodable[wrong[quoting]](l, of, "its decoder failed with a *errors.errorString")
	undecodable[wrong[explaining]](l, of, "three words wanted")
	undecodable[wrong[lambdacache.Redacted[int]]](l, of, "not a valid int")
	undecodable[wrong[panicking]](l, "the decoder into dynamocache_test.wrong[", "panicked with a string")
	undecodable[quotingKey](l, "the item does not fit a dynamocache_test.quotingKey: its decoder failed with a ")
	undecodable[demanding](l, "the item does not fit a dynamocache_test.demanding: its decoder failed with a ") // no attribute is to blame
	undecodable[*demanding](l, "the item does not fit a *dynamocache_test.demanding: its decoder failed with a ")
	undecodable[*map[string]int](l, `the attribute "Limit", which is a string, does not fit a *map[string]int: something in it is no int`)
	undecodable[map[string]int](l, `the attribute "Limit", which is a string, does not fit a map[string]int: something in it is no int`)

	l.Dynamo.Put("t", map[string]any{"pk": "a", "Limit": uint64(9876543210987654321)})
	err := fails(t, dynamocache.Item[wrong[int8]]("t", dynamocache.Key("pk", "a")), `the attribute "Limit", which is a number, does not fit a`, "a number in it is out of range")
	if strings.Contains(err.Error(), "98765") {
		t.Error("a number is shown")
	}
	for kind, v := range map[string]any{"binary": []byte(secret), "a Boolean": true, "a map": map[string]string{secret: secret}, "a list": []string{secret}} {
		l.Dynamo.Put("t", map[string]any{"pk": "a", "Limit": v})
		undecodable[wrong[int]](l, `the attribute "Limit", which is `+kind+", does not fit a")
		lambdacache.Invalidate(item("t", "a"))
	}
}

func TestItemFunc(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.put("t", "a", "1")
	decode := func(item map[string]types.AttributeValue) (string, error) {
		v := item["v"].(*types.AttributeValueMemberS)
		defer func() { v.Value = "wiped"; clear(item) }() // it is the decoder's own
		if v.Value == secret {
			return "", fmt.Errorf("cannot read %q", v.Value)
		}
		return v.Value, nil
	}
	first, second := dynamocache.ItemFunc("t", pk, decode), dynamocache.ItemFunc("t", pk, decode)
	l.prefetch(first, second, item("t", "a"))
	want(t, "value", get(t, first), "1")
	want(t, "another's", get(t, second), "1")
	want(t, "the item", get(t, item("t", "a")).V, "1")
	l.put("t", "a", secret)
	_, err := first.Refresh(t.Context())
	wantError(t, err, `load "a" from dynamodb t?pk=a: cannot decode: the decoder into string failed with a `)
	want(t, "the old value", get(t, first), "1")
	explained := dynamocache.ItemFunc("t", pk, func(map[string]types.AttributeValue) (int, error) { return 0, lambdacache.Undecodable("no v") })
	fails(t, explained, `load "a" from dynamodb t?pk=a: cannot decode: no v`)
}

// DynamoDB has no versions: an item that is the same is known by its hash, and not
// decoded again.
func TestUnchangedItemIsNotDecoded(t *testing.T) {
	l := newLab(t)
	l.table("t")
	var decoded atomic.Int32
	e := dynamocache.ItemFunc("t", pk, func(map[string]types.AttributeValue) (int32, error) { return decoded.Add(1), nil })
	other := item("t", "b")
	l.put("t", "b", "x")
	l.put("t", "a", "1")
	var versions []string
	for round, load := range []func(){
		func() { l.prefetch(e) },        // GetItem
		func() { l.prefetch(e, other) }, // BatchGetItem
		func() { l.prefetch(e, other) },
	} {
		load()
		versions = append(versions, e.Version())
		want(t, "decoded", decoded.Load(), 1)
		want(t, "unchanged", e.Stats().Unchanged, uint64(round))
		want(t, "age", e.Stats().Age, 0)
		l.due()
	}
	if versions[0] == "" || versions[0] != versions[2] || len(versions[0]) != 32 {
		t.Errorf("versions %q", versions)
	}
	l.put("t", "a", "2")
	l.prefetch(e)
	want(t, "decoded", decoded.Load(), 2)
	if e.Version() == versions[0] {
		t.Error("another item has the same version")
	}
	l.put("t", "a", "1")
	l.due()
	l.prefetch(e)
	want(t, "as before", e.Version(), versions[0])
}
