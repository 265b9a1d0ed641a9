package cachetest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/logging"

	"github.com/lambda-cache/lambdacache/cachetest"
)

func dynamoClient(t *testing.T, fake *cachetest.AWS) *dynamodb.Client {
	t.Helper()
	return dynamodb.NewFromConfig(config(t, fake))
}

// keyed marshals attributes.
func keyed(t *testing.T, item map[string]any) map[string]types.AttributeValue {
	t.Helper()
	m, err := attributevalue.MarshalMap(item)
	noError(t, err)
	return m
}

func getItem(t *testing.T, c *dynamodb.Client, table string, key map[string]any) (map[string]any, error) {
	t.Helper()
	out, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: keyed(t, key)})
	if err != nil || out.Item == nil {
		return nil, err
	}
	var item map[string]any
	noError(t, attributevalue.UnmarshalMap(out.Item, &item))
	return item, nil
}

func TestItems(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Dynamo.CreateTable("tenants", "pk", "sk:N")
	fake.Dynamo.Put("tenants", map[string]any{
		"pk": "a", "sk": 7, "s": "x", "n": 1.5, "b": []byte{0, 255}, "t": true, "nil": nil, "l": []any{"x", 1}, "m": map[string]any{"k": []string{}}, "u": uint8(3),
	})
	c := dynamoClient(t, fake)
	item, err := getItem(t, c, "tenants", map[string]any{"pk": "a", "sk": 7})
	noError(t, err)
	want(t, "item", fmt.Sprint(item), "map[b:[0 255] l:[x 1] m:map[k:[]] n:1.5 nil:<nil> pk:a s:x sk:7 t:true u:3]")
	item, err = getItem(t, c, "arn:aws:dynamodb:us-east-1:123456789012:table/tenants", map[string]any{"pk": "a", "sk": attributevalue.Number("7.0")})
	noError(t, err)
	want(t, "by its ARN, the number written otherwise", item["s"], any("x"))
	item, err = getItem(t, c, "tenants", map[string]any{"pk": "a", "sk": 8})
	noError(t, err)
	want(t, "missing", len(item), 0)
	want(t, "calls for the key", fake.CallsFor("GetItem", "tenants?pk=a&sk=7"), 1)
	want(t, "calls for the table", fake.CallsFor("GetItem", "tenants"), 3)

	_, err = c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("tenants"), Item: keyed(t, map[string]any{"pk": "a", "sk": 7, "s": "y"})})
	noError(t, err)
	item, err = getItem(t, c, "tenants", map[string]any{"pk": "a", "sk": 7})
	noError(t, err)
	want(t, "replaced", fmt.Sprint(item), "map[pk:a s:y sk:7]")
	for range 2 {
		_, err = c.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("tenants"), Key: keyed(t, map[string]any{"pk": "a", "sk": 7})})
		noError(t, err)
	}
	item, err = getItem(t, c, "tenants", map[string]any{"pk": "a", "sk": 7})
	noError(t, err)
	want(t, "deleted", len(item), 0)
}

func TestTables(t *testing.T) {
	t.Parallel()
	fake := start(t)
	c := dynamoClient(t, fake)
	in := &dynamodb.CreateTableInput{
		TableName:            aws.String("t"),
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}, {AttributeName: aws.String("sk"), AttributeType: "B"}},
	}
	made, err := c.CreateTable(t.Context(), in)
	noError(t, err)
	want(t, "status", made.TableDescription.TableStatus, types.TableStatusActive)
	_, err = c.CreateTable(t.Context(), in)
	wantCode(t, err, "ResourceInUseException")
	fake.Dynamo.Put("t", map[string]any{"pk": "a", "sk": []byte{1}})
	out, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("t")})
	noError(t, err)
	want(t, "items", aws.ToInt64(out.Table.ItemCount), 1)
	want(t, "sort key", aws.ToString(out.Table.KeySchema[1].AttributeName), "sk")
	fake.Dynamo.DeleteTable("t")
	_, err = c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("t")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("a deleted table: %v", err)
	}
	in.AttributeDefinitions = in.AttributeDefinitions[:1]
	_, err = c.CreateTable(t.Context(), in)
	wantCode(t, err, "ValidationException")
}

