package secretcache_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/secretcache"
)

func TestTwentyFiveSecretsAreTwoCalls(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(25)
	gate := l.Hold("BatchGetSecretValue")
	result := make(chan error, 1)
	go func() { result <- lambdacache.Prefetch(t.Context(), list...) }()
	gate.Wait(2) // side by side
	gate.Release()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	asked := make(map[string]int)
	var sizes []int
	for _, r := range l.Requests() {
		sizes = append(sizes, len(r.Keys))
		for _, k := range r.Keys {
			asked[k]++
		}
	}
	slices.Sort(sizes)
	if !slices.Equal(sizes, []int{5, 20}) || len(asked) != 25 {
		t.Errorf("calls of %v secrets, %d different ones", sizes, len(asked))
	}
	want(t, "connections", l.Connections(), 2)
	for _, e := range entries {
		want(t, e.Name(), get(t, e), "value of app/"+e.Name())
	}
	want(t, "calls", l.Calls(""), 2)
}

func TestOneSecretIsOneGetSecretValue(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(2)
	l.prefetch(entries[0], entries[0])
	want(t, "calls", fmt.Sprint(l.asked()), "[GetSecretValue app/s00]")
	l.prefetch(list...)
	want(t, "calls once another is due", fmt.Sprint(l.asked()), "[GetSecretValue app/s00 GetSecretValue app/s01]")
	l.due()
	l.prefetch(list...)
	want(t, "calls once both are due", l.asked()[2], "BatchGetSecretValue app/s00,app/s01")
}

func TestWarmRefreshOpensNoConnection(t *testing.T) {
	l := newLab(t)
	_, list := l.secrets(5, lambdacache.MaxAge(5*time.Second))
	l.prefetch(list...)
	want(t, "connections of the first load", l.Connections(), 1)
	for range 3 {
		l.clock.Advance(5 * time.Second)
		l.prefetch(list...)
	}
	want(t, "calls", l.Calls(""), 4)
	want(t, "connections of three refreshes more", l.Connections(), 1)
	l.clock.Advance(10 * time.Second) // the service may have hung up by now
	l.prefetch(list...)
	want(t, "connections after a long pause", l.Connections(), 2)
}

// Each secret of a batch has an error of its own.
func TestOneOfTenFails(t *testing.T) {
	const bad = "app/s03"
	for _, test := range []struct {
		name string
		harm func(l *lab)
		is   error
		text string
	}{
		{
			"denied", func(l *lab) { l.Deny("secretsmanager:GetSecretValue", bad) }, lambdacache.ErrDenied,
			"allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:*:*:secret:app/s03-*, or kms:Decrypt on its key",
		},
		{
			"its KMS key denied", func(l *lab) { l.Deny("kms:Decrypt", bad) }, lambdacache.ErrDenied,
			"AccessDeniedException: Access to KMS is not allowed; allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:*:*:secret:app/s03-*, or kms:Decrypt on its key",
		},
		{
			"marked for deletion", func(l *lab) { l.Secrets.MarkDeleted(bad) }, nil,
			"InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.",
		},
		{
			"unknown", func(l *lab) { l.Secrets.Delete(bad) }, lambdacache.ErrNotFound,
			"ResourceNotFoundException: Secrets Manager can't find the specified secret.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t)
			entries, list := l.secrets(10)
			test.harm(l)
			for range 3 {
				l.ResetCounts()
				err := lambdacache.Prefetch(t.Context(), list...)
				want(t, "key", wantOneFailure(t, err).Key, bad)
				wantError(t, err, `lambdacache: load "s03" from secretsmanager app/s03: BatchGetSecretValue: `, test.text)
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("not %v: %v", test.is, err)
				}
				if _, ok := errors.AsType[smithy.APIError](err); !ok {
					t.Errorf("the service's error is not reachable: %v", err)
				}
				for i, e := range entries {
					if i != 3 {
						want(t, e.Name(), get(t, e), "value of app/"+e.Name())
					}
				}
				want(t, "calls of a refresh", fmt.Sprint(l.Calls("BatchGetSecretValue"), l.Calls("")), "1 1")
				l.due()
			}
			want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
		})
	}
}

