package dynamocache_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/dynamocache"
)

// foreign is an option of another source.
var foreign = lambdacache.NewOptionKind[int]("othercache.Option").With(1)

var pk = dynamocache.Key("pk", "a")

func TestBadDeclarationsPanic(t *testing.T) {
	table := func(name string, opts ...lambdacache.Option) func() {
		return func() { dynamocache.Item[value](name, pk, opts...) }
	}
	const notARN = "the ARN is not a table's: write arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"
	const characters = "the name of a table has up to 255 letters, digits and the characters . - _ only"
	const arn = "arn:aws:dynamodb:us-east-1:123456789012:"
	long := strings.Repeat("t", 256)
	for _, test := range []struct {
		declare func()
		panics  string
	}{
		{table(""), `dynamocache: table "": the name is empty: write the table's name or ARN`},
		{table("my table"), `dynamocache: table "my table": ` + characters},
		{table("t?pk=a"), `dynamocache: table "t?pk=a": ` + characters},
		{table(long), `dynamocache: table "` + long + `": ` + characters},
		{table(arn + "table/"), `dynamocache: table "` + arn + `table/": the name is empty: write the table's name or ARN`},
		{table(arn + "table/t/index/i"), `dynamocache: table "` + arn + `table/t/index/i": ` + characters},
		{table(arn + "t"), `dynamocache: table "` + arn + `t": ` + notARN},
		{table("arn:aws:s3:::t"), `dynamocache: table "arn:aws:s3:::t": ` + notARN},
		{table("arn:aws:dynamodb:us?east:1:table/t"), `dynamocache: table "arn:aws:dynamodb:us?east:1:table/t": ` + notARN},
		{func() { dynamocache.Item[value]("t", dynamocache.PrimaryKey{}) }, `dynamocache: table "t": the key is empty: write dynamocache.Key("pk", "tenant#1")`},
		{table("t", foreign), `the entry for "t?pk=a" from dynamodb: othercache.Option is not an option of this source`},
		{func() { dynamocache.ItemFunc[int]("t", pk, nil) }, `dynamocache.ItemFunc("t"): the decoder is nil`},
	} {
		wantPanic(t, "lambdacache: "+test.panics, test.declare)
	}
	table(long[1:])() // the longest that there is
}

func TestBadKeysPanic(t *testing.T) {
	const two = `a key has one or two attributes, each a name and a value: write dynamocache.Key("pk", "tenant#1", "sk", 7)`
	const name = "the name of an attribute has 1 to 255 bytes of UTF-8"
	const empty = "the value is empty, which that of a key cannot be"
	const number = "not a number of DynamoDB: it has up to 38 digits and is less than 1E+126"
	of := func(v any) string {
		return fmt.Sprintf("a value of type %T cannot be that of a key: write a string, a number or a []byte", v)
	}
	for text, test := range map[string]struct {
		name   string
		value  any
		more   []any
		reason string
	}{
		"one more":             {"pk", "a", []any{"sk"}, two},
		"six":                  {"pk", "a", []any{"sk", 1, "x", 2}, two},
		"no name":              {"", "a", nil, name},
		"long name":            {strings.Repeat("n", 256), "a", nil, name},
		"name that is no text": {"\xff", "a", nil, name},
		"empty":                {"pk", "", nil, empty},
		"empty bytes":          {"pk", []byte{}, nil, empty},
		"long":                 {"pk", strings.Repeat("k", 2049), nil, "the value has more than 2048 bytes, which that of a key cannot have"},
		"no text":              {"pk", "a\xff", nil, "the value is not UTF-8: write []byte(value) if the attribute is binary"},
		"nil":                  {"pk", nil, nil, of(nil)},
		"bool":                 {"pk", true, nil, of(true)},
		"strings":              {"pk", []string{"a"}, nil, of([]string{})},
		"pointer":              {"pk", new("a"), nil, of(new(""))},
		"no number":            {"pk", math.NaN(), nil, of(1.0)},
		"infinity":             {"pk", math.Inf(1), nil, of(1.0)},
		"large number":         {"pk", 1e126, nil, number},
		"small number":         {"pk", 1e-131, nil, number},
		"text of no number":    {"pk", attributevalue.Number("x"), nil, number},
		"JSON of no number":    {"pk", json.Number(""), nil, number},
	} {
		t.Run(text, func(t *testing.T) {
			wantPanic(t, fmt.Sprintf("lambdacache: dynamocache.Key: attribute %q: %s", test.name, test.reason), func() { dynamocache.Key(test.name, test.value, test.more...) })
		})
	}
	wantPanic(t, `lambdacache: dynamocache.Key: attribute "pk": the partition key and the sort key have different names`, func() { dynamocache.Key("pk", 1, "pk", 2) })
	wantPanic(t, `lambdacache: dynamocache.Key: attribute "sk": the value has more than 1024 bytes, which that of a sort key cannot have`,
		func() { dynamocache.Key("pk", "a", "sk", strings.Repeat("k", 1025)) })
	dynamocache.Key(strings.Repeat("n", 255), strings.Repeat("k", 2048), "sk", strings.Repeat("k", 1024))
	wantPanic(t, `lambdacache: dynamocache.Key: attribute "7": the name of an attribute is a string`, func() { dynamocache.Key("pk", 1, 7, 2) })
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		key  dynamocache.PrimaryKey
		want string
	}{
		{dynamocache.Key("pk", "tenant#1"), "tenant#1"},
		{dynamocache.Key("tenant", "a", "id", 7), "a/7"}, // as written, not as sorted
		{dynamocache.Key("pk", -1.50), "-1.5"},
		{dynamocache.Key("pk", "7"), "7"},
		{dynamocache.Key("pk", attributevalue.Number("12345678901234567890123456789012345678")), "12345678901234567890123456789012345678"},
		{dynamocache.Key("pk", json.Number("7.0")), "7"},
		{dynamocache.Key("pk", []byte{0, 255}), "base64:AP8="},
	} {
		want(t, "name", dynamocache.Item[value]("t", test.key).Name(), test.want)
	}
	want(t, "own name", dynamocache.Item[value]("t", pk, lambdacache.Name("own")).Name(), "own")
}

