package secretcache_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
	"github.com/lambda-cache/lambdacache/secretcache"
)

// fakeAWS stands in for AWS in the examples.
var fakeAWS = testlab.Start

func Example() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/db", `{"User":"app","Password":"s3cr3t"}`)
	fake.Secrets.PutString("prod/token", "t-1")

	type DB struct {
		User     string
		Password lambdacache.Redacted[string]
	}
	db := secretcache.Secret[DB]("prod/db")
	token := secretcache.Secret[string]("prod/token", lambdacache.MaxAge(5*time.Minute))

	handler := lambdacache.Wrap(func(ctx context.Context, event string) (string, error) {
		return fmt.Sprintf("%s: %+v, %s", event, db.Value(ctx), token.Value(ctx)), nil
	}, db, token)

	for _, event := range []string{"first", "second"} {
		answer, err := handler(context.Background(), event)
		fmt.Println(answer, err)
	}
	fmt.Println(fake.Calls("BatchGetSecretValue"), "call")
	// Output:
	// first: {User:app Password:[redacted]}, t-1 <nil>
	// second: {User:app Password:[redacted]}, t-1 <nil>
	// 1 call
}

func ExampleSecret() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/db", `{"User":"app","Port":5432}`)

	type DB struct {
		User string
		Port int
	}
	db := secretcache.Secret[DB]("prod/db")

	v, err := db.Get(context.Background())
	fmt.Println(v.User, v.Port, err)
	// Output: app 5432 <nil>
}

func ExampleSecret_binary() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutBinary("prod/key", []byte{0xca, 0xfe})

	key := secretcache.Secret[[]byte]("prod/key")

	b, err := key.Get(context.Background())
	fmt.Printf("%x %v\n", b, err)
	// Output: cafe <nil>
}

// The error names the entry, the secret, and what to grant.
func ExampleSecret_denied() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/db", "s3cr3t")
	fake.Deny("secretsmanager:GetSecretValue", "prod/db")

	db := secretcache.Secret[string]("prod/db")

	_, err := db.Get(context.Background())
	if denied, ok := errors.AsType[*lambdacache.DeniedError](err); ok {
		fmt.Println("allow", denied.Action, "on", denied.Resource)
	}
	// Output: allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:*:*:secret:prod/db-*
}

// Two fields of a secret share one load and come from one version.
func ExampleField() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/db", `{"username":"app","password":"s3cr3t","port":5432}`)

	user := secretcache.Field[string]("prod/db", "username")
	password := secretcache.Field[lambdacache.Redacted[string]]("prod/db", "password")
	port := secretcache.Field[int]("prod/db", "port")

	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		return fmt.Sprint(user.Value(ctx), ":", password.Value(ctx), "@db:", port.Value(ctx)), nil
	}, user, password, port)

	fmt.Println(handler(context.Background(), struct{}{}))
	fmt.Println(password.Name(), fake.Calls("GetSecretValue"), "call")
	// Output:
	// app:[redacted]@db:5432 <nil>
	// db#password 1 call
}

func ExampleSecretFunc() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/ca", "no certificate")

	roots := secretcache.SecretFunc("prod/ca", func(value []byte) (*x509.CertPool, error) {
		block, _ := pem.Decode(value)
		if block == nil {
			return nil, lambdacache.Undecodable("there is no PEM block")
		}
		pool := x509.NewCertPool()
		cert, err := x509.ParseCertificate(block.Bytes)
		if err == nil {
			pool.AddCert(cert)
		}
		return pool, err
	})

	_, err := roots.Get(context.Background())
	fmt.Println(err)
	// Output: lambdacache: load "ca" from secretsmanager prod/ca: cannot decode: there is no PEM block
}

// The key to sign with, and the one before it, with which others may have signed.
func ExampleStage() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/signing", "key 1")
	fake.Secrets.PutString("prod/signing", "key 2")

	sign := secretcache.Secret[string]("prod/signing")
	previous := secretcache.Secret[string]("prod/signing", secretcache.Stage("AWSPREVIOUS"), lambdacache.Name("previous"))

	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		return sign.Value(ctx) + ", before it " + previous.Value(ctx), nil
	}, sign, previous)
	fmt.Println(handler(context.Background(), struct{}{}))
	// Output: key 2, before it key 1 <nil>
}

// A version's value never changes: load it once.
func ExampleVersionID() {
	fake, stop := fakeAWS()
	defer stop()
	id := fake.Secrets.PutString("prod/license", "2026")
	fake.Secrets.PutString("prod/license", "2027")

	license := secretcache.Secret[string]("prod/license",
		secretcache.VersionID(id), lambdacache.MaxAge(lambdacache.Forever))

	fmt.Println(license.Get(context.Background()))
	// Output: 2026 <nil>
}

// A client of your own reads from another Region.
func ExampleClient() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.In(cachetest.Account, "eu-west-1").PutString("prod/db", "value")

	client := secretsmanager.New(secretsmanager.Options{
		Region:       "eu-west-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "key", "token"),
		BaseEndpoint: aws.String(fake.URL()), // leave it out to reach AWS
	})
	db := secretcache.Secret[string]("prod/db", secretcache.Client(client))

	fmt.Println(db.Get(context.Background()))
	fmt.Println(fake.Requests()[0].Region)
	// Output:
	// value <nil>
	// eu-west-1
}

func ExampleRegion() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.In(cachetest.Account, "eu-west-1").PutString("prod/db", "Ireland's")

	db := secretcache.Secret[string]("prod/db", secretcache.Region("eu-west-1"))

	fmt.Println(db.Get(context.Background()))
	// Output: Ireland's <nil>
}

func ExampleConfig() {
	fake, stop := fakeAWS()
	defer stop()
	fake.STS.PutRole("arn:aws:iam::222222222222:role/reader", "")
	fake.Secrets.In("222222222222", cachetest.Region).PutString("prod/db", "theirs")

	reader := assumerole.Role("arn:aws:iam::222222222222:role/reader")
	db := secretcache.Secret[string]("prod/db", secretcache.Config(reader))

	fmt.Println(db.Get(context.Background()))
	// Output: theirs <nil>
}

func ExampleFamily() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/acme", `{"User":"acme","Password":"s3cr3t"}`)

	type Creds struct {
		User     string
		Password lambdacache.Redacted[string]
	}
	tenants := secretcache.Family[Creds](func(tenant string) string { return "prod/" + tenant },
		lambdacache.MaxEntries(1000), lambdacache.RememberMisses(10*time.Second))

	for _, tenant := range []string{"acme", "acme", "hooli", "hooli"} {
		creds, err := tenants.Get(context.Background(), tenant)
		fmt.Println(creds.User, errors.Is(err, lambdacache.ErrNotFound))
	}
	fmt.Println(fake.Calls(""), "calls")
	// Output:
	// acme false
	// acme false
	//  true
	//  true
	// 2 calls
}
