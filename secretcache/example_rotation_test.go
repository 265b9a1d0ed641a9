package secretcache_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
)

// server knows the passwords that it takes.
type server map[string]bool

var errPassword = errors.New("password authentication failed")

func (d server) query(_ context.Context, password string) (string, error) {
	if !d[password] {
		return "", errPassword
	}
	return "rows for " + password, nil
}

func isAuthError(err error) bool { return errors.Is(err, errPassword) }

// A password is refused although it is young: one refresh, and one more try with what
// the rotation has put in its place.
func Example_retry() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/password", "old")
	password := secretcache.Secret[string]("prod/password")
	db := server{"old": true}

	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		return lambdacache.Retry(ctx, password, db.query, isAuthError)
	}, password)

	fmt.Println(handler(context.Background(), struct{}{}))
	fake.Secrets.PutString("prod/password", "new") // rotated
	db = server{"new": true}
	fmt.Println(handler(context.Background(), struct{}{}))
	fmt.Println(fake.Calls("GetSecretValue"), "calls")
	// Output:
	// rows for old <nil>
	// rows for new <nil>
	// 2 calls
}

// Some databases lag behind the rotation. Going back to the previous password is your
// choice: its entry is not listed in the Wrap, so it costs a call only when it is used.
func Example_retryPrevious() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/password", "old")
	fake.Secrets.PutString("prod/password", "new")
	password := secretcache.Secret[string]("prod/password")
	previous := secretcache.Secret[string]("prod/password", secretcache.Stage("AWSPREVIOUS"), lambdacache.Name("previous"))
	db := server{"old": true} // has not heard of the rotation

	query := func(ctx context.Context) (string, error) {
		rows, err := lambdacache.Retry(ctx, password, db.query, isAuthError)
		if !isAuthError(err) {
			return rows, err
		}
		before, err := previous.Get(ctx)
		if err != nil {
			return "", err
		}
		return db.query(ctx, before)
	}
	fmt.Println(query(context.Background()))
	// Output: rows for old <nil>
}

// The secret may be held for a day, but not past its rotation.
func ExampleUntilRotation() {
	fake, stop := fakeAWS()
	defer stop()
	fake.Secrets.PutString("prod/db", "value")
	fake.Secrets.RotatesAt("prod/db", time.Now().Add(time.Hour)) // so it is due in an hour

	db := secretcache.Secret[string]("prod/db", lambdacache.MaxAge(24*time.Hour), secretcache.UntilRotation())

	fmt.Println(db.Get(context.Background()))
	fmt.Println(fake.Calls("GetSecretValue"), fake.Calls("DescribeSecret"))
	// Output:
	// value <nil>
	// 1 1
}
