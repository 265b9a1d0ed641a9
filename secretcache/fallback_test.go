package secretcache_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/secretcache"
)

func TestBatchNotPermitted(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(10)
	l.Deny("secretsmanager:BatchGetSecretValue", "")
	gate := l.Hold("GetSecretValue")
	result := make(chan error, 1)
	go func() { result <- lambdacache.Prefetch(t.Context(), list...) }()
	gate.Wait(10) // side by side
	gate.Release()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	want(t, "calls", fmt.Sprint(l.Calls("BatchGetSecretValue"), l.Calls("GetSecretValue")), "1 10")
	batch := l.Requests()[0]
	for _, r := range l.Requests()[1:] {
		if r.Started < batch.Ended {
			t.Errorf("%q was asked for before the batch was answered", r.Keys)
		}
	}
	for round := range 3 { // from then on one by one
		l.Secrets.PutString(fmt.Sprintf("app/s%02d", round), "changed")
		l.due()
		l.ResetCounts()
		l.prefetch(list...)
		want(t, "calls of a refresh", fmt.Sprint(l.Calls("BatchGetSecretValue"), l.Calls("GetSecretValue")), "0 10")
		want(t, "value", get(t, entries[round]), "changed")
	}
	fallback := l.of(lambdacache.EventFallback)
	if len(fallback) != 1 || fallback[0].Source != "secretsmanager" {
		t.Fatalf("fallback: %+v", fallback)
	}
	wantError(t, fallback[0].Err, "BatchGetSecretValue: AccessDeniedException: ", "allow secretsmanager:BatchGetSecretValue on *")
	denied, ok := errors.AsType[*lambdacache.DeniedError](fallback[0].Err)
	if !ok || denied.Action != "secretsmanager:BatchGetSecretValue" || denied.Resource != "*" {
		t.Errorf("the event does not say what to grant: %#v", denied)
	}
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
	want(t, "failed", len(l.of(lambdacache.EventFailed)), 0)
}

func TestBatchNotPermittedForTwoBatches(t *testing.T) {
	l := newLab(t)
	_, list := l.secrets(25)
	l.Deny("secretsmanager:BatchGetSecretValue", "")
	l.prefetch(list...)
	want(t, "single calls", l.Calls("GetSecretValue"), 25)
	l.due()
	l.prefetch(list...)
	want(t, "batches", l.Calls("BatchGetSecretValue") <= 2, true)
	want(t, "single calls", l.Calls("GetSecretValue"), 50)
	want(t, "fallback", len(l.of(lambdacache.EventFallback)), 1)
}

func TestBatchAndOneSecretNotPermitted(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(5)
	l.Deny("secretsmanager:BatchGetSecretValue", "")
	l.Deny("secretsmanager:GetSecretValue", "app/s02")
	for _, calls := range []int{1 + 5, 5, 5} {
		l.ResetCounts()
		err := lambdacache.Prefetch(t.Context(), list...)
		want(t, "key", wantOneFailure(t, err).Key, "app/s02")
		wantError(t, err, "GetSecretValue: AccessDeniedException: ", "allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:*:*:secret:app/s02-*")
		want(t, "neighbour", get(t, entries[3]), "value of app/s03")
		want(t, "calls", l.Calls(""), calls)
		l.due()
	}
}

// Where the batch is permitted, a malformed request is still split.
func TestOneNameIsMalformed(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(3)
	odd := secretcache.Secret[string]("odd!name")
	refuse := cachetest.Error(400, "ValidationException", "Invalid name.")
	l.Fail(cachetest.Fault{Key: "odd!name", Do: refuse})
	err := lambdacache.Prefetch(t.Context(), append(list, odd)...)
	want(t, "key", wantOneFailure(t, err).Key, "odd!name")
	wantError(t, err, "GetSecretValue: ValidationException: Invalid name.")
	want(t, "neighbour", get(t, entries[0]), "value of app/s00")
	want(t, "calls", fmt.Sprint(l.Calls("BatchGetSecretValue"), l.Calls("GetSecretValue")), "1 4")
	l.due()
	l.ResetCounts()
	wantOneFailure(t, lambdacache.Prefetch(t.Context(), append(list, odd)...))
	want(t, "calls of a refresh", fmt.Sprint(l.Calls("BatchGetSecretValue"), l.Calls("GetSecretValue")), "1 1")
	want(t, "fallback", len(l.of(lambdacache.EventFallback)), 0)
}
