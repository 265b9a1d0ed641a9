package ssmcache_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// fakeAWS stands in for AWS in the examples.
var fakeAWS = testlab.Start

func Example() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.PutSecure("/production/app/var", "v1")
	fake.SSM.Put("/production/app/timeout", "1m30s")

	apiKey := ssmcache.Parameter[string]("/production/app/var")
	timeout := ssmcache.Parameter[time.Duration]("/production/app/timeout", lambdacache.MaxAge(5*time.Minute))

	handler := lambdacache.Wrap(func(ctx context.Context, event string) (string, error) {
		return fmt.Sprint(event, ": ", apiKey.Value(ctx), ", ", timeout.Value(ctx)), nil
	}, apiKey, timeout)

	for _, event := range []string{"first", "second"} {
		answer, err := handler(context.Background(), event)
		fmt.Println(answer, err)
	}
	fmt.Println(fake.Calls("GetParameters"), "call")
	// Output:
	// first: v1, 1m30s <nil>
	// second: v1, 1m30s <nil>
	// 1 call
}

func ExampleParameter() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/limits", `{"Requests":100,"Burst":20}`)

	type Limits struct{ Requests, Burst int }
	limits := ssmcache.Parameter[Limits]("/app/limits")

	l, err := limits.Get(context.Background())
	fmt.Println(l.Requests, l.Burst, err)
	// Output: 100 20 <nil>
}

// A throttled call is tried three times; what then is left is an ErrThrottled, or, with
// StaleIfError, the old value.
func ExampleParameter_throttled() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/rate", "10")
	strict := ssmcache.Parameter[int]("/app/rate", lambdacache.MaxAge(0))
	lasting := ssmcache.Parameter[int]("/app/rate", lambdacache.MaxAge(0), lambdacache.StaleIfError(time.Hour), lambdacache.Name("lasting"))

	ctx := context.Background()
	if err := lambdacache.Prefetch(ctx, strict, lasting); err != nil {
		fmt.Println(err)
	}
	fake.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	fake.ResetCounts()
	_, err := strict.Get(ctx)
	fmt.Println(errors.Is(err, lambdacache.ErrThrottled), fake.Calls(""), "attempts")
	fmt.Println(lasting.Get(ctx))
	fmt.Println(fake.Calls(""), "attempts: the source is spared")
	// Output:
	// true 3 attempts
	// 10 <nil>
	// 3 attempts: the source is spared
}

func ExampleParameter_list() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.PutList("/app/hosts", "a.example.com", "b.example.com")

	hosts := ssmcache.Parameter[[]string]("/app/hosts")

	list, err := hosts.Get(context.Background())
	fmt.Println(len(list), list, err)
	// Output: 2 [a.example.com b.example.com] <nil>
}

func ExampleParameter_version() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/model", "small")
	fake.SSM.Put("/app/model", "large")
	fake.SSM.Label("/app/model", 1, "stable")

	newest := ssmcache.Parameter[string]("/app/model")
	stable := ssmcache.Parameter[string]("/app/model:stable", lambdacache.Name("stable model"))
	second := ssmcache.Parameter[string]("/app/model:2", lambdacache.MaxAge(lambdacache.Forever))

	ctx := context.Background()
	if err := lambdacache.Prefetch(ctx, newest, stable, second); err != nil {
		fmt.Println(err)
	}
	for _, e := range []*lambdacache.Entry[string]{newest, stable, second} {
		model, err := e.Get(ctx)
		fmt.Println(e.Name(), e.Version(), model, err)
	}
	// Output:
	// model 2 large <nil>
	// stable model 1 small <nil>
	// model 2 large <nil>
}

// A token that is kept out of everything that prints.
func ExampleParameter_redacted() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.PutSecure("/app/token", "s3cr3t")

	token := ssmcache.Parameter[lambdacache.Redacted[string]]("/app/token")

	t, err := token.Get(context.Background())
	fmt.Println(t, err)
	fmt.Println(len(t.Reveal()))
	// Output:
	// [redacted] <nil>
	// 6
}

// The error names the entry, the parameter and the cause.
func ExampleParameter_notFound() {
	_, stop := fakeAWS()
	defer stop()

	apiKey := ssmcache.Parameter[string]("/app/key")

	_, err := apiKey.Get(context.Background())
	fmt.Println(err)
	fmt.Println(errors.Is(err, lambdacache.ErrNotFound))
	// Output:
	// lambdacache: load "key" from ssm /app/key: ParameterNotFound: there is no such parameter, version or label in this account and Region
	// true
}

