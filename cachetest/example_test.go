package cachetest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// What is to be tested: a handler, and what it reads.
var (
	greeting = ssmcache.Parameter[string]("/example/greeting")
	handler  = lambdacache.Wrap(greet, greeting)
)

func greet(ctx context.Context, name string) (string, error) {
	return greeting.Value(ctx) + " " + name, nil
}

// run runs what would be a Test function of yours, and its cleanup.
func run(test func(testing.TB)) {
	t := &standIn{}
	defer func() {
		for i := range t.cleanup {
			t.cleanup[len(t.cleanup)-1-i]()
		}
	}()
	test(t)
}

// standIn is a *testing.T for examples.
type standIn struct {
	testing.TB
	cleanup []func()
}

func (t *standIn) Helper()                  {}
func (t *standIn) Context() context.Context { return context.Background() }
func (t *standIn) Cleanup(f func())         { t.cleanup = append(t.cleanup, f) }
func (t *standIn) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }
func (t *standIn) Setenv(key, value string) {
	old, set := os.LookupEnv(key)
	os.Setenv(key, value)
	t.Cleanup(func() {
		if os.Setenv(key, old); !set {
			os.Unsetenv(key)
		}
	})
}

// A handler is tested without AWS and without its Wrap.
func ExampleContext() {
	testGreet := func(t testing.TB) { // func TestGreet(t *testing.T)
		ctx := cachetest.Context(t, cachetest.Fixed(greeting, "hello"))

		got, err := greet(ctx, "Ada")
		fmt.Println(got, err) // compare it with what you want
	}
	run(testGreet)
	// Output: hello Ada <nil>
}

// Wrap, Get and Refresh take fixed values too.
func ExampleFixed() {
	testHandler := func(t testing.TB) { // func TestHandler(t *testing.T)
		for _, word := range []string{"hello", "welcome"} {
			ctx := cachetest.Context(t, cachetest.Fixed(greeting, word))

			got, err := handler(ctx, "Ada")
			fmt.Println(got, err)
		}
	}
	run(testHandler)
	// Output:
	// hello Ada <nil>
	// welcome Ada <nil>
}

// What a caller gets when the value cannot be had is tested without AWS as well.
func ExampleFailing() {
	testDenied := func(t testing.TB) { // func TestDenied(t *testing.T)
		ctx := cachetest.Context(t, cachetest.Failing(greeting, lambdacache.ErrDenied))

		_, err := handler(ctx, "Ada")
		fmt.Println(err)
		fmt.Println(errors.Is(err, lambdacache.ErrDenied))
	}
	run(testDenied)
	// Output:
	// lambdacache: load "greeting" from ssm /example/greeting: access denied
	// true
}

// A test against a fake AWS goes the whole way: calls, max age, failures.
func ExampleNewAWS() {
	testMaxAge := func(t testing.TB) { // func TestMaxAge(t *testing.T)
		aws := cachetest.NewAWS(t)
		cachetest.Reset(t)
		clock := cachetest.NewClock(t)

		aws.SSM.Put("/example/greeting", "hello")
		fmt.Println(handler(t.Context(), "Ada"))

		aws.SSM.Put("/example/greeting", "welcome")
		fmt.Println(handler(t.Context(), "Ada")) // within the max age

		clock.Advance(time.Minute)
		fmt.Println(handler(t.Context(), "Ada"))
		fmt.Println(aws.Calls("GetParameters"), "calls")
	}
	run(testMaxAge)
	// Output:
	// hello Ada <nil>
	// hello Ada <nil>
	// welcome Ada <nil>
	// 2 calls
}
