package ssmcache_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// answer sends a body of the test's own, with the status given.
func answer(status int, body string) cachetest.Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
}

// failing is a parameter that was loaded once and then meets a fault.
func failing(l *lab, fault cachetest.Fault) (e *lambdacache.Entry[string], heal func()) {
	l.t.Helper()
	l.SSM.PutSecure("/app/key", secret)
	e = ssmcache.Parameter[string]("/app/key")
	get(l.t, e)
	l.due()
	l.ResetCounts()
	return e, l.Fail(fault)
}

func TestThrottled(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for _, code := range []string{
		"ThrottlingException", "Throttling", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"ProvisionedThroughputExceededException", "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
		"LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException",
	} {
		t.Run(code, func(t *testing.T) {
			l := newLab(t)
			e, heal := failing(l, cachetest.Fault{Do: cachetest.Error(400, code, "Rate exceeded")})
			err := fails(t, e, `lambdacache: load "key" from ssm /app/key: GetParameters: `+code+": Rate exceeded")
			want(t, "ErrThrottled", errors.Is(err, lambdacache.ErrThrottled), true)
			api, ok := errors.AsType[smithy.APIError](err)
			want(t, "the service's error", ok && api.ErrorCode() == code, true)
			want(t, "calls", l.Calls(""), 1)
			want(t, "failed", len(l.of(lambdacache.EventFailed)), 1)
			heal()
			want(t, "value afterwards", get(t, e), secret)
		})
	}
}

func TestThrottledOnceIsRetried(t *testing.T) {
	l := newLab(t)
	e, _ := failing(l, cachetest.Fault{Times: 1, Do: cachetest.Throttle()})
	want(t, "value", get(t, e), secret)
	want(t, "requests", l.Calls("GetParameters"), 2)
	want(t, "calls as the source counts them", l.of(lambdacache.EventLoaded)[1].Calls, 1)
}

// A batch that is throttled is not split: that would make things worse.
func TestThrottledBatchIsNotSplit(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	l := newLab(t)
	_, list := l.parameters(10, l.SSM.Put)
	l.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	err := lambdacache.Prefetch(t.Context(), list...)
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != 10 || !errors.Is(err, lambdacache.ErrThrottled) {
		t.Errorf("%v", err)
	}
	want(t, "calls", l.Calls(""), 1)
}

func TestExpiredToken(t *testing.T) {
	l := newLab(t)
	e, heal := failing(l, cachetest.Fault{Do: cachetest.Error(400, "ExpiredTokenException", "The security token included in the request is expired")})
	err := fails(t, e, `load "key" from ssm /app/key: GetParameters: ExpiredTokenException: The security token included in the request is expired; `+
		"the credentials have expired: get new ones; request id ")
	for _, kind := range []error{lambdacache.ErrDenied, lambdacache.ErrThrottled, lambdacache.ErrNotFound} {
		want(t, "is "+kind.Error(), errors.Is(err, kind), false)
	}
	heal()
	want(t, "value afterwards", get(t, e), secret)
}

func TestHungServer(t *testing.T) { testlab.Patiently(t, 100*time.Millisecond, hungServer) }

func hungServer(t *testing.T, limit time.Duration) (enough bool) {
	l := newLab(t)
	name := fmt.Sprintf("/hung/%v/key", limit) // in no other test: entries of one key share the longest of their timeouts
	l.SSM.Put(name, secret)
	e := ssmcache.Parameter[string](name, lambdacache.LoadTimeout(limit))
	if _, inTime := testlab.InTime(t, e); !inTime {
		return false
	}
	l.due()
	l.ResetCounts()
	heal := l.Fail(cachetest.Fault{Do: cachetest.Hang()})
	err := fails(t, e, fmt.Sprintf(`lambdacache: load "key" from ssm %s: no answer within %v (lambdacache.LoadTimeout): GetParameters: `, name, limit))
	want(t, "DeadlineExceeded", errors.Is(err, context.DeadlineExceeded), true)
	l.WaitIdle()
	if l.Calls("") == 0 {
		return false
	}
	want(t, "requests", l.Calls(""), 1)
	want(t, "the request was given up", l.Requests()[0].Left, true)
	want(t, "age of the old value", e.Stats().Age, lambdacache.DefaultMaxAge)
	heal()
	value, inTime := testlab.InTime(t, e)
	want(t, "value afterwards", value == secret, inTime)
	return inTime
}

