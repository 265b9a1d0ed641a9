package bind_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/s3cache"
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
	fake.SSM.PutSecure("/prod/app/key", "k3y")
	fake.SSM.PutList("/prod/app/hosts", "a", "b")
	fake.Secrets.PutString("prod/db", `{"User":"app","password":"s3cr3t"}`)
	fake.S3.CreateBucket("rules")
	fake.S3.Put("rules", "rules.json", []byte(`{"limit":10}`))
	fake.AppConfig.Put("shop", "prod", "flags", `{"new-checkout":{"enabled":true}}`)
	os.Setenv("STAGE", "prod") // of the function's configuration

	type DB struct{ User, Password string }
	type Config struct {
		Key   string                 `ssm:"/${STAGE}/app/key"`
		Hosts []string               `ssm:"/${STAGE}/app/hosts" maxage:"5m"`
		DB    DB                     `secret:"prod/db"`
		Pass  string                 `secret:"prod/db#password"`
		Rules *s3cache.LocalFile     `s3:"s3://rules/rules.json" maxage:"1h"`
		Flags appconfigcache.FlagSet `appconfig:"shop/prod/flags"`
	}
	cfg := bind.Struct[Config](ssmcache.Tag, secretcache.Tag, s3cache.Tag, appconfigcache.Tag)

	handler := lambdacache.Wrap(func(ctx context.Context, event string) (string, error) {
		c := cfg.Value(ctx)
		rules, err := os.ReadFile(c.Rules.Path())
		return fmt.Sprint(event, ": ", c.Hosts, " ", c.DB.User, " ", c.Pass == c.DB.Password, " ", string(rules), " ", c.Flags.Enabled("new-checkout")), err
	}, cfg)
	for _, event := range []string{"first", "second"} {
		answer, err := handler(context.Background(), event)
		fmt.Println(answer, err)
	}
	fmt.Println(fake.Calls(""), "calls")
	// Output:
	// first: [a b] app true {"limit":10} true <nil>
	// second: [a b] app true {"limit":10} true <nil>
	// 5 calls
}
