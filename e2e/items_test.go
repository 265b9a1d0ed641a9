package e2e

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/internal/subject"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// dynamo is a server with DynamoDB's protocol.
type dynamo struct {
	*testing.T
	client *dynamodb.Client
}

func newDynamo(t *testing.T, endpoint string) dynamo {
	t.Helper()
	cachetest.Reset(t)
	useServer(t, endpoint, "any", "any")
	return dynamo{t, dynamodb.NewFromConfig(subject.Config(endpoint, "any", "any"))}
}

func (d dynamo) table(name string, kind types.ScalarAttributeType) {
	d.Helper()
	_, err := d.client.CreateTable(d.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: kind}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		d.Fatal(err)
	}
	for { // a server of somebody else's may take its time
		out, err := d.client.DescribeTable(d.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			d.Fatal(err)
		}
		if out.Table.TableStatus == types.TableStatusActive {
			return
		}
	}
}

func (d dynamo) put(table string, pk, v any) {
	d.Helper()
	item, err := attributevalue.MarshalMap(map[string]any{"pk": pk, "v": v})
	if err == nil {
		_, err = d.client.PutItem(d.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item})
	}
	if err != nil {
		d.Fatal(err)
	}
}

type item struct{ V string }

// onDynamo runs a test against all that speak DynamoDB's protocol.
func onDynamo(t *testing.T, test func(d dynamo)) {
	t.Run("moto", func(t *testing.T) { test(newDynamo(t, peers.Moto(t).Endpoint)) })
	t.Run("dynalite", func(t *testing.T) { test(newDynamo(t, peers.Dynalite(t).Endpoint)) })
	t.Run("the fake", func(t *testing.T) { test(newDynamo(t, cachetest.NewAWS(t, cachetest.NoEnv()).URL())) })
}

// Numbers come back in a form of the server's own, and are known all the same.
func TestKeysOnMotoAndDynalite(t *testing.T) {
	onDynamo(t, func(d dynamo) {
		keys := map[types.ScalarAttributeType][]any{
			"S": {"7", "tenant#1", "a&b=\"c\" ü\n", "base64:AP8="},
			"N": {7, -0.25, 1e20, 1e-7, uint64(math.MaxUint64), attributevalue.Number("123456789012345678901234567890"), attributevalue.Number("1.50")},
			"B": {[]byte{0, 255}, []byte("tenant#1")},
		}
		var list []lambdacache.Cached
		values := make(map[*lambdacache.Entry[item]]string)
		for kind, of := range keys {
			table := "keys-" + string(kind)
			d.table(table, kind)
			for _, k := range of {
				v := fmt.Sprint("value of ", k)
				d.put(table, k, v)
				e := dynamocache.Item[item](table, dynamocache.Key("pk", k))
				list, values[e] = append(list, e), v
			}
		}
		events := observe(d.T)
		if err := lambdacache.Prefetch(d.Context(), list...); err != nil {
			d.Fatal(err)
		}
		if calls := events(); calls != 1 {
			d.Errorf("%d calls", calls)
		}
		for e, v := range values {
			if got, err := e.Get(d.Context()); err != nil || got.V != v {
				d.Errorf("%s: %q, %v", e.Name(), got.V, err)
			}
			version := e.Version()
			if got, err := e.Refresh(d.Context()); err != nil || got.V != v || e.Version() != version { // GetItem
				d.Errorf("%s alone: %q, %v", e.Name(), got.V, err)
			}
		}
	})
}

// observe counts the calls that loads report.
func observe(t *testing.T) func() int {
	t.Helper()
	calls := make(chan int, 1000)
	lambdacache.Observe(func(e lambdacache.Event) { calls <- e.Calls })
	t.Cleanup(func() { lambdacache.Observe(nil) })
	return func() (n int) {
		for len(calls) > 0 {
			n += <-calls
		}
		return n
	}
}

// A table that is not there fails a batch as a whole, and the others nothing.
func TestMissingTableOnMotoAndDynalite(t *testing.T) {
	onDynamo(t, func(d dynamo) {
		d.table("there", "S")
		d.put("there", "a", "x")
		d.put("there", "b", "y")
		a, b := dynamocache.Item[item]("there", dynamocache.Key("pk", "a")), dynamocache.Item[item]("there", dynamocache.Key("pk", "b"))
		missing := dynamocache.Item[item]("missing", dynamocache.Key("pk", "a"))
		wrong := dynamocache.Item[item]("there", dynamocache.Key("sk", "a"))
		err := lambdacache.Prefetch(d.Context(), a, missing, b, wrong)
		failed, _ := errors.AsType[*lambdacache.LoadError](err)
		if failed == nil || len(failed.Failures) != 2 || !errors.Is(failed.Failures[0], lambdacache.ErrNotFound) || failed.Failures[0].Key != "missing?pk=a" {
			d.Fatalf("%v", err)
		}
		if a.Version() == "" || b.Version() == "" {
			d.Error("the neighbours are not held")
		}
	})
}

// What is too large for one answer is left over, and asked for again.
func TestLargeItemsOnDynalite(t *testing.T) {
	d := newDynamo(t, peers.Dynalite(t).Endpoint)
	const n, size = 50, 390 << 10 // 19 MB; an answer has no more than 16 MB
	d.table("large", "S")
	var list []lambdacache.Cached
	var entries []*lambdacache.Entry[item]
	for i := range n {
		d.put("large", fmt.Sprint(i), strings.Repeat("x", size-i))
		e := dynamocache.Item[item]("large", dynamocache.Key("pk", fmt.Sprint(i)), lambdacache.LoadTimeout(time.Minute))
		list, entries = append(list, e), append(entries, e)
	}
	calls := observe(t)
	if err := lambdacache.Prefetch(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
	if made := calls(); made < 2 {
		t.Errorf("%d calls: nothing was left over", made)
	}
	for i, e := range entries {
		if got, err := e.Get(t.Context()); err != nil || len(got.V) != size-i {
			t.Errorf("item %d: %d bytes, %v", i, len(got.V), err)
		}
	}
}
