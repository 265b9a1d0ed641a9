package subject

import (
	"context"
	"encoding/json"
	"errors"
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
)

// Dynamo is dynamocache with the items of a server, in a table that it makes. The
// suite's text is in the attribute "text"; a document's fields are attributes of their own.
func Dynamo(t testing.TB, cfg aws.Config) cachetest.Subject {
	return dynamo(t, cfg, table{name: "conformance-suite"})
}

// DynamoSorted is Dynamo with a table that has a sort key, a number.
func DynamoSorted(t testing.TB, cfg aws.Config) cachetest.Subject {
	return dynamo(t, cfg, table{name: "conformance-suite-sorted", sorted: true})
}

// table is where the items are. All have the same sort key, if it has one.
type table struct {
	name   string
	sorted bool
}

const sortKey = 7

func (tb table) word(text string) string {
	return strings.TrimSuffix(strings.TrimPrefix(text, tb.name+"?pk="), "&sk=7")
}

// key makes a key of the text that the suite knows it by: "table?pk=word", and how
// entries of it are named.
func (tb table) key(text string) (key dynamocache.PrimaryKey, name lambdacache.Option) {
	word := tb.word(text)
	if tb.sorted {
		return dynamocache.Key("pk", word, "sk", sortKey), lambdacache.Name(word)
	}
	return dynamocache.Key("pk", word), lambdacache.Name(word)
}

func (tb table) attributes(text, value string) map[string]types.AttributeValue {
	item := map[string]any{"text": value, "count": value}
	var document struct {
		Name  string `json:"name"`
		Count any    `json:"count"`
	}
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	if d.Decode(&document) == nil {
		item["name"], item["count"] = document.Name, document.Count
		if n, ok := document.Count.(json.Number); ok {
			item["count"] = attributevalue.Number(n)
		}
	}
	for name, v := range tb.keyAttributes(text) {
		item[name] = v
	}
	all, err := attributevalue.MarshalMap(item)
	if err != nil {
		panic(err)
	}
	return all
}

func (tb table) keyAttributes(text string) map[string]any {
	word := tb.word(text)
	if tb.sorted {
		return map[string]any{"pk": word, "sk": sortKey}
	}
	return map[string]any{"pk": word}
}

func (tb table) make(t testing.TB, client *dynamodb.Client) {
	in := &dynamodb.CreateTableInput{
		TableName: &tb.name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	}
	if tb.sorted {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeN})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange})
	}
	_, err := client.CreateTable(context.Background(), in)
	check(t, err)
	wait := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay, o.MaxDelay = 20*time.Millisecond, time.Second })
	check(t, wait.Wait(context.Background(), &dynamodb.DescribeTableInput{TableName: &tb.name}, time.Minute))
}

func dynamo(t testing.TB, cfg aws.Config, tb table) cachetest.Subject {
	client := dynamodb.NewFromConfig(cfg)
	tb.make(t, client)
	declared := func(text string, opts []lambdacache.Option) (dynamocache.PrimaryKey, []lambdacache.Option) {
		key, name := tb.key(text)
		return key, append([]lambdacache.Option{name}, opts...)
	}
	return cachetest.Subject{
		Text: func(text string, opts ...lambdacache.Option) *lambdacache.Entry[string] {
			key, opts := declared(text, opts)
			return dynamocache.ItemFunc(tb.name, key, textOf, opts...)
		},
		Document: func(text string, opts ...lambdacache.Option) *lambdacache.Entry[cachetest.Document] {
			key, opts := declared(text, opts)
			return dynamocache.Item[cachetest.Document](tb.name, key, opts...)
		},
		Family: func(opts ...lambdacache.Option) cachetest.TextFamily {
			type item struct {
				Text string `dynamodbav:"text"`
			}
			return cachetest.FamilyOf(dynamocache.Family[item](tb.name, func(text string) dynamocache.PrimaryKey {
				key, _ := tb.key(text)
				return key
			}, opts...), func(i item) (string, error) { return i.Text, nil })
		},
		Key: func(word string) string {
			text := tb.name + "?pk=" + word
			if tb.sorted {
				text += "&sk=7"
			}
			return text
		},
		MaxKeys:     100,
		Conditional: true,
		Put: func(t testing.TB, key, value string) {
			_, err := client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &tb.name, Item: tb.attributes(key, value)})
			check(t, err)
		},
		Remove: func(t testing.TB, key string) {
			attributes, err := attributevalue.MarshalMap(tb.keyAttributes(key))
			check(t, err)
			_, err = client.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: &tb.name, Key: attributes})
			check(t, err)
		},
	}
}

func textOf(item map[string]types.AttributeValue) (string, error) {
	text, ok := item["text"].(*types.AttributeValueMemberS)
	if !ok {
		return "", errors.New("no text")
	}
	return text.Value, nil
}

// DynamoOnFake is [OnFake] for Dynamo: a key is denied to both operations.
func DynamoOnFake(s cachetest.Subject, fake *cachetest.AWS) cachetest.Subject {
	s = OnFake(s, fake, "dynamodb:GetItem", "GetItem", "BatchGetItem")
	one := s.Deny
	s.Deny = func(t testing.TB, key string) func() {
		fake.Deny("dynamodb:BatchGetItem", key)
		allow := one(t, key)
		return func() { fake.Allow("dynamodb:BatchGetItem", key); allow() }
	}
	return s
}
