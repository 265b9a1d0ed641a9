package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func ExampleEntry_Get() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/key", "v1")

	apiKey := ssmcache.Parameter[string]("/app/key")

	fmt.Println(apiKey.Get(context.Background())) // loads
	fmt.Println(apiKey.Get(context.Background())) // held, and younger than its max age
	fmt.Println(fake.Calls(""), "call")
	// Output:
	// v1 <nil>
	// v1 <nil>
	// 1 call
}

func ExampleEntry_Refresh() {
	fake, stop := fakeAWS()
	defer stop()
	apiKey := ssmcache.Parameter[string]("/app/key")

	ctx := context.Background()
	fake.SSM.Put("/app/key", "v1")
	fmt.Println(apiKey.Get(ctx))

	fake.SSM.Put("/app/key", "v2")
	fmt.Println(apiKey.Get(ctx))     // v1 is young enough
	fmt.Println(apiKey.Refresh(ctx)) // whatever is held
	// Output:
	// v1 <nil>
	// v1 <nil>
	// v2 <nil>
}

// The value of an invocation stays the same until its end.
func ExampleEntry_Value() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/key", "v1")
	apiKey := ssmcache.Parameter[string]("/app/key")

	handler := lambdacache.Wrap(func(ctx context.Context, _ Event) (string, error) {
		before := apiKey.Value(ctx)
		fake.SSM.Put("/app/key", "v2")
		now, err := apiKey.Refresh(ctx)
		return before + " " + now + " " + apiKey.Value(ctx), err
	}, apiKey)

	fmt.Println(handler(context.Background(), Event{}))
	// Output: v1 v2 v1 <nil>
}

func ExampleValue() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/production/app/var", "v1")

	handler := lambdacache.Wrap(func(ctx context.Context, _ Event) (string, error) {
		return lambdacache.Value[string](ctx, "var"), nil
	}, ssmcache.Parameter[string]("/production/app/var"))

	fmt.Println(handler(context.Background(), Event{}))
	// Output: v1 <nil>
}

func ExampleName() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/production/app/var", "v1")

	handler := lambdacache.Wrap(func(ctx context.Context, _ Event) (string, error) {
		return lambdacache.Value[string](ctx, "new_var"), nil
	}, ssmcache.Parameter[string]("/production/app/var", lambdacache.Name("new_var")))

	fmt.Println(handler(context.Background(), Event{}))
	// Output: v1 <nil>
}

// Load while Lambda initialises the environment. What cannot be loaded then is loaded
// by the first invocation.
func ExamplePrefetch() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/key", "v1")
	fake.SSM.PutList("/app/hosts", "a", "b")

	apiKey := ssmcache.Parameter[string]("/app/key")
	hosts := ssmcache.Parameter[[]string]("/app/hosts")

	if err := lambdacache.Prefetch(context.Background(), apiKey, hosts); err != nil {
		fmt.Println(err)
	}
	fmt.Println(fake.Calls("GetParameters"), "call")
	// Output: 1 call
}

func ExampleInvalidate() {
	fake, stop := fakeAWS()
	defer stop()
	apiKey := ssmcache.Parameter[string]("/app/key", lambdacache.MaxAge(lambdacache.Forever))

	ctx := context.Background()
	fake.SSM.Put("/app/key", "v1")
	fmt.Println(apiKey.Get(ctx))

	fake.SSM.Put("/app/key", "v2")
	lambdacache.Invalidate(apiKey)
	fmt.Println(apiKey.Get(ctx))
	// Output:
	// v1 <nil>
	// v2 <nil>
}

func ExampleObserve() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/observed", "v1")

	lambdacache.Observe(func(e lambdacache.Event) {
		fmt.Println(e.Kind, e.Source, e.Key, e.Entries, e.Calls, e.Err)
	})
	apiKey := ssmcache.Parameter[string]("/app/observed")
	_, _ = apiKey.Get(context.Background())
	_, _ = apiKey.Get(context.Background()) // a hit: nothing is reported
	// Output: loaded ssm /app/observed [observed] 1 <nil>
}

func ExampleRedacted() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/db", `{"User":"app","Password":"s3cr3t"}`)

	type DB struct {
		User     string
		Password lambdacache.Redacted[string]
	}
	db, err := secretcache.Secret[DB]("prod/db").Get(context.Background())

	fmt.Printf("%+v %v\n", db, err)
	fmt.Println(len(db.Password.Reveal()))
	// Output:
	// {User:app Password:[redacted]} <nil>
	// 6
}

func ExampleMaxAge() {
	byDefault := ssmcache.Parameter[string]("/app/var")                                        // 60 s
	patient := ssmcache.Parameter[string]("/app/patient", lambdacache.MaxAge(15*time.Minute))  // changes seldom
	always := ssmcache.Parameter[string]("/app/always", lambdacache.MaxAge(0))                 // for every invocation
	once := ssmcache.Parameter[string]("/app/once:3", lambdacache.MaxAge(lambdacache.Forever)) // a version never changes
	fmt.Println(byDefault.Name(), patient.Name(), always.Name(), once.Name(), lambdacache.DefaultMaxAge)
	// Output: var patient always once 1m0s
}

func ExampleLoadTimeout() {
	slow := lambdacache.New("slow", func(ctx context.Context) (string, error) {
		<-ctx.Done() // a service that does not answer
		return "", ctx.Err()
	}, lambdacache.LoadTimeout(10*time.Millisecond))

	_, err := slow.Get(context.Background())
	fmt.Println(err)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// lambdacache: load "slow" from func: no answer within 10ms (lambdacache.LoadTimeout): context deadline exceeded
	// true
}

// A credential that is refused although it is young: Retry gets a newer one, and runs
// the query once more.
func ExampleRetry() {
	token, valid := 1, 1
	tokens := lambdacache.New("token", func(context.Context) (string, error) { return fmt.Sprint("token ", token), nil })
	errExpired := errors.New("401 Unauthorized")
	query := func(_ context.Context, t string) (string, error) {
		if t != fmt.Sprint("token ", valid) {
			return "", errExpired
		}
		return "answer for " + t, nil
	}
	isExpired := func(err error) bool { return errors.Is(err, errExpired) }

	ctx := context.Background()
	fmt.Println(lambdacache.Retry(ctx, tokens, query, isExpired))
	token, valid = 2, 2 // rotated
	fmt.Println(lambdacache.Retry(ctx, tokens, query, isExpired))
	// Output:
	// answer for token 1 <nil>
	// answer for token 2 <nil>
}

func ExampleNewFamily() {
	rates := lambdacache.NewFamily("rates", func(_ context.Context, currency string) (float64, error) {
		fmt.Println("ask for", currency)
		if currency != "EUR" {
			return 0, lambdacache.NotFound(errors.New("no such currency"))
		}
		return 1.08, nil
	}, lambdacache.MaxEntries(100), lambdacache.RememberMisses(10*time.Second))

	for _, currency := range []string{"EUR", "EUR", "XYZ", "XYZ"} {
		rate, err := rates.Get(context.Background(), currency)
		fmt.Println(rate, errors.Is(err, lambdacache.ErrNotFound))
	}
	// Output:
	// ask for EUR
	// 1.08 false
	// 1.08 false
	// ask for XYZ
	// 0 true
	// 0 true
}
