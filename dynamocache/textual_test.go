package dynamocache_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/dynamocache"
)

type (
	pin   = lambdacache.Redacted[int]
	vault struct {
		Pin    pin
		Open   *lambdacache.Redacted[bool]
		Rate   lambdacache.Redacted[float64] `dynamodbav:"rate"`
		Code   lambdacache.Redacted[string]
		Key    lambdacache.Redacted[[]byte]
		Pins   []pin
		ByName map[string]pin
		Inner  []struct{ Pin pin }
		None   pin
		Null   pin
		Count  int
		Any    any
		Price  price
		deposit
	}
	deposit struct{ Deposited pin }
	// price has a text, but also fields that a map can fill.
	price struct{ Cents int }
)

func (*price) UnmarshalText([]byte) error { return lambdacache.Undecodable("no price") }

// A Redacted takes what its T takes, whatever type the attribute has and wherever it is.
func TestRedactedOfEveryAttribute(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.Dynamo.Put("t", map[string]any{
		"pk": "a", "Pin": 1234, "Open": true, "rate": 0.25, "code": 7, "Key": []byte{0, 255}, "Pins": []any{5, "6"},
		"ByName": map[string]any{"x": 8}, "Inner": []any{map[string]any{"Pin": 9}}, "Null": nil, "Count": 10,
		"Any": map[string]any{"n": 11}, "Price": map[string]any{"Cents": 12}, "Deposited": 13,
	})
	v := get(t, dynamocache.Item[vault]("t", pk))
	want(t, "number", v.Pin.Reveal(), 1234)
	want(t, "Boolean", v.Open.Reveal(), true)
	want(t, "fraction", v.Rate.Reveal(), 0.25)
	want(t, "number as text", v.Code.Reveal(), "7")
	want(t, "binary", string(v.Key.Reveal()), "\x00\xff")
	want(t, "list", fmt.Sprint(v.Pins[0].Reveal(), v.Pins[1].Reveal()), "5 6")
	want(t, "map of them", v.ByName["x"].Reveal(), 8)
	want(t, "in a map in a list", v.Inner[0].Pin.Reveal(), 9)
	want(t, "missing", v.None.Reveal(), 0)
	want(t, "null", v.Null.Reveal(), 0)
	want(t, "others", fmt.Sprint(v.Count, v.Any, v.Price.Cents), "10 map[n:11] 12")
	want(t, "of an embedded struct", v.Deposited.Reveal(), 13)
}

// attributevalue would decode a map into a struct without exported fields, and leave
// it empty.
func TestAMapIsNoText(t *testing.T) {
	l := newLab(t)
	l.table("t")
	for _, attribute := range []string{"Pin", "rate", "None"} {
		l.Dynamo.Put("t", map[string]any{"pk": "a", attribute: map[string]any{"x": secret}})
		undecodable[vault](l, fmt.Sprintf("the attribute %q, which is a map, does not fit a dynamocache_test.vault: a map becomes no lambdacache.Redacted[", attribute),
			"which is made of text: use that type for what is in the map, or write dynamocache.ItemFunc")
	}
	const of = `which is a list, does not fit a dynamocache_test.vault: a map becomes no lambdacache.Redacted[int]`
	l.Dynamo.Put("t", map[string]any{"pk": "a", "Pins": []any{map[string]any{}}})
	undecodable[vault](l, of)
	l.Dynamo.Put("t", map[string]any{"pk": "a", "Inner": []any{map[string]any{"Pin": map[string]any{}}}})
	undecodable[vault](l, of)
	l.Dynamo.Put("t", map[string]any{"pk": "a", "Limit": map[string]any{"x": 1}})
	undecodable[wrong[lambdacache.Redacted[map[string]int]]](l, "a map becomes no lambdacache.Redacted[map[string]int]")
	undecodable[wrong[*netip.Addr]](l, "a map becomes no netip.Addr")
	undecodable[wrong[time.Time]](l, "a map becomes no time.Time")

	l.Dynamo.Put("t", map[string]any{"pk": "a", "Limit": []string{secret}})
	undecodable[wrong[pin]](l, "something in it is no lambdacache.Redacted[int]")
	l.Dynamo.Put("t", map[string]any{"pk": "a", "Limit": uint64(9876543210)})
	undecodable[wrong[lambdacache.Redacted[int8]]](l, "out of range for a int8")
}

type (
	whole    struct{ Pin pin }
	touchy   struct{ Limit int }
	untaught struct {
		A touchy
		B pin
	}
)

// UnmarshalDynamoDBAttributeValue panics on anything but what is stored.
func (w *touchy) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	w.Limit = len(v.(*types.AttributeValueMemberM).Value["x"].(*types.AttributeValueMemberS).Value)
	return nil
}

// A method of the user's may panic when it is asked what becomes of a number in the
// map that it decodes.
func TestRedactedBesideAMethod(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.Dynamo.Put("t", map[string]any{"pk": "a", "A": map[string]any{"x": "123", "n": 1}, "B": 2})
	v := get(t, dynamocache.Item[untaught]("t", pk))
	want(t, "by its method", v.A.Limit, 3)
	want(t, "beside it", v.B.Reveal(), 2)
	l.Dynamo.Put("t", map[string]any{"pk": "b", "Pin": 3})
	want(t, "behind pointers", (*get(t, dynamocache.Item[**whole]("t", dynamocache.Key("pk", "b")))).Pin.Reveal(), 3)
}
