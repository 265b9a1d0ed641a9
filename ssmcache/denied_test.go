package ssmcache_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// batchThenAlone prefetches ten entries of which one spoils the batch. It lets the
// ten calls of the second round go only when all have come, which proves that they
// run side by side.
func batchThenAlone(l *lab, list []lambdacache.Cached) error {
	l.t.Helper()
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Operation: "GetParameters", After: 1, Do: gate.Hold()})
	result := make(chan error, 1)
	go func() { result <- lambdacache.Prefetch(l.t.Context(), list...) }()
	gate.Wait(10)
	gate.Release()
	return <-result
}

// twoRounds checks that a batch of ten was over before each of the ten was asked for
// alone, and how many connections that took.
func twoRounds(l *lab) {
	l.t.Helper()
	requests := l.Requests()
	if len(requests) != 11 || len(requests[0].Keys) != 10 {
		l.t.Fatalf("not a batch of ten and ten alone: %q", l.asked())
	}
	var alone []string
	for _, r := range requests[1:] {
		want(l.t, "operation", r.Operation, "GetParameters")
		want(l.t, "names", len(r.Keys), 1)
		if r.Started < requests[0].Ended {
			l.t.Errorf("%q was asked for at %d, before the batch was answered at %d", r.Keys, r.Started, requests[0].Ended)
		}
		alone = append(alone, r.Keys...)
	}
	if !slices.Equal(slices.Sorted(slices.Values(alone)), slices.Sorted(slices.Values(requests[0].Keys))) {
		l.t.Errorf("asked for alone: %q", alone)
	}
	want(l.t, "connections: the batch's, and nine more", l.Connections(), 10)
}

// wantOneFailure gives the only failure of err.
func wantOneFailure(t *testing.T, err error) *lambdacache.Failure {
	t.Helper()
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != 1 {
		t.Fatalf("not one failure: %v", err)
	}
	return failed.Failures[0]
}

func TestOneOfTenDenied(t *testing.T) {
	l := newLab(t)
	entries, list := l.parameters(10, l.SSM.Put)
	l.Deny("ssm:GetParameters", "/app/p03")
	err := batchThenAlone(l, list)
	twoRounds(l)

	f := wantOneFailure(t, err)
	want(t, "key", f.Key, "/app/p03")
	const resource = "arn:aws:ssm:*:*:parameter/app/p03"
	wantError(t, err, `lambdacache: load "p03" from ssm /app/p03: GetParameters: AccessDeniedException: `,
		"allow ssm:GetParameters on "+resource+", or kms:Decrypt on its key")
	denied, _ := errors.AsType[*lambdacache.DeniedError](err)
	if denied == nil || denied.Action != "ssm:GetParameters" || denied.Resource != resource || !errors.Is(err, lambdacache.ErrDenied) {
		t.Errorf("%#v", denied)
	}
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "AccessDeniedException" {
		t.Errorf("the service's error is not reachable: %v", err)
	}

	l.ResetCounts()
	for i, e := range entries {
		if i != 3 {
			want(t, e.Name(), get(t, e), "value of /app/"+e.Name())
		}
	}
	want(t, "the nine are fresh: calls", l.Calls(""), 0)

	for range 3 { // from then on one call more per refresh
		l.due()
		l.ResetCounts()
		wantOneFailure(t, lambdacache.Prefetch(t.Context(), list...))
		asked := slices.Sorted(slices.Values(l.asked()))
		want(t, "calls of a refresh", strings.Join(asked, "; "), "GetParameters /app/p00,/app/p01,/app/p02,/app/p04,"+
			"/app/p05,/app/p06,/app/p07,/app/p08,/app/p09; GetParameters /app/p03")
	}
	isolated := l.of(lambdacache.EventIsolated)
	if len(isolated) != 1 || isolated[0].Key != "/app/p03" {
		t.Errorf("isolated: %+v", isolated)
	}

	l.Allow("ssm:GetParameters", "/app/p03") // it rejoins its neighbours
	want(t, "value once allowed", get(t, entries[3]), "value of /app/p03")
	l.due()
	l.ResetCounts()
	l.prefetch(list...)
	want(t, "calls once allowed", len(l.asked()), 1)
}

// A parameter's KMS key is withheld: the service answers as if the parameter were.
func TestKeyOfOneOfTenDenied(t *testing.T) {
	l := newLab(t)
	entries, list := l.parameters(10, l.SSM.PutSecure)
	l.Deny("kms:Decrypt", "/app/p03")
	err := batchThenAlone(l, list)
	twoRounds(l)
	want(t, "key", wantOneFailure(t, err).Key, "/app/p03")
	wantError(t, err, "kms:Decrypt", ", or kms:Decrypt on its key")
	want(t, "ErrDenied", errors.Is(err, lambdacache.ErrDenied), true)
	want(t, "neighbour", get(t, entries[4]), "value of /app/p04")
	want(t, "calls", l.Calls(""), 11)
}

// What was declared by its ARN is named by it.
func TestDeniedARN(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "value")
	l.Deny("ssm:GetParameters", "/app/key")
	l.Deny("ssm:GetParameter", "/app/key")
	fails(t, ssmcache.Parameter[string](arn+"/app/key:1"), "allow ssm:GetParameters on "+arn+"/app/key, or kms:Decrypt")
}

