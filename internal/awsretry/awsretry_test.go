package awsretry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

func api(code string) error { return fmt.Errorf("wrapped: %w", &smithy.GenericAPIError{Code: code}) }

// pauses is a policy that waits a second, then two, and so on.
func pauses(o *retry.StandardOptions) {
	o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
		return time.Duration(attempt) * time.Second, nil
	})
}

func TestLoop(t *testing.T) {
	throttled := api("ThrottlingException")
	for name, test := range map[string]struct {
		policy aws.Retryer
		fails  []error // of the attempts, in order; success afterwards
		calls  int
		took   time.Duration
	}{
		"success":         {retry.NewStandard(pauses), nil, 1, 0},
		"throttled once":  {retry.NewStandard(pauses), []error{throttled}, 2, time.Second},
		"for good":        {retry.NewStandard(pauses), []error{throttled, throttled, throttled, throttled}, 3, 3 * time.Second},
		"a fault":         {retry.NewStandard(pauses), []error{api("InternalServiceError")}, 2, time.Second},
		"cut off":         {retry.NewStandard(pauses), []error{fmt.Errorf("wrapped: %w", io.ErrUnexpectedEOF)}, 2, time.Second},
		"denied":          {retry.NewStandard(pauses), []error{api("AccessDeniedException")}, 1, 0},
		"then denied":     {retry.NewStandard(pauses), []error{throttled, api("AccessDeniedException")}, 2, time.Second},
		"one attempt":     {retry.AddWithMaxAttempts(retry.NewStandard(pauses), 1), []error{throttled}, 1, 0},
		"no end":          {retry.AddWithMaxAttempts(retry.NewStandard(pauses), 0), []error{throttled, throttled, throttled, throttled}, 5, 10 * time.Second},
		"without retries": {aws.NopRetryer{}, []error{throttled}, 1, 0},
		"no policy":       {nil, []error{throttled}, 1, 0},
		"no quota": {retry.NewStandard(pauses, func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.NewTokenRateLimit(0)
		}), []error{throttled}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, calls := time.Now(), 0
				Loop(t.Context(), test.policy, func() error {
					calls++
					if calls <= len(test.fails) {
						return test.fails[calls-1]
					}
					return nil
				})
				if took := time.Since(start); calls != test.calls || took != test.took {
					t.Errorf("%d calls in %v, want %d in %v", calls, took, test.calls, test.took)
				}
			})
		})
	}
}

func TestLoopEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		calls := 0
		start := time.Now()
		Loop(ctx, retry.NewStandard(pauses), func() error {
			calls++
			return api("ThrottlingException")
		})
		if took := time.Since(start); calls != 2 || took != 2500*time.Millisecond {
			t.Errorf("%d calls in %v", calls, took)
		}
	})
}

// A context that ends during an attempt is looked at before a pause of nothing.
func TestNoAttemptAfterTheEnd(t *testing.T) {
	policy := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		Loop(ctx, policy, func() error {
			calls++
			cancel()
			return io.ErrUnexpectedEOF
		})
		if calls != 1 {
			t.Fatalf("%d calls", calls)
		}
	}
}

func TestQuotaIsGivenBack(t *testing.T) {
	limiter := &limiter{}
	policy := retry.NewStandard(func(o *retry.StandardOptions) {
		o.RateLimiter = limiter
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
	for range 2 {
		calls := 0
		Loop(t.Context(), policy, func() error {
			if calls++; calls == 1 {
				return errors.New("x")
			}
			return nil
		})
		if calls != 1 {
			t.Errorf("%d calls for an error that nobody knows", calls)
		}
	}
	calls := 0
	Loop(t.Context(), policy, func() error {
		if calls++; calls == 1 {
			return api("ThrottlingException")
		}
		return nil
	})
	if limiter.taken == 0 || limiter.given != limiter.taken {
		t.Errorf("%d tokens taken, %d given back", limiter.taken, limiter.given)
	}
}

type limiter struct{ taken, given int }

func (l *limiter) GetToken(_ context.Context, cost uint) (func() error, error) {
	l.taken += int(cost)
	return func() error { l.given += int(cost); return nil }, nil
}

func (l *limiter) AddTokens(uint) error { return nil }
