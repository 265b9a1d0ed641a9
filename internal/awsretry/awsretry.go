// Package awsretry lets a source try again by its client's own retry policy what the
// SDK does not try again: the failure of one key in an answer that is a success, and
// an answer that breaks off while it is read.
package awsretry

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// Loop calls attempt until it succeeds, fails for a reason that the policy does not
// try again, or was called as often as the policy allows. The policy is the client's:
// its number of attempts, its pauses, its quota. Without one there is one attempt, and
// there is none after ctx has ended.
// attempt returns why it is to be called again, nil if it is not.
func Loop(ctx context.Context, policy aws.Retryer, attempt func() (why error)) {
	why := attempt()
	for n := 1; Worth(policy, why); n++ {
		if most := policy.MaxAttempts(); most > 0 && n >= most {
			return
		}
		release, err := policy.GetRetryToken(ctx, why) // none once ctx has ended
		if err != nil {
			return
		}
		pause, err := policy.RetryDelay(n, why)
		if err != nil || !wait(ctx, pause) {
			return
		}
		why = attempt()
		_ = release(why) // gives the quota back after a success
	}
}

// Worth reports whether the policy would have what failed so tried again.
func Worth(policy aws.Retryer, why error) bool {
	return why != nil && policy != nil && (transient(why) || policy.IsErrorRetryable(why))
}

// transient reports whether the SDK would try again if it knew more: it goes by the
// HTTP status of the service's own faults, which an answer for several keys has only
// one of, and does not know the end of a body that came too early.
func transient(err error) bool {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains([]string{
		"InternalServiceError", "InternalServerError", "InternalFailure", "InternalError", "ServiceUnavailable", "ServiceUnavailableException",
	}, api.ErrorCode())
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
