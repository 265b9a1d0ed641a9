package s3cache

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// A body that breaks off is asked for again, as a call that fails before it begins.
func TestBrokenBodyIsTriedAgain(t *testing.T) {
	for name, do := range map[string]cachetest.Effect{
		"at once": cachetest.TruncateBody(0),
		"later":   cachetest.TruncateBody(100_000),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", bigBody())
			l.Fail(cachetest.Fault{Times: 2, Do: do})
			told := 0
			lambdacache.Observe(func(e lambdacache.Event) { told += e.Calls })
			f := get(t, File("s3://b/k"))
			want(t, "calls told", told, 3)
			lambdacache.Observe(nil)
			want(t, "file", content(t, f), string(bigBody()))
			want(t, "calls", l.Calls("GetObject"), 3)
			l.onlyOnDisk(f)
			l.Heal()
			l.Fail(cachetest.Fault{Times: 2, Do: do})
			want(t, "object", get(t, Object[string]("s3://b/k")), string(bigBody()))
			want(t, "calls", l.Calls("GetObject"), 6)
		})
	}
}

// As often as the client's policy says, and only where that can help.
func TestBrokenBodyForGood(t *testing.T) {
	for name, test := range map[string]struct {
		setting string
		do      cachetest.Effect
		calls   int
	}{
		"three attempts":     {"", cachetest.TruncateBody(100_000), 3},
		"one attempt":        {"1", cachetest.TruncateBody(100_000), 1},
		"five attempts":      {"5", cachetest.TruncateBody(100_000), 5},
		"changed on the way": {"", cachetest.CorruptBody(70_000), 1},
		"denied":             {"", cachetest.Denied(), 1},
		"before the body":    {"", cachetest.Error(500, "InternalError", "try again"), 3}, // the SDK's own
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_MAX_ATTEMPTS", test.setting)
			l := newLab(t)
			l.S3.Put("b", "k", bigBody())
			l.Fail(cachetest.Fault{Do: test.do})
			fails(t, File("s3://b/k"))
			fails(t, Object[string]("s3://b/k"))
			want(t, "calls", l.Calls("GetObject"), 2*test.calls)
			l.onlyOnDisk()
		})
	}
}

func TestBrokenBodyByOwnClient(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	l.Fail(cachetest.Fault{Do: cachetest.TruncateBody(100_000)})
	client := l.client(func(o *s3.Options) { o.RetryMaxAttempts = 2 })
	fails(t, Object[string]("s3://b/k", Client(client)), "broke off after 100000 of its 340000 bytes")
	want(t, "calls", l.Calls("GetObject"), 2)
}

// Who leaves in the middle of a body does not ask again.
func TestBrokenBodyOfOneWhoLeft(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Do: gate.HoldBody(100_000)})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		left <- lambdacache.Prefetch(ctx, Object[string]("s3://b/k"))
	}()
	gate.Wait(1)
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	gate.WaitEmpty()
	want(t, "calls", l.Calls("GetObject"), 1)
}