// What was declared by its ARN is named by it.
func TestDeniedARN(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("prod/db", "value")
	l.Deny("secretsmanager:GetSecretValue", "prod/db")
	fails(t, secretcache.Secret[string](arn+"prod/db"), "allow secretsmanager:GetSecretValue on "+arn+"prod/db, or kms:Decrypt")
}

// batchAnswer is an answer to BatchGetSecretValue of the test's own.
func batchAnswer(body string) cachetest.Fault {
	return cachetest.Fault{Operation: "BatchGetSecretValue", Do: func(http.Handler) http.Handler { return answer(200, body)(nil) }}
}

func TestDecryptionFailure(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(2)
	l.Fail(batchAnswer(`{"SecretValues":[{"ARN":"` + arn + `app/s01-AbCdEf","Name":"app/s01","SecretString":"fine","VersionId":"v"}],
		"Errors":[{"SecretId":"app/s00","ErrorCode":"DecryptionFailure","Message":"the key is disabled"}]}`))
	err := lambdacache.Prefetch(t.Context(), list...)
	want(t, "key", wantOneFailure(t, err).Key, "app/s00")
	wantError(t, err, "BatchGetSecretValue: DecryptionFailure: the key is disabled", "allow kms:Decrypt on arn:aws:kms:*:*:key/*")
	want(t, "ErrDenied", errors.Is(err, lambdacache.ErrDenied), true)
	want(t, "neighbour", get(t, entries[1]), "fine")
	want(t, "calls", l.Calls(""), 1)
}

// A batch may stop before its last secret.
func TestLeftOverPages(t *testing.T) {
	for page, single := range map[int]int{20: 0, 19: 1, 10: 0, 9: 0, 3: 0} {
		t.Run(fmt.Sprint(page), func(t *testing.T) {
			l := newLab(t)
			entries, list := l.secrets(20)
			l.Secrets.PageSize(page)
			l.prefetch(list...)
			for _, e := range entries {
				want(t, e.Name(), get(t, e), "value of app/"+e.Name())
			}
			rounds := (20 + page - 1) / page
			want(t, "calls", l.Calls(""), rounds)
			want(t, "single calls", l.Calls("GetSecretValue"), single)
			reported := 0
			for _, e := range l.of(lambdacache.EventLoaded) {
				reported += e.Calls
			}
			want(t, "calls as the source counts them", reported, rounds)
			asked := 20
			for _, r := range l.Requests() {
				want(t, "asked for", len(r.Keys), asked)
				asked -= page
			}
		})
	}
}

// A service that forgets a secret makes its neighbours wait for nothing.
func TestAnswerThatMentionsNothing(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(3)
	l.Fail(batchAnswer(`{"SecretValues":[],"Errors":[]}`))
	l.prefetch(list...)
	want(t, "value", get(t, entries[2]), "value of app/s02")
	want(t, "calls", fmt.Sprint(l.Calls("BatchGetSecretValue"), l.Calls("GetSecretValue")), "1 3")

	l.Deny("secretsmanager:GetSecretValue", "app/s01")
	l.due()
	want(t, "key", wantOneFailure(t, lambdacache.Prefetch(t.Context(), list...)).Key, "app/s01")
}

func TestEmptySecret(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("an/empty", "x")
	l.Fail(cachetest.Fault{Operation: "GetSecretValue", Times: 1, Do: answer(200, `{"ARN":"`+arn+`an/empty-AbCdEf","Name":"an/empty","VersionId":"v"}`)})
	e := secretcache.Secret[string]("an/empty")
	err := fails(t, e)
	want(t, "error", err.Error(), `lambdacache: load "empty" from secretsmanager an/empty: the secret is empty: it has neither a SecretString nor a SecretBinary`)
	want(t, "value afterwards", get(t, e), "x")
}
