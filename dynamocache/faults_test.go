package dynamocache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// failing is an item that was loaded once and then meets a fault.
func failing(l *lab, fault cachetest.Fault) (e *lambdacache.Entry[value], heal func()) {
	l.t.Helper()
	l.table("t")
	l.put("t", "a", secret)
	e = item("t", "a")
	get(l.t, e)
	l.due()
	l.ResetCounts()
	return e, l.Fail(fault)
}

func TestThrottled(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for _, code := range []string{"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "LimitExceededException"} {
		t.Run(code, func(t *testing.T) {
			l := newLab(t)
			e, heal := failing(l, cachetest.Fault{Do: cachetest.Error(400, code, "Rate exceeded")})
			err := fails(t, e, `lambdacache: load "a" from dynamodb t?pk=a: GetItem: `+code+": Rate exceeded")
			want(t, "ErrThrottled", errors.Is(err, lambdacache.ErrThrottled), true)
			api, ok := errors.AsType[smithy.APIError](err)
			want(t, "the service's error", ok && api.ErrorCode() == code, true)
			want(t, "calls", l.Calls(""), 1)
			heal()
			want(t, "value afterwards", get(t, e).V, secret)
		})
	}
}

// A batch that is throttled or meets a broken service is not split: that would make
// things worse.
func TestBatchThatIsNotSplit(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for name, do := range map[string]cachetest.Effect{
		"throttled": cachetest.Throttle(), "broken": cachetest.Error(500, "InternalServerError", "try again"), "dropped": cachetest.DropConnection(),
		"expired": cachetest.Error(400, "ExpiredTokenException", "expired"), "malformed": cachetest.Malformed(),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.table("t")
			_, list := l.items("t", 10)
			l.Fail(cachetest.Fault{Do: do})
			err := lambdacache.Prefetch(t.Context(), list...)
			failed, _ := errors.AsType[*lambdacache.LoadError](err)
			if failed == nil || len(failed.Failures) != 10 {
				t.Errorf("%v", err)
			}
			want(t, "calls", l.Calls(""), 1)
		})
	}
}

func TestAnswerThatBreaksOff(t *testing.T) {
	l := newLab(t)
	e, heal := failing(l, cachetest.Fault{Times: 1, Do: cachetest.TruncateBody(10)})
	l.put("t", "a", "changed")
	want(t, "value", get(t, e).V, "changed")
	want(t, "attempts", l.Calls("GetItem"), 2)
	heal()
	l.due()
	l.Fail(cachetest.Fault{Do: cachetest.Malformed()})
	err := fails(t, e, `load "a" from dynamodb t?pk=a: cannot decode: the response to GetItem`)
	want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
	want(t, "the old age", e.Stats().Age, lambdacache.DefaultMaxAge)
}

// The SDK panics on some answers that are malformed. That is an error like any other of an
// answer that cannot be read.
func TestAnswerThatTheSDKPanicsOn(t *testing.T) {
	l := newLab(t)
	l.table("t")
	_, list := l.items("t", 2)
	malformed := func(body string) {
		l.Heal()
		l.Fail(cachetest.Fault{Do: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
		}})
	}
	malformed(`{"Responses":{"t":[,0`)
	err := lambdacache.Prefetch(t.Context(), list...)
	wantError(t, err, "from dynamodb t?pk=p00: cannot decode: the response to BatchGetItem")
	want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
	malformed(`{"Item":{0`)
	err = lambdacache.Prefetch(t.Context(), list[0])
	wantError(t, err, "from dynamodb t?pk=p00: cannot decode: the response to GetItem")
	l.Heal()
	l.prefetch(list...)
}

func TestHungServer(t *testing.T) { testlab.Patiently(t, 100*time.Millisecond, hungServer) }

func hungServer(t *testing.T, limit time.Duration) (enough bool) {
	l := newLab(t)
	table := "hung" + limit.String() // in no other test: entries of one key share the longest of their timeouts
	l.table(table)
	l.put(table, "a", secret)
	e := item(table, "a", lambdacache.LoadTimeout(limit))
	if _, inTime := testlab.InTime(t, e); !inTime {
		return false
	}
	l.due()
	l.ResetCounts()
	heal := l.Fail(cachetest.Fault{Do: cachetest.Hang()})
	err := fails(t, e, fmt.Sprintf(`lambdacache: load "a" from dynamodb %s?pk=a: no answer within %v (lambdacache.LoadTimeout): GetItem: `, table, limit))
	want(t, "DeadlineExceeded", errors.Is(err, context.DeadlineExceeded), true)
	l.WaitIdle()
	if l.Calls("") == 0 {
		return false
	}
	want(t, "requests", l.Calls(""), 1)
	heal()
	value, inTime := testlab.InTime(t, e)
	want(t, "value afterwards", value.V == secret, inTime)
	return inTime
}

// Keys that are left over for ever cost the time of a load, and the others nothing.
func TestKeysLeftOverForGood(t *testing.T) {
	testlab.Patiently(t, 200*time.Millisecond, keysLeftOverForGood)
}

func keysLeftOverForGood(t *testing.T, limit time.Duration) (enough bool) {
	l := newLab(t)
	table := "left" + limit.String() // likewise
	l.table(table)
	entries, list := l.items(table, 3, lambdacache.LoadTimeout(limit))
	l.Dynamo.ProcessAtMost(2)
	l.Hold("GetItem") // the last key is asked for alone
	err := lambdacache.Prefetch(t.Context(), list...)
	l.WaitIdle()
	if l.Calls("GetItem") == 0 {
		return false
	}
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != 1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v", err)
	}
	held := 0
	for _, e := range entries {
		if e.Version() != "" {
			held++
		}
	}
	want(t, "held", held, 2)
	want(t, "calls", l.Calls("BatchGetItem"), 1)
	return true
}

// What the handler sees is of one invocation, and an old value is served if that was
// allowed.
func TestOldItemWhileTheTableIsBusy(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.put("t", "old", "x")
	e := item("t", "old", lambdacache.StaleIfError(time.Hour))
	read := reading(e)
	want(t, "first", read(t).V, "x")
	l.put("t", "old", "y")
	l.due()
	heal := l.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	want(t, "meanwhile", read(t).V, "x")
	want(t, "told", len(l.of(lambdacache.EventStale)), 1)
	heal()
	l.due()
	want(t, "afterwards", read(t).V, "y")
}
