package assumerole_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/secretcache"
)

// A secret of another account, in another Region.
func ExampleRole() {
	fake, stop := fakeAWS()
	defer stop()
	fake.STS.PutRole("arn:aws:iam::222222222222:role/reader", "id-1")
	fake.Secrets.In("222222222222", "eu-west-1").PutString("prod/db", "theirs")

	reader := assumerole.Role("arn:aws:iam::222222222222:role/reader", assumerole.ExternalID("id-1"))
	db := secretcache.Secret[string]("prod/db", secretcache.Config(reader), secretcache.Region("eu-west-1"))

	fmt.Println(db.Get(context.Background()))
	for _, r := range fake.Requests() {
		fmt.Println(r.Role, r.Operation, r.Region)
	}
	// Output:
	// theirs <nil>
	//  AssumeRole us-east-1
	// arn:aws:iam::222222222222:role/reader GetSecretValue eu-west-1
}

// A role of a third account, which trusts a role of the second only.
func ExampleConfig() {
	fake, stop := fakeAWS()
	defer stop()
	fake.STS.PutRole("arn:aws:iam::222222222222:role/hub", "")
	fake.STS.PutRole("arn:aws:iam::333333333333:role/reader", "")
	fake.Secrets.In("333333333333", "us-east-1").PutString("prod/db", "theirs")

	hub := assumerole.Role("arn:aws:iam::222222222222:role/hub")
	reader := assumerole.Role("arn:aws:iam::333333333333:role/reader", assumerole.Config(hub))
	db := secretcache.Secret[string]("prod/db", secretcache.Config(reader))

	fmt.Println(db.Get(context.Background()))
	for _, r := range fake.Requests() {
		fmt.Println(r.Role, r.Operation)
	}
	// Output:
	// theirs <nil>
	//  AssumeRole
	// arn:aws:iam::222222222222:role/hub AssumeRole
	// arn:aws:iam::333333333333:role/reader GetSecretValue
}

// fakeAWS stands for AWS, as cachetest.NewAWS(t) does in a test.
func fakeAWS() (fake *cachetest.AWS, stop func()) {
	fake, err := cachetest.StartAWS()
	if err != nil {
		panic(err)
	}
	old := make(map[string]string)
	for _, kv := range fake.Env() {
		name, value, _ := strings.Cut(kv, "=")
		old[name] = os.Getenv(name)
		os.Setenv(name, value)
	}
	testhook.Reset()
	return fake, func() {
		testhook.Reset()
		for name, value := range old {
			os.Setenv(name, value)
		}
		fake.Close()
	}
}