func TestDynamoRefuses(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Dynamo.CreateTable("t", "pk")
	c := dynamoClient(t, fake)
	for what, test := range map[string]struct {
		table string
		key   map[string]any
		code  string
	}{
		"no such table":        {"u", map[string]any{"pk": "a"}, "ResourceNotFoundException"},
		"a number":             {"t", map[string]any{"pk": 7}, "ValidationException"},
		"a list":               {"t", map[string]any{"pk": []string{"a"}}, "ValidationException"},
		"one attribute more":   {"t", map[string]any{"pk": "a", "sk": 1}, "ValidationException"},
		"another attribute":    {"t", map[string]any{"sk": "a"}, "ValidationException"},
		"an empty one":         {"t", map[string]any{"pk": ""}, "ValidationException"},
		"an attribute of null": {"t", map[string]any{"pk": nil}, "ValidationException"},
	} {
		if _, err := getItem(t, c, test.table, test.key); code(err) != test.code {
			t.Errorf("%s: %v", what, err)
		}
		if what == "one attribute more" {
			continue
		}
		_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &test.table, Item: keyed(t, test.key)})
		if code(err) != test.code {
			t.Errorf("put %s: %v", what, err)
		}
	}
	_, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("t"), Key: keyed(t, map[string]any{"pk": "a"}), ProjectionExpression: aws.String("a")})
	wantCode(t, err, "UnknownOperationException")
	_, err = c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("t")})
	wantCode(t, err, "UnknownOperationException")
}

func batch(t *testing.T, c *dynamodb.Client, keys map[string][]string) (found, left []string, err error) {
	t.Helper()
	in := &dynamodb.BatchGetItemInput{RequestItems: make(map[string]types.KeysAndAttributes)}
	for table, list := range keys {
		var of types.KeysAndAttributes
		for _, k := range list {
			of.Keys = append(of.Keys, keyed(t, map[string]any{"pk": k}))
		}
		in.RequestItems[table] = of
	}
	out, err := c.BatchGetItem(t.Context(), in)
	if err != nil {
		return nil, nil, err
	}
	for table, items := range out.Responses {
		for _, item := range items {
			found = append(found, table+" "+item["pk"].(*types.AttributeValueMemberS).Value)
		}
	}
	for table, of := range out.UnprocessedKeys {
		for _, key := range of.Keys {
			left = append(left, table+" "+key["pk"].(*types.AttributeValueMemberS).Value)
		}
	}
	slices.Sort(found)
	slices.Sort(left)
	return found, left, nil
}