type (
	own      struct{ n int }
	ownText  struct{}
	recursed struct{ Next *recursed }
)

func (o *own) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	o.n = len(v.(*types.AttributeValueMemberM).Value)
	return nil
}

func (*ownText) UnmarshalText([]byte) error { return nil }

func itemOf[T any]() func() { return func() { dynamocache.Item[T]("t", pk) } }

func TestTypesThatNoItemBecomes(t *testing.T) {
	const use = ": use a struct or a map, or write dynamocache.ItemFunc"
	for _, test := range []struct {
		declare func()
		panics  string
	}{
		{itemOf[any](), "an item cannot be decoded into a value of type interface {}" + use},
		{itemOf[string](), "an item cannot be decoded into a value of type string" + use},
		{itemOf[*int](), "an item cannot be decoded into a value of type *int" + use},
		{itemOf[[]value](), "an item cannot be decoded into a value of type []dynamocache_test.value" + use},
		{itemOf[map[string]types.AttributeValue](), "attributevalue decodes nothing into a map[string]types.AttributeValue: write dynamocache.ItemFunc"},
		{itemOf[time.Time](), "a time.Time is made of text and an item is none: use a struct with a field of that type"},
		{itemOf[lambdacache.Redacted[string]](), "a lambdacache.Redacted[string] is made of text and an item is none: use a struct with a field of that type"},
		{itemOf[*ownText](), "a *dynamocache_test.ownText is made of text and an item is none: use a struct with a field of that type"},
	} {
		wantPanic(t, `lambdacache: dynamocache.Item("t"): `+test.panics, test.declare)
	}
	for _, declare := range []func(){
		itemOf[value](), itemOf[**value](), itemOf[map[string]any](), itemOf[map[string]netip.Addr](), itemOf[own](), itemOf[*own](), itemOf[recursed](),
	} {
		declare()
	}
}

func TestMaxAgeOfOneItem(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.put("t", "short", "s")
	l.put("t", "long", "l")
	short := item("t", "short", lambdacache.MaxAge(10*time.Second))
	long := item("t", "long", lambdacache.MaxAge(lambdacache.Forever))
	l.prefetch(short, long)
	l.clock.Advance(10 * time.Second)
	l.prefetch(short, long)
	want(t, "calls", strings.Join(l.asked(), "; "), "BatchGetItem t?pk=long,t?pk=short; GetItem t?pk=short")
}

func TestKeysOfEveryKind(t *testing.T) {
	l := newLab(t)
	for i, test := range []struct {
		kind  string
		key   any
		other any
		text  string
	}{
		{"S", "7", "8", `"7"`},
		{"N", 7, 8, "7"},
		{"B", []byte{7}, []byte{8}, "base64:Bw=="},
		{"N", 0.25, -1, "0.25"},
		{"N", uint64(math.MaxUint64), 1, "18446744073709551615"},
		{"S", "a&b=\"c\"\n", "d", `"a&b=\"c\"\n"`},
		{"S", "tenant#1 /?ü", "x", "tenant#1 /?ü"},
	} {
		table := fmt.Sprint("table", i)
		l.Dynamo.CreateTable(table, "pk", "sk:"+test.kind)
		var list []lambdacache.Cached
		var entries []*lambdacache.Entry[map[string]any]
		for n, k := range []any{test.key, test.other} {
			l.Dynamo.Put(table, map[string]any{"pk": "p", "sk": k, "n": n})
			e := dynamocache.Item[map[string]any](table, dynamocache.Key("pk", "p", "sk", k))
			list, entries = append(list, e), append(entries, e)
		}
		l.ResetCounts()
		l.prefetch(list...)
		want(t, "calls", l.Calls("BatchGetItem"), 1)
		for n, e := range entries {
			want(t, "the item of "+e.Name(), get(t, e)["n"], any(float64(n)))
		}
		text := table + "?pk=p&sk=" + test.text
		if keys := l.Requests()[0].Keys; !slices.Contains(keys, text) {
			t.Errorf("asked for %q", keys)
		}
		l.Dynamo.Delete(table, map[string]any{"pk": "p", "sk": test.key})
		_, err := entries[0].Refresh(t.Context())
		wantError(t, err, "from dynamodb "+text+": the table has no item with this key")
	}
}
