package awsconfig

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestBackoff(t *testing.T) {
	b := backoff{base: firstCeiling, ceiling: 400 * time.Millisecond}
	throttle := &smithy.GenericAPIError{Code: "ThrottlingException"}
	tooManyRequests := &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 429}}, Err: io.EOF}
	for _, test := range []struct {
		attempt int
		err     error
		ceiling time.Duration
	}{
		{0, io.EOF, 25 * time.Millisecond},
		{1, io.EOF, 25 * time.Millisecond},
		{2, io.EOF, 50 * time.Millisecond},
		{3, io.EOF, 100 * time.Millisecond},
		{5, io.EOF, 400 * time.Millisecond},
		{6, io.EOF, 400 * time.Millisecond},
		{1000, io.EOF, 400 * time.Millisecond},
		{1, throttle, 400 * time.Millisecond},
		{1, tooManyRequests, 400 * time.Millisecond},
	} {
		var least, most time.Duration = time.Hour, 0
		for range 1000 {
			d, err := b.BackoffDelay(test.attempt, test.err)
			if err != nil {
				t.Fatal(err)
			}
			least, most = min(least, d), max(most, d)
		}
		// Of 1,000 even draws one misses a fifth of the range once in 10^96 runs.
		if least < 0 || most > test.ceiling || least > test.ceiling/5 || most < test.ceiling/5*4 {
			t.Errorf("attempt %d after %v: from %v to %v, want 0 to %v", test.attempt, test.err, least, most, test.ceiling)
		}
	}
}

func TestQuotaRunsDryAndRefillsWithTime(t *testing.T) {
	c := replaceClock(t)
	q := newQuota()
	taken := func() (n int) {
		for {
			_, err := q.GetToken(context.Background(), 5)
			if err != nil {
				if _, ok := errors.AsType[ratelimit.QuotaExceededError](err); !ok {
					t.Fatal(err)
				}
				return n
			}
			n++
		}
	}
	if n := taken(); n != 100 {
		t.Errorf("%d retries in a burst, want 100", n)
	}
	c.forward(6 * time.Second)
	if n := taken(); n != 10 {
		t.Errorf("%d retries after 6 s, want 10", n)
	}
	c.wall.Add(int64(time.Hour)) // frozen
	if n := taken(); n != 100 {
		t.Errorf("%d retries after an hour of frost, want 100", n)
	}
	q.AddTokens(5)
	if n := taken(); n != 1 {
		t.Errorf("%d retries after successes, want 1", n)
	}
}

func TestQuotaGivesBack(t *testing.T) {
	replaceClock(t)
	q := newQuota()
	release, err := q.GetToken(context.Background(), 500)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if _, err := q.GetToken(context.Background(), 500); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := q.GetToken(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// An outage must not take the retries of the time after it.
func TestRetriesAfterAnOutage(t *testing.T) {
	c := replaceClock(t)
	down := true
	s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		if down || n%2 == 1 {
			http.Error(w, "", http.StatusServiceUnavailable)
			return
		}
		answerParameter(n, w, r)
	})
	built := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host())
	client := ssmClient(built.plain)
	for range 100 { // once a minute
		if err := client(); err == nil {
			t.Fatal("the server is down")
		}
		c.forward(time.Minute)
	}
	if n := s.requests.Load(); n != 300 {
		t.Fatalf("%d requests, want 3 for each of 100 calls", n)
	}
	down = false
	if err := client(); err != nil {
		t.Errorf("no retry after the outage: %v", err)
	}
}
