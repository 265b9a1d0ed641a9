package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache"
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

// Event and Response are what a function of yours gets and gives.
type (
	Event    struct{ Name string }
	Response struct{ Text string }
)

func ExampleWrap() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/production/app/greeting", "hello")
	fake.Secrets.PutString("prod/db", `{"User":"app","Password":"s3cr3t"}`)

	type DB struct{ User, Password string }
	greeting := ssmcache.Parameter[string]("/production/app/greeting")
	db := secretcache.Secret[DB]("prod/db")

	handler := func(ctx context.Context, e Event) (Response, error) {
		return Response{greeting.Value(ctx) + " " + e.Name + " from " + db.Value(ctx).User}, nil
	}
	wrapped := lambdacache.Wrap(handler, greeting, db) // lambda.Start(wrapped)

	fmt.Println(wrapped(context.Background(), Event{"Ada"}))
	fmt.Println(wrapped(context.Background(), Event{"Grace"}))
	fmt.Println(fake.Calls(""), "calls")
	// Output:
	// {hello Ada from app} <nil>
	// {hello Grace from app} <nil>
	// 2 calls
}

// A handler does not run without all its values.
func ExampleWrap_failure() {
	_, stop := fakeAWS()
	defer stop()
	missing := ssmcache.Parameter[string]("/app/missing")

	wrapped := lambdacache.Wrap(func(ctx context.Context, e Event) (Response, error) {
		return Response{missing.Value(ctx)}, nil
	}, missing)

	_, err := wrapped(context.Background(), Event{})
	if failed, ok := errors.AsType[*lambdacache.LoadError](err); ok {
		for _, f := range failed.Failures {
			fmt.Println(f.Entry, f.Source, f.Key, errors.Is(f, lambdacache.ErrNotFound))
		}
	}
	// Output: missing ssm /app/missing true
}

func ExampleWrapAny() {
	region := lambdacache.New("region", func(context.Context) (string, error) { return "eu-west-1", nil })

	handler := func(ctx context.Context) error { // a shape that Wrap does not take
		fmt.Println("running in", region.Value(ctx))
		return nil
	}
	wrapped := lambdacache.WrapAny(handler, region) // lambda.Start(wrapped)

	err := wrapped.(func(context.Context) error)(context.Background())
	fmt.Println(err)
	// Output:
	// running in eu-west-1
	// <nil>
}

func ExampleNew() {
	rates := lambdacache.New("exchange rates", func(ctx context.Context) (map[string]float64, error) {
		return map[string]float64{"EUR": 1, "USD": 1.25}, nil // an HTTP call, for example
	}, lambdacache.MaxAge(time.Hour))

	r, err := rates.Get(context.Background())
	fmt.Println(r["USD"], err)
	// Output: 1.25 <nil>
}

func ExampleDerive() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/host", "db.example.com")
	fake.Secrets.PutString("prod/db", `{"user":"app","password":"s3cr3t"}`)

	host := ssmcache.Parameter[string]("/app/host")
	user := secretcache.Field[string]("prod/db", "user")

	dsn := lambdacache.Derive("dsn", func(ctx context.Context) (string, error) {
		return "postgres://" + user.Value(ctx) + "@" + host.Value(ctx), nil
	}, []lambdacache.Cached{host, user}) // built again only when one of them has changed

	fmt.Println(dsn.Get(context.Background()))
	// Output: postgres://app@db.example.com <nil>
}

// colours is a source of one's own: a service that answers up to three names a call.
type colours struct{}

func (colours) MaxKeys() int { return 3 }

func (colours) Load(_ context.Context, reqs []lambdacache.Request) []lambdacache.Result[string] {
	fmt.Println("one call for", len(reqs))
	service := map[string]string{"red": "#f00", "green": "#0f0"}
	results := make([]lambdacache.Result[string], len(reqs))
	for i, r := range reqs {
		code, ok := service[r.Key]
		if !ok {
			results[i].Err = lambdacache.NotFound(errors.New("no such colour"))
			continue
		}
		results[i].Value = code
	}
	return results
}

func ExampleDeclare() {
	origin := lambdacache.NewOrigin("colours", colours{})
	colour := func(name string) *lambdacache.Entry[string] {
		return lambdacache.Declare(origin, name, "", func(code string) (string, error) { return code, nil })
	}

	err := lambdacache.Prefetch(context.Background(), colour("red"), colour("green"), colour("blue"))
	fmt.Println(err)
	// Output:
	// one call for 3
	// lambdacache: load "blue" from colours: no such colour
}
