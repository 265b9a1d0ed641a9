package appconfigcache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/appconfigdata/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

func TestDenied(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	name := "app/prod/" + l.profile()
	arn := "arn:aws:appconfig:*:*:application/app/environment/prod/configuration/" + l.profile()
	for _, action := range []string{"appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"} {
		l.Deny(action, name)
		_, err := e.Refresh(t.Context())
		wantError(t, err, "AccessDeniedException", "; allow "+action+" on "+arn+"; a policy knows all three by id, not by name")
		denied, ok := errors.AsType[*lambdacache.DeniedError](err)
		if !ok || !errors.Is(err, lambdacache.ErrDenied) {
			t.Fatalf("not ErrDenied: %v", err)
		}
		want(t, "action", denied.Action, action)
		want(t, "resource", denied.Resource, arn)
		l.Allow(action, name)
		want(t, "once it is allowed", get(t, e), "v1")
		l.due()
	}
}

func TestNotFound(t *testing.T) {
	l := newLab(t)
	e := l.text()
	err := fails(t, e, "StartConfigurationSession: ResourceNotFoundException")
	want(t, "not found", errors.Is(err, lambdacache.ErrNotFound), true)
	l.put("v1")
	want(t, "once it is there", get(t, e), "v1")
	l.AppConfig.Delete("app", "prod", l.profile())
	l.due()
	err = fails(t, e, "GetLatestConfiguration: ResourceNotFoundException")
	want(t, "not found", errors.Is(err, lambdacache.ErrNotFound), true)
	if missing, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || missing.ResourceType != types.ResourceTypeConfiguration {
		t.Errorf("the service's own error is not reachable, or says less than the service: %+v", missing)
	}
	l.put("v2")
	l.asked()
	want(t, "once it is there again", get(t, e), "v2")
	want(t, "calls", l.asked(), "start get")
}

// A call that fails without the token's fault leaves the session as it is.
func TestFailuresThatLeaveTheSession(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	get(t, e)
	for name, c := range map[string]struct {
		do    cachetest.Effect
		is    error
		calls string
	}{
		"throttled":    {cachetest.Throttle(), lambdacache.ErrThrottled, "get get get get"},
		"out of order": {cachetest.Error(500, "InternalServerException", "sorry"), nil, "get get get get"},
		"reset":        {cachetest.ResetConnection(), nil, "get get get get"},
		"denied":       {cachetest.Denied(), lambdacache.ErrDenied, "get get"},
		"no AppConfig": {cachetest.Malformed(), nil, "get get"},
	} {
		l.due()
		l.asked()
		heal := l.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Do: c.do})
		err := fails(t, e)
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
		heal()
		want(t, "value after "+name, get(t, e), "v1")
		want(t, "calls of "+name, l.asked(), c.calls)
	}
}

// Who leaves takes nothing away from those who come later.
func TestCallerWhoLeaves(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	get(t, e)
	l.put("v2")
	l.due()
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Times: 1, Do: gate.HoldBody(1)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := e.Get(ctx); done <- err }()
	gate.Wait(1) // the token is used
	cancel()
	err := <-done
	want(t, "the caller's own", errors.Is(err, context.Canceled), true)
	gate.Release()
	want(t, "value", get(t, e), "v2")
}

// Under StaleIfError the old value is served, and a deployment is seen when the service
// answers again.
func TestStaleIfError(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text(lambdacache.StaleIfError(time.Hour))
	get(t, e)
	l.put("v2")
	l.due()
	heal := l.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	want(t, "throttled", get(t, e), "v1")
	want(t, "told", len(l.of(lambdacache.EventStale)), 1)
	heal()
	l.due()
	want(t, "afterwards", get(t, e), "v2")
}
