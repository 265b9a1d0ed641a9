package dynamocache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// fakeAWS stands in for AWS in the examples.
var fakeAWS = testlab.Start

func Example() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Dynamo.CreateTable("tenants", "pk")
	fake.Dynamo.CreateTable("flags", "app", "version:N")
	fake.Dynamo.Put("tenants", map[string]any{"pk": "tenant#1", "plan": "gold", "limit": 100})
	fake.Dynamo.Put("flags", map[string]any{"app": "shop", "version": 7, "dark": true})

	type Tenant struct {
		Plan  string `dynamodbav:"plan"`
		Limit int    `dynamodbav:"limit"`
	}
	tenant := dynamocache.Item[Tenant]("tenants", dynamocache.Key("pk", "tenant#1"))
	flags := dynamocache.Item[map[string]any]("flags", dynamocache.Key("app", "shop", "version", 7), lambdacache.MaxAge(5*time.Minute))

	handler := lambdacache.Wrap(func(ctx context.Context, event string) (string, error) {
		return fmt.Sprint(event, ": ", tenant.Value(ctx).Limit, ", ", flags.Value(ctx)["dark"]), nil
	}, tenant, flags)

	for _, event := range []string{"first", "second"} {
		answer, err := handler(context.Background(), event)
		fmt.Println(answer, err)
	}
	fmt.Println(fake.Calls("BatchGetItem"), "call")
	// Output:
	// first: 100, true <nil>
	// second: 100, true <nil>
	// 1 call
}

func ExampleItem() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Dynamo.CreateTable("tenants", "pk")
	fake.Dynamo.Put("tenants", map[string]any{"pk": "tenant#1", "plan": "gold", "token": "s3cr3t"})

	type Tenant struct {
		Plan  string                       `dynamodbav:"plan"`
		Token lambdacache.Redacted[string] `dynamodbav:"token"`
	}
	tenant := dynamocache.Item[Tenant]("tenants", dynamocache.Key("pk", "tenant#1"))

	t, err := tenant.Get(context.Background())
	fmt.Printf("%s: %+v %v\n", tenant.Name(), t, err)
	// Output: tenant#1: {Plan:gold Token:[redacted]} <nil>
}

// The error names the entry, the table, the key and the cause.
func ExampleItem_notFound() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Dynamo.CreateTable("tenants", "pk", "sk:N")

	tenant := dynamocache.Item[map[string]any]("tenants", dynamocache.Key("pk", "tenant#1", "sk", 7), lambdacache.Name("tenant"))

	_, err := tenant.Get(context.Background())
	fmt.Println(err)
	fmt.Println(errors.Is(err, lambdacache.ErrNotFound))
	// Output:
	// lambdacache: load "tenant" from dynamodb tenants?pk=tenant#1&sk=7: the table has no item with this key
	// true
}

func ExampleItemFunc() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Dynamo.CreateTable("config", "name")
	fake.Dynamo.Put("config", map[string]any{"name": "hosts", "value": "a,b"})

	hosts := dynamocache.ItemFunc("config", dynamocache.Key("name", "hosts"), func(item map[string]types.AttributeValue) ([]string, error) {
		v, ok := item["value"].(*types.AttributeValueMemberS)
		if !ok {
			return nil, lambdacache.Undecodable("the attribute value is not a string")
		}
		return strings.Split(v.Value, ","), nil
	})

	list, err := hosts.Get(context.Background())
	fmt.Println(len(list), list, err)

	fake.Dynamo.Put("config", map[string]any{"name": "hosts", "value": 7})
	_, err = hosts.Refresh(context.Background())
	fmt.Println(err)
	// Output:
	// 2 [a b] <nil>
	// lambdacache: load "hosts" from dynamodb config?name=hosts: cannot decode: the attribute value is not a string
}

func ExampleKey() {
	fmt.Println(dynamocache.Item[map[string]any]("t", dynamocache.Key("pk", "tenant#1")).Name())
	fmt.Println(dynamocache.Item[map[string]any]("t", dynamocache.Key("pk", "tenant#1", "sk", 7)).Name())
	fmt.Println(dynamocache.Item[map[string]any]("t", dynamocache.Key("id", []byte{0, 255})).Name())
	// Output:
	// tenant#1
	// tenant#1/7
	// base64:AP8=
}

// What was written just before is seen.
func ExampleConsistent() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Dynamo.CreateTable("locks", "pk")
	fake.Dynamo.Put("locks", map[string]any{"pk": "deploy", "frozen": true})

	lock := dynamocache.Item[map[string]any]("locks", dynamocache.Key("pk", "deploy"), dynamocache.Consistent(), lambdacache.MaxAge(0))

	l, err := lock.Get(context.Background())
	fmt.Println(l["frozen"], err)
	// Output: true <nil>
}

// A client of your own reads from another Region.
func ExampleClient() {
	fake, stop := fakeAWS()
	defer stop()
	ireland := fake.Dynamo.In(cachetest.Account, "eu-west-1")
	ireland.CreateTable("tenants", "pk")
	ireland.Put("tenants", map[string]any{"pk": "tenant#1", "plan": "gold"})

	client := dynamodb.New(dynamodb.Options{
		Region:       "eu-west-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "key", "token"),
		BaseEndpoint: aws.String(fake.URL()), // leave it out to reach AWS
	})
	tenant := dynamocache.Item[map[string]any]("tenants", dynamocache.Key("pk", "tenant#1"), dynamocache.Client(client))

	t, err := tenant.Get(context.Background())
	fmt.Println(t["plan"], err)
	fmt.Println(fake.Requests()[0].Region)
	// Output:
	// gold <nil>
	// eu-west-1
}

func ExampleFamily() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Dynamo.CreateTable("tenants", "pk")
	fake.Dynamo.Put("tenants", map[string]any{"pk": "tenant#acme", "plan": "gold"})

	type Tenant struct {
		Plan string `dynamodbav:"plan"`
	}
	tenants := dynamocache.Family[Tenant]("tenants", func(id string) dynamocache.PrimaryKey {
		return dynamocache.Key("pk", "tenant#"+id)
	})
	acme, err := tenants.Get(context.Background(), "acme")
	fmt.Println(acme.Plan, err)
	// Output: gold <nil>
}
