package cachetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// Hold stops a request before the service looks; HoldBody after it has looked.
func TestGateBeforeAndAfterTheAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what     string
		hold     func(*cachetest.AWS) *cachetest.Gate
		expected string
	}{
		{"before", func(f *cachetest.AWS) *cachetest.Gate { return f.Hold("GetParameter", "/a") }, "new"},
		{"after", func(f *cachetest.AWS) *cachetest.Gate { return holdBody(f, 0) }, "old"},
		{"in the middle", func(f *cachetest.AWS) *cachetest.Gate { return holdBody(f, 20) }, "old"},
	} {
		fake := start(t)
		fake.SSM.Put("/a", "old")
		fake.SSM.Put("/b", "free")
		gate := test.hold(fake)
		c := ssmClient(t, fake)
		got := make(chan string)
		go func() {
			v, err := get(t.Context(), c, "/a")
			noErrorf(t, err)
			got <- v
		}()
		gate.Wait(1)
		want(t, "in progress", fake.Requests()[0].Ended, 0)
		if test.what == "before" {
			v, err := get(t.Context(), c, "/b")
			noError(t, err)
			want(t, "a key that is not held", v, "free")
		}
		fake.SSM.Put("/a", "new")
		gate.Release()
		gate.Release()
		want(t, "value held "+test.what, <-got, test.expected)
		_, err := get(t.Context(), c, "/a")
		noError(t, err) // an open gate stops nobody
	}
}

func holdBody(fake *cachetest.AWS, n int) *cachetest.Gate {
	gate := cachetest.NewGate()
	fake.Fail(cachetest.Fault{Operation: "GetParameter", Do: gate.HoldBody(n)})
	return gate
}

func TestGatePassesInOrder(t *testing.T) {
	t.Parallel()
	fake := start(t)
	gate := fake.Hold("GetParameter")
	c := ssmClient(t, fake)
	done := make(chan string, 3)
	for i := range 3 {
		name := fmt.Sprint("/p", i)
		go func() {
			_, err := get(t.Context(), c, name)
			done <- name + " " + code(err)
		}()
		gate.Wait(i + 1)
	}
	for i := range 2 {
		gate.Pass(1)
		want(t, "passed", <-done, fmt.Sprintf("/p%d ParameterNotFound", i))
	}
	want(t, "left", gate.Waiting(), 1)
	gate.Pass(5)
	<-done
	gate.WaitEmpty()
}

func TestClientsLeaveTheGate(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	gate := fake.Hold("PutParameter")
	c := ssmClient(t, fake)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := c.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String("2"), Overwrite: aws.Bool(true)})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("left: %v", err)
		}
	})
	gate.Wait(1)
	cancel()
	wg.Wait()
	gate.WaitEmpty()
	fake.WaitIdle()
	want(t, "left", fake.Requests()[0].Left, true)
	got, err := get(t.Context(), c, "/a")
	noError(t, err)
	want(t, "value of which nothing was done", got, "1")
}

// The waiting methods say what they wait for when they give up. In the bubble half a
// minute is over at once.
func TestWaitingEndsWithAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := cachetest.NewGate()
		defer func() {
			want(t, "panic", fmt.Sprint(recover()), "cachetest: waited 30s: 0 requests wait at the gate, not 2")
		}()
		gate.Wait(2)
	})
}

// A write may be held when it is done and not yet answered, and the test may go on
// using the fake meanwhile.
func TestHoldTheAnswerOfAWrite(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.CreateBucket("b")
	gate := cachetest.NewGate()
	fake.Fail(cachetest.Fault{Operation: "PutObject", Do: gate.HoldBody(0)})
	c := s3Client(t, fake)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("1")})
		noErrorf(t, err)
	})
	gate.Wait(1)
	got, err := read(c.GetObject(t.Context(), object("b", "k")))
	noError(t, err)
	want(t, "body", got, "1")
	fake.S3.Put("b", "k", []byte("2"))
	gate.Release()
	wg.Wait()
}