func TestBatchGetItem(t *testing.T) {
	t.Parallel()
	fake := start(t)
	var many []string
	for _, table := range []string{"t", "u"} {
		fake.Dynamo.CreateTable(table, "pk")
		for i := range 3 {
			fake.Dynamo.Put(table, map[string]any{"pk": fmt.Sprint(i)})
		}
	}
	for i := range 101 {
		many = append(many, fmt.Sprint(i))
	}
	c := dynamoClient(t, fake)
	found, left, err := batch(t, c, map[string][]string{"t": {"0", "1", "none"}, "u": {"2"}})
	noError(t, err)
	want(t, "found", strings.Join(found, ", "), "t 0, t 1, u 2")
	want(t, "left", len(left), 0)
	want(t, "keys", strings.Join(fake.Requests()[0].Keys, " "), `t?pk=none t?pk="1" t?pk="0" u?pk="2"`)

	fake.Dynamo.ProcessAtMost(2)
	found, left, err = batch(t, c, map[string][]string{"t": {"0", "1", "none"}, "u": {"2"}})
	noError(t, err)
	want(t, "found", strings.Join(found, ", "), "t 1")
	want(t, "left", strings.Join(left, ", "), "t 0, u 2")
	fake.Dynamo.ProcessAtMost(0)
	_, _, err = batch(t, c, map[string][]string{"t": {"0"}})
	wantCode(t, err, "ProvisionedThroughputExceededException")
	fake.Dynamo.ProcessAtMost(100)

	for what, keys := range map[string]map[string][]string{"too many": {"t": many}, "twice": {"t": {"0", "0"}}} {
		if _, _, err = batch(t, c, keys); code(err) != "ValidationException" {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, _, err = batch(t, c, map[string][]string{"t": {"0"}, "nowhere": {"0"}})
	wantCode(t, err, "ResourceNotFoundException")
	found, _, err = batch(t, c, map[string][]string{"t": many[:100]})
	noError(t, err)
	want(t, "found of a hundred", len(found), 3)
}

// A denied table or key fails the whole batch, as a policy with a condition on
// dynamodb:LeadingKeys does.
func TestDeniedItems(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Dynamo.CreateTable("t", "pk")
	fake.Dynamo.CreateTable("u", "pk")
	c := dynamoClient(t, fake)
	both := map[string][]string{"t": {"a", "b"}, "u": {"a"}}
	for resource, refused := range map[string][2]bool{"": {true, true}, "u": {true, false}, "t?pk=b": {true, false}, "t?pk=a": {true, true}, "t?*": {true, true}, "v": {false, false}} {
		fake.Deny("dynamodb:BatchGetItem", resource)
		fake.Deny("dynamodb:GetItem", resource)
		_, _, err := batch(t, c, both)
		want(t, "batch with "+resource, code(err) == "AccessDeniedException", refused[0])
		_, err = getItem(t, c, "t", map[string]any{"pk": "a"})
		want(t, "item with "+resource, code(err) == "AccessDeniedException", refused[1])
		if err != nil && !strings.Contains(err.Error(), "dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/t ") {
			t.Error(err)
		}
		fake.Allow("dynamodb:BatchGetItem", "")
		fake.Allow("dynamodb:GetItem", "")
	}
}

// The SDK compares the checksum, and says so in its log.
func TestChecksumOfDynamoDB(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Dynamo.CreateTable("t", "pk")
	fake.Dynamo.Put("t", map[string]any{"pk": "a", "v": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"})
	var mu sync.Mutex
	var log strings.Builder
	cfg := config(t, fake)
	cfg.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(&log, format+"\n", v...)
	})
	c := dynamodb.NewFromConfig(cfg)
	_, err := getItem(t, c, "t", map[string]any{"pk": "a"})
	noError(t, err)
	_, err = getItem(t, c, "u", map[string]any{"pk": "a"})
	wantCode(t, err, "ResourceNotFoundException")
	want(t, "log", log.String(), "")
	fake.Fail(cachetest.Fault{Do: cachetest.CorruptBody(40)})
	_, _ = getItem(t, c, "t", map[string]any{"pk": "a"}) // this SDK only logs it
	if !strings.Contains(log.String(), "did not match expected checksum") {
		t.Errorf("the log: %s", log.String())
	}
}

func TestProtocolOfDynamoDB(t *testing.T) {
	t.Parallel()
	fake := start(t)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, fake.URL(), strings.NewReader(`{"TableName":"t","Key":{"pk":{"S":"a"}}}`))
	noError(t, err)
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 x")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	noError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	noError(t, err)
	want(t, "status", resp.StatusCode, 400)
	want(t, "type", resp.Header.Get("Content-Type"), "application/x-amz-json-1.0")
	want(t, "body", string(body), `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}`)
}

func TestWhatAnItemHoldsIsFound(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Dynamo.CreateTable("t", "pk")
	fake.Dynamo.Put("t", map[string]any{"pk": "tenant#1", "s": "hunter2hunter2", "n": 123456789, "b": []byte("binary-value"), "m": map[string]string{"k": "nested-value"}, "j": `{"password":"inner-value"}`})
	for text, found := range map[string]int{
		"tenant#1 failed": 0, "got hunter2hunter2": 1, "got 123456789": 1, "got binary-value": 1, "got nested-value": 1, "got inner-value": 1, "got nothing": 0,
	} {
		if leaks := fake.ShownIn(text); len(leaks) != found {
			t.Errorf("in %q: %q", text, leaks)
		}
	}
	if leaks := fake.ShownIn("hunter2hunter2"); !strings.Contains(leaks[0], "dynamodb t?pk=tenant#1#s") {
		t.Errorf("%q", leaks)
	}
}

func TestMistakesWithDynamo(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Dynamo.CreateTable("t", "pk")
	for what, mistake := range map[string]func(){
		"a table twice":      func() { fake.Dynamo.CreateTable("t", "pk") },
		"no key":             func() { fake.Dynamo.CreateTable("u") },
		"three keys":         func() { fake.Dynamo.CreateTable("u", "a", "b", "c") },
		"a key of no kind":   func() { fake.Dynamo.CreateTable("u", "a:X") },
		"no table":           func() { fake.Dynamo.Put("u", map[string]any{"pk": "a"}) },
		"no key in the item": func() { fake.Dynamo.Put("t", map[string]any{"x": "a"}) },
		"a channel":          func() { fake.Dynamo.Put("t", map[string]any{"pk": make(chan int)}) },
		"deletes of nothing": func() { fake.Dynamo.Delete("u", map[string]any{"pk": "a"}) },
		"too many":           func() { fake.Dynamo.ProcessAtMost(101) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "cachetest: ") {
					t.Errorf("%s: %v", what, r)
				}
			}()
			mistake()
		}()
	}
}