func ExampleParameters() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/url", "https://example.com")
	fake.SSM.PutList("/app/hosts", "a", "b")

	config := ssmcache.Parameters("config", []string{"/app/url", "/app/hosts"})

	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		c := config.Value(ctx)
		return fmt.Sprint(c.Text("url"), " ", len(c.List("hosts")), " hosts"), nil
	}, config)
	fmt.Println(handler(context.Background(), struct{}{}))
	// Output: https://example.com 2 hosts <nil>
}

// A set knows what it holds, and shows nothing of it.
func ExampleSet() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.PutSecure("/app/token", "s3cr3t")
	fake.SSM.PutList("/app/hosts", "a", "b")

	config := ssmcache.Parameters("config", []string{"/app/token", "/app/hosts"})

	c, err := config.Get(context.Background())
	fmt.Println(c, err)
	fmt.Println(slices.Collect(c.Names()), c.IsList("hosts"), c.IsList("token"))
	// Output:
	// [redacted] <nil>
	// [hosts token] true false
}

func ExampleParameterFunc() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/backend", "https://example.com:8443/v1")

	backend := ssmcache.ParameterFunc("/app/backend", func(value string) (*url.URL, error) {
		u, err := url.Parse(value)
		if err == nil && u.Scheme != "https" {
			err = lambdacache.Undecodable("the backend's URL is not https")
		}
		return u, err
	})

	u, err := backend.Get(context.Background())
	fmt.Println(u.Host, err)

	fake.SSM.Put("/app/backend", "http://example.com")
	_, err = backend.Refresh(context.Background())
	fmt.Println(err)
	// Output:
	// example.com:8443 <nil>
	// lambdacache: load "backend" from ssm /app/backend: cannot decode: the backend's URL is not https
}

// A client of your own reads from another Region.
func ExampleClient() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.In(cachetest.Account, "eu-west-1").Put("/app/key", "v1")

	client := ssm.New(ssm.Options{
		Region:       "eu-west-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "key", "token"),
		BaseEndpoint: aws.String(fake.URL()), // leave it out to reach AWS
	})
	apiKey := ssmcache.Parameter[string]("/app/key", ssmcache.Client(client))

	fmt.Println(apiKey.Get(context.Background()))
	fmt.Println(fake.Requests()[0].Region)
	// Output:
	// v1 <nil>
	// eu-west-1
}

func ExampleRegion() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/key", "Virginia's")
	fake.SSM.In(cachetest.Account, "eu-west-1").Put("/app/key", "Ireland's")

	here := ssmcache.Parameter[string]("/app/key")
	there := ssmcache.Parameter[string]("/app/key", ssmcache.Region("eu-west-1"))

	fmt.Println(here.Get(context.Background()))
	fmt.Println(there.Get(context.Background()))
	// Output:
	// Virginia's <nil>
	// Ireland's <nil>
}

func ExampleConfig() {
	fake, stop := fakeAWS()
	defer stop()
	fake.STS.PutRole("arn:aws:iam::222222222222:role/reader", "")
	fake.SSM.In("222222222222", cachetest.Region).Put("/app/key", "theirs")

	reader := assumerole.Role("arn:aws:iam::222222222222:role/reader")
	apiKey := ssmcache.Parameter[string]("/app/key", ssmcache.Config(reader))

	fmt.Println(apiKey.Get(context.Background()))
	// Output: theirs <nil>
}

func ExampleFamily() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/tenants/acme/plan", "gold")

	plans := ssmcache.Family[string](func(tenant string) string { return "/tenants/" + tenant + "/plan" })
	fmt.Println(plans.Get(context.Background(), "acme"))
	_, err := plans.Get(context.Background(), "hooli")
	fmt.Println(errors.Is(err, lambdacache.ErrNotFound))
	// Output:
	// gold <nil>
	// true
}

func ExamplePathFamily() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/tenants/acme/plan", "gold")
	fake.SSM.Put("/tenants/acme/limit", "100")

	type Tenant struct {
		Plan  string `ssm:"plan"`
		Limit int    `ssm:"limit"`
	}
	tenants := ssmcache.PathFamily[Tenant](func(tenant string) string { return "/tenants/" + tenant })
	acme, err := tenants.Get(context.Background(), "acme")
	fmt.Println(acme.Plan, acme.Limit, err)
	// Output: gold 100 <nil>
}