func TestCallerWhoLeaves(t *testing.T) {
	l := newLab(t)
	gate := cachetest.NewGate()
	e, _ := failing(l, cachetest.Fault{Do: gate.Hold()})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { _, err := e.Get(ctx); result <- err }()
	gate.Wait(1)
	cancel()
	err := <-result
	wantError(t, err, `load "key" from ssm /app/key: gave up waiting for the load: context canceled`)
	want(t, "Canceled", errors.Is(err, context.Canceled), true)
	gate.WaitEmpty() // nobody waits any more, so the request has ended too
	gate.Release()
	want(t, "value afterwards", get(t, e), secret)
}

// What cannot be read may hold a value, so nothing of it is shown.
func TestUnreadableAnswersAreNotQuoted(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for name, test := range map[string]struct {
		status int
		body   string
		text   string
	}{
		"cut off":         {200, `{"Parameters":[{"Name":"/app/key","Value":"s3cr3t`, "cannot decode: the response to GetParameters"},
		"of another type": {200, `{"Parameters":"s3cr3t"}`, "cannot decode: the response to GetParameters"},
		"a number":        {200, `{"Parameters":[{"Name":"/app/key","Value":{"s3cr3t":1}}]}`, "cannot decode: the response to GetParameters"},
		"no JSON":         {200, `s3cr3t`, "cannot decode: the response to GetParameters"},
		"a page":          {200, `<html>s3cr3t</html>`, "cannot decode: the response to GetParameters"},
		"a broken error":  {500, `{"__type":"InternalServerError","message":"s3cr3t`, "GetParameters: failed to decode response body"},
		"a page of 502":   {502, `<html>s3cr3t</html>`, "the response with HTTP status 502 cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			e, heal := failing(l, cachetest.Fault{Do: answer(test.status, test.body)})
			err := fails(t, e, `lambdacache: load "key" from ssm /app/key: `, test.text)
			want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), test.status == 200)
			want(t, "failed", len(l.of(lambdacache.EventFailed)), 1)
			heal()
			want(t, "value afterwards", get(t, e), secret)
		})
	}
}

func TestConnectionsThatBreak(t *testing.T) {
	for name, do := range map[string]cachetest.Effect{
		"dropped": cachetest.DropConnection(), "reset": cachetest.ResetConnection(), "cut off": cachetest.TruncateBody(20),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			e, _ := failing(l, cachetest.Fault{Times: 1, Do: do})
			want(t, "value", get(t, e), secret)
			want(t, "requests", l.Calls("GetParameters"), 2)
		})
	}
}

func TestEnvironmentThatIsNotSet(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "value")
	e := ssmcache.Parameter[string]("/app/key")
	for _, step := range []struct {
		unset []string
		text  string
	}{
		{[]string{"AWS_REGION", "AWS_DEFAULT_REGION"}, "no AWS Region: set AWS_REGION, as Lambda does, or "},
		{[]string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: set both"},
		{[]string{"AWS_SECRET_ACCESS_KEY"}, "no AWS credentials: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not"},
	} {
		t.Run(step.unset[0], func(t *testing.T) {
			for _, name := range step.unset {
				t.Setenv(name, "")
			}
			fails(t, e, `lambdacache: load "key" from ssm /app/key: `+step.text)
		})
	}
	want(t, "calls", l.Calls(""), 0)
	want(t, "value once it is set", get(t, e), "value")
}
