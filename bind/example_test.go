package bind_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// fakeAWS stands in for AWS in the examples.
func fakeAWS() (fake *cachetest.AWS, stop func()) {
	fake, err := cachetest.StartAWS()
	if err != nil {
		panic(err)
	}
	testhook.Reset()
	for _, kv := range fake.Env() {
		name, value, _ := strings.Cut(kv, "=")
		os.Setenv(name, value)
	}
	return fake, func() { testhook.Reset(); fake.Close() }
}

func ExampleStruct() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/prod/app/url", "https://example.com")
	fake.SSM.PutList("/prod/app/hosts", "a", "b")
	fake.Secrets.PutString("prod/db", `{"user":"app","password":"s3cr3t"}`)
	os.Setenv("STAGE", "prod") // of the function's configuration

	type Config struct {
		URL      string                       `ssm:"/${STAGE}/app/url"`
		Hosts    []string                     `ssm:"/${STAGE}/app/hosts" maxage:"5m"`
		User     string                       `secret:"prod/db#user"`
		Password lambdacache.Redacted[string] `secret:"prod/db#password"`
	}
	cfg := bind.Struct[Config](ssmcache.Tag, secretcache.Tag)

	handler := lambdacache.Wrap(func(ctx context.Context, event string) (string, error) {
		return fmt.Sprint(event, ": ", cfg.Value(ctx)), nil
	}, cfg)
	for _, event := range []string{"first", "second"} {
		answer, err := handler(context.Background(), event)
		fmt.Println(answer, err)
	}
	fmt.Println(fake.Calls(""), "calls")
	// Output:
	// first: {https://example.com [a b] app [redacted]} <nil>
	// second: {https://example.com [a b] app [redacted]} <nil>
	// 2 calls
}
