package awsconfig

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// newRetryer is the SDK's standard retryer with our waits and our quota; adaptive
// only on the user's word: it sleeps inside the call, for rates that a caller of
// once a minute never has.
func (h *host) newRetryer(env *settings) aws.Retryer {
	standard := func(o *retry.StandardOptions) {
		o.MaxAttempts = env.maxAttempts
		o.Backoff = h.backoff()
		o.RateLimiter = newQuota()
		o.Retryables = append(o.Retryables, tooMany)
	}
	if env.retryMode == aws.RetryModeAdaptive {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, standard)
		})
	}
	return retry.NewStandard(standard)
}

func (h *host) backoff() backoff { return backoff{base: firstCeiling, ceiling: h.backoffCeiling} }

const firstCeiling = 25 * time.Millisecond

// backoff waits anything from nothing up to a ceiling that doubles from base. Under
// a cap below 2 s the SDK's own backoff waits exactly the cap: environments that
// failed together would come back together.
type backoff struct{ base, ceiling time.Duration }

// BackoffDelay is the wait after the given attempt, counted from 1 (or from 0 under
// AWS_NEW_RETRIES_2026). A throttled call waits from the upper end at once.
func (b backoff) BackoffDelay(attempt int, err error) (time.Duration, error) {
	most := b.ceiling
	if doublings := max(attempt-1, 0); doublings < 16 && !throttled(err) {
		most = min(b.base<<doublings, b.ceiling)
	}
	return rand.N(most + 1), nil
}

// tooMany is 429 with a code that the SDK does not know, as a gateway before the
// service answers.
var tooMany = retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}}

func throttled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary ||
		tooMany.IsErrorRetryable(err) == aws.TrueTernary
}

const (
	quotaTokens = float64(retry.DefaultRetryRateTokens)
	quotaRefill = quotaTokens / 60 // a second
)

// quota is the retry quota of one client, as the SDK has it, that also refills with
// time. The SDK's gains one token per success: after an outage a client that calls
// once a minute would stay without retries for hours.
type quota struct {
	mu     sync.Mutex
	tokens float64
	at     clock.Reading
}

func newQuota() *quota { return &quota{tokens: quotaTokens, at: clock.Now()} }

// GetToken takes cost tokens for one retry; release gives them back when the retry
// succeeded.
func (q *quota) GetToken(ctx context.Context, cost uint) (release func() error, err error) {
	if err := ctx.Err(); err != nil {
		return nil, &aws.RequestCanceledError{Err: err}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := clock.Now()
	q.add(now.Since(q.at).Seconds() * quotaRefill)
	q.at = now
	if q.tokens < float64(cost) {
		return nil, ratelimit.QuotaExceededError{Available: uint(q.tokens), Requested: cost}
	}
	q.tokens -= float64(cost)
	return func() error { return q.AddTokens(cost) }, nil
}

// AddTokens rewards a success.
func (q *quota) AddTokens(n uint) error {
	q.mu.Lock()
	q.add(float64(n))
	q.mu.Unlock()
	return nil
}

func (q *quota) add(n float64) { q.tokens = min(q.tokens+n, quotaTokens) }