func TestKeyOfOneOfTenIsNoKey(t *testing.T) {
	l := newLab(t)
	_, list := l.parameters(10, l.SSM.PutSecure)
	l.Fail(cachetest.Fault{Operation: "GetParameters", Key: "/app/p03", Do: cachetest.Error(400, "InvalidKeyId", "The key is disabled")})
	err := lambdacache.Prefetch(t.Context(), list...)
	want(t, "key", wantOneFailure(t, err).Key, "/app/p03")
	wantError(t, err, "GetParameters: InvalidKeyId: The key is disabled", "allow kms:Decrypt on arn:aws:kms:*:*:key/*")
	want(t, "calls", l.Calls(""), 11)
}

func TestOneNameIsMalformed(t *testing.T) {
	l := newLab(t)
	entries, list := l.parameters(9, l.SSM.Put)
	odd := ssmcache.Parameter[string]("/app/odd+name") // which only the service knows to be wrong
	err := lambdacache.Prefetch(t.Context(), append(list, odd)...)
	want(t, "key", wantOneFailure(t, err).Key, "/app/odd+name")
	wantError(t, err, `load "odd+name" from ssm /app/odd+name: GetParameters: ValidationException: `)
	want(t, "neighbour", get(t, entries[0]), "value of /app/p00")
	want(t, "calls", l.Calls(""), 11)
}

func TestBatchDeniedEverywhere(t *testing.T) {
	l := newLab(t)
	entries, list := l.parameters(10, l.SSM.PutSecure)
	l.Deny("ssm:GetParameters", "")
	l.prefetch(list...)
	want(t, "GetParameters", l.Calls("GetParameters"), 11)
	want(t, "GetParameter", l.Calls("GetParameter"), 10)
	want(t, "calls", l.Calls(""), 21)
	for _, e := range entries {
		want(t, e.Name(), get(t, e), "value of /app/"+e.Name())
	}

	for round := range 3 { // from then on through GetParameter
		name := fmt.Sprintf("/app/p%02d", round)
		l.SSM.PutSecure(name, "changed")
		l.due()
		l.ResetCounts()
		l.prefetch(list...)
		want(t, "GetParameters of a refresh", l.Calls("GetParameters"), 0)
		want(t, "GetParameter of a refresh", l.Calls("GetParameter"), 10)
		want(t, "calls for each", l.CallsFor("GetParameter", name), 1)
		want(t, name, get(t, entries[round]), "changed")
	}
	fallback := l.of(lambdacache.EventFallback)
	if len(fallback) != 1 || fallback[0].Source != "ssm" || fallback[0].Key != "" {
		t.Fatalf("fallback: %+v", fallback)
	}
	wantError(t, fallback[0].Err, "GetParameters: AccessDeniedException: ", "allow ssm:GetParameters on arn:aws:ssm:*:*:parameter/*")
	if denied, ok := errors.AsType[*lambdacache.DeniedError](fallback[0].Err); !ok || denied.Action != "ssm:GetParameters" {
		t.Errorf("the event does not say what to grant: %v", fallback[0].Err)
	}
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
	want(t, "failed", len(l.of(lambdacache.EventFailed)), 0)
}

func TestBatchDeniedForTheOnlyParameter(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "value")
	l.Deny("ssm:GetParameters", "")
	e := ssmcache.Parameter[string]("/app/key")
	want(t, "value", get(t, e), "value")
	want(t, "calls", strings.Join(l.asked(), "; "), "GetParameters /app/key; GetParameter /app/key")
	l.due()
	l.ResetCounts()
	want(t, "value", get(t, e), "value")
	want(t, "calls of a refresh", strings.Join(l.asked(), "; "), "GetParameter /app/key")
	want(t, "fallback", len(l.of(lambdacache.EventFallback)), 1)
}

// With GetParameter alone, one parameter is denied, one is not there, one is of a
// certain version.
func TestGetParameterOnly(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", "one")
	l.SSM.Put("/app/a", "two")
	l.SSM.PutList("/app/list", "x", "y")
	l.SSM.Put("/app/denied", "value")
	l.Deny("ssm:GetParameters", "")
	l.Deny("ssm:GetParameter", "/app/denied")
	a, first := ssmcache.Parameter[string]("/app/a"), ssmcache.Parameter[string]("/app/a:1")
	list := ssmcache.Parameter[[]string]("/app/list")
	denied, none := ssmcache.Parameter[string]("/app/denied"), ssmcache.Parameter[string]("/app/a:9")
	if err := lambdacache.Prefetch(t.Context(), a, first, list, denied, none); err == nil {
		t.Fatal("no error")
	}
	l.ResetCounts()
	want(t, "newest", get(t, a), "two")
	want(t, "version 1", get(t, first), "one")
	want(t, "list", strings.Join(get(t, list), "+"), "x+y")
	want(t, "calls for what is held", l.Calls(""), 0)
	err := fails(t, denied, "GetParameter: AccessDeniedException: ", "allow ssm:GetParameter on arn:aws:ssm:*:*:parameter/app/denied")
	want(t, "ErrDenied", errors.Is(err, lambdacache.ErrDenied), true)
	err = fails(t, none, "GetParameter: ParameterVersionNotFound: ")
	want(t, "ErrNotFound", errors.Is(err, lambdacache.ErrNotFound), true)
	want(t, "calls for what is not", l.Calls("GetParameter"), 2)
	want(t, "all calls for what is not", l.Calls(""), 2)
}
