package ssmcache_test

import (
	"context"
	"fmt"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// A struct names the parameters it wants.
func ExamplePath() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.PutList("/prod/app/hosts", "a.example.com", "b.example.com")
	fake.SSM.Put("/prod/app/db/host", "db.example.com")
	fake.SSM.PutSecure("/prod/app/db/password", "s3cr3t")
	fake.SSM.Put("/prod/app/flags/beta", "true")

	type DB struct {
		Host     string                       `ssm:"host"`
		Password lambdacache.Redacted[string] `ssm:"password"`
	}
	type Config struct {
		Hosts []string        `ssm:"hosts"`
		Limit int             `ssm:"limit,optional"`
		DB    DB              `ssm:"db/"`
		Flags map[string]bool `ssm:"flags/"`
	}
	config := ssmcache.Path[Config]("/prod/app/")

	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		return fmt.Sprintf("%+v", config.Value(ctx)), nil
	}, config)
	fmt.Println(handler(context.Background(), struct{}{}))
	fmt.Println(fake.Calls("GetParametersByPath"), "call")
	// Output:
	// {Hosts:[a.example.com b.example.com] Limit:0 DB:{Host:db.example.com Password:[redacted]} Flags:map[beta:true]} <nil>
	// 1 call
}

// A Set holds whatever is below the path; it follows what is put there and removed.
func ExamplePath_set() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/prod/app/db/host", "db.example.com")
	fake.SSM.PutList("/prod/app/hosts", "a", "b")

	app := ssmcache.Path[ssmcache.Set]("/prod/app/")

	set, err := app.Get(context.Background())
	if err != nil {
		fmt.Println(err)
	}
	for name := range set.Names() {
		fmt.Println(name, set.List(name))
	}

	fake.SSM.Delete("/prod/app/hosts")
	set, err = app.Refresh(context.Background())
	fmt.Println(set.Has("hosts"), err)
	// Output:
	// db/host [db.example.com]
	// hosts [a b]
	// false <nil>
}

// One error names all that is missing or does not fit, and shows none of it.
func ExamplePath_missing() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.PutSecure("/prod/app/limit", "s3cr3t")

	type Config struct {
		Host  string `ssm:"host"`
		Limit int    `ssm:"limit"`
	}
	config := ssmcache.Path[Config]("/prod/app/")

	_, err := config.Get(context.Background())
	fmt.Println(err)
	// Output:
	// lambdacache: load "app" from ssm /prod/app/: cannot decode: /prod/app/host (field Host): there is no such parameter: put one there, or mark the field as optional; /prod/app/limit (field Limit): not a valid int
}

// The versions with a label; without the option the newest ones.
func ExampleLabel() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/model", "small")
	fake.SSM.Put("/app/model", "large")
	fake.SSM.Label("/app/model", 1, "stable")
	fake.SSM.Put("/app/unlabelled", "x")

	stable := ssmcache.Path[map[string]string]("/app/", ssmcache.Label("stable"))
	newest := ssmcache.Path[map[string]string]("/app/")

	fmt.Println(stable.Get(context.Background()))
	fmt.Println(newest.Get(context.Background()))
	// Output:
	// map[model:small] <nil>
	// map[model:large unlabelled:x] <nil>
}

func ExampleNotRecursive() {
	fake, stop := fakeAWS()
	defer stop()
	fake.SSM.Put("/app/region", "eu")
	fake.SSM.Put("/app/db/host", "db.example.com")

	app := ssmcache.Path[map[string]string]("/app/", ssmcache.NotRecursive())

	fmt.Println(app.Get(context.Background()))
	// Output: map[region:eu] <nil>
}
