package appconfigcache_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// fakeAWS stands in for AWS in the examples.
var fakeAWS = testlab.Start

func ExampleConfiguration() {
	fake, stop := fakeAWS()
	defer stop()
	fake.AppConfig.Put("shop", "prod", "limits", `{"Basket": 20}`)

	type Limits struct{ Basket int }
	limits := appconfigcache.Configuration[Limits]("shop", "prod", "limits")
	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (int, error) {
		return limits.Value(ctx).Basket, nil
	}, limits)
	fmt.Println(handler(context.Background(), struct{}{}))
	// Output: 20 <nil>
}

func ExampleConfigurationFunc() {
	fake, stop := fakeAWS()
	defer stop()
	fake.AppConfig.Put("shop", "prod", "words", "one two")

	words := appconfigcache.ConfigurationFunc("shop", "prod", "words", func(body []byte) ([]string, error) {
		list := strings.Fields(string(body))
		if len(list) == 0 {
			return nil, lambdacache.Undecodable("no words")
		}
		return list, nil
	})
	list, err := words.Get(context.Background())
	fmt.Println(len(list), err)
	// Output: 2 <nil>
}

func ExampleFlags() {
	fake, stop := fakeAWS()
	defer stop()
	fake.AppConfig.Put("shop", "prod", "flags", `{"new-checkout": {"enabled": true, "limit": 10}}`)

	flags := appconfigcache.Flags("shop", "prod", "flags")
	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		set := flags.Value(ctx)
		if !set.Enabled("new-checkout") {
			return "the old one", nil
		}
		return fmt.Sprint("the new one, up to ", appconfigcache.Attribute(set, "new-checkout", "limit", 5)), nil
	}, flags)
	fmt.Println(handler(context.Background(), struct{}{}))
	// Output: the new one, up to 10 <nil>
}

func ExampleNewFlagSet() {
	set := appconfigcache.NewFlagSet(`{"new-checkout": {"enabled": true}}`) // for cachetest.Fixed
	fmt.Println(set.Enabled("new-checkout"), set.Enabled("other"), set)
	// Output: true false [redacted]
}

func ExampleAttribute() {
	set := appconfigcache.NewFlagSet(`{"a": {"enabled": true, "colour": "red"}, "b": {"enabled": false}}`)
	fmt.Println(appconfigcache.Attribute(set, "a", "colour", "blue"), appconfigcache.Attribute(set, "b", "colour", "blue"))
	// Output: red blue
}

func ExampleClient() {
	fake, stop := fakeAWS()
	defer stop()
	fake.AppConfig.In(cachetest.Account, "eu-west-1").Put("shop", "prod", "greeting", "hello")

	cfg, err := awsconfig.Default("example") // or the SDK's own, for another account
	if err != nil {
		panic(err)
	}
	client := appconfigdata.NewFromConfig(cfg, func(o *appconfigdata.Options) { o.Region = "eu-west-1" })
	greeting := appconfigcache.Configuration[string]("shop", "prod", "greeting", appconfigcache.Client(client))
	fmt.Println(greeting.Get(context.Background()))
	fmt.Println(fake.Requests()[0].Region)
	// Output:
	// hello <nil>
	// eu-west-1
}

func ExampleFamily() {
	fake, stop := fakeAWS()
	defer stop()
	fake.AppConfig.Put("shop", "prod", "acme", `{"dark-mode": {"enabled": true}}`)

	flags := appconfigcache.Family[appconfigcache.FlagSet](func(tenant string) (application, environment, profile string) {
		return "shop", "prod", tenant
	})
	acme, err := flags.Get(context.Background(), "acme")
	fmt.Println(acme.Enabled("dark-mode"), err)
	// Output: true <nil>
}
