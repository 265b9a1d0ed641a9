package secretcache_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
	"github.com/lambda-cache/lambdacache/secretcache"
)

// spoil makes some secrets of a batch fail with a code, in an answer that is a
// success.
func spoil(code string, names ...string) cachetest.Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorded := httptest.NewRecorder()
			next.ServeHTTP(recorded, r)
			var out struct{ SecretValues, Errors []map[string]any }
			if err := json.Unmarshal(recorded.Body.Bytes(), &out); err != nil {
				panic(err)
			}
			kept := []map[string]any{}
			for _, value := range out.SecretValues {
				name := value["Name"].(string)
				if !strings.Contains(strings.Join(names, " "), name) {
					kept = append(kept, value)
					continue
				}
				out.Errors = append(out.Errors, map[string]any{"SecretId": name, "ErrorCode": code, "Message": "of one secret"})
			}
			body, _ := json.Marshal(map[string]any{"SecretValues": kept, "Errors": out.Errors})
			answer(200, string(body))(nil).ServeHTTP(w, r)
		})
	}
}

// The service's own faults at some secrets are tried again, by one call for them all.
func TestSecretsOfABatchAreAskedForAgain(t *testing.T) {
	for _, code := range []string{"InternalServiceError", "ThrottlingException"} {
		t.Run(code, func(t *testing.T) {
			l := newLab(t)
			entries, list := l.secrets(5)
			l.Fail(cachetest.Fault{Times: 1, Do: spoil(code, "app/s01", "app/s03")})
			l.prefetch(list...)
			for _, e := range entries {
				want(t, e.Name(), get(t, e), "value of app/"+e.Name())
			}
			want(t, "asked", fmt.Sprint(l.asked()), "[BatchGetSecretValue app/s00,app/s01,app/s02,app/s03,app/s04 BatchGetSecretValue app/s01,app/s03]")
			want(t, "failed", len(l.of(lambdacache.EventFailed)), 0)
			want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
			calls := 0
			for _, e := range l.of(lambdacache.EventLoaded) {
				calls += e.Calls
			}
			want(t, "calls as the source counts them", calls, 2)
		})
	}
}

// A secret that may not be read is not asked for again beside one that was throttled.
func TestDeniedSecretBesideAThrottledOne(t *testing.T) {
	l := newLab(t)
	entries, list := l.secrets(3)
	l.Deny("secretsmanager:GetSecretValue", "app/s00")
	l.Fail(cachetest.Fault{Times: 1, Do: spoil("ThrottlingException", "app/s01")})
	err := lambdacache.Prefetch(t.Context(), list...)
	want(t, "denied", wantOneFailure(t, err).Entry, "s00")
	want(t, "asked", fmt.Sprint(l.asked()), "[BatchGetSecretValue app/s00,app/s01,app/s02 BatchGetSecretValue app/s01]")
	want(t, "throttled once", get(t, entries[1]), "value of app/s01")
}

// Secrets that go on failing cost as many calls as the policy has attempts, however
// many they are, and their neighbours nothing.
func TestSecretsOfABatchThatGoOnFailing(t *testing.T) {
	for attempts, setting := range map[int]string{3: "", 1: "1", 2: "2"} {
		for code, is := range map[string]error{"InternalServiceError": nil, "ThrottlingException": lambdacache.ErrThrottled} {
			t.Run(fmt.Sprint(code, attempts), func(t *testing.T) {
				t.Setenv("AWS_MAX_ATTEMPTS", setting)
				l := newLab(t)
				entries, list := l.secrets(5)
				l.Fail(cachetest.Fault{Do: spoil(code, "app/s01", "app/s03")})
				err := lambdacache.Prefetch(t.Context(), list...)
				failed, _ := errors.AsType[*lambdacache.LoadError](err)
				if failed == nil || len(failed.Failures) != 2 || is != nil && !errors.Is(err, is) {
					t.Errorf("%v", err)
				}
				wantError(t, err, `load "s01" from secretsmanager app/s01: BatchGetSecretValue: `+code+": of one secret")
				want(t, "value", get(t, entries[0]), "value of app/s00")
				want(t, "calls", fmt.Sprint(l.Calls("BatchGetSecretValue"), l.Calls("GetSecretValue")), fmt.Sprint(attempts, 0))
				want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
			})
		}
	}
}

// A call that fails as a whole ends it: the SDK has tried it again already.
func TestSecretsOfABatchAskedForAgainInVain(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "2")
	l := newLab(t)
	entries, list := l.secrets(3)
	l.Fail(cachetest.Fault{Times: 1, Do: spoil("InternalServiceError", "app/s01")})
	l.Fail(cachetest.Fault{After: 1, Do: cachetest.Throttle()})
	err := lambdacache.Prefetch(t.Context(), list...)
	want(t, "key", wantOneFailure(t, err).Key, "app/s01")
	want(t, "ErrThrottled", errors.Is(err, lambdacache.ErrThrottled), true)
	want(t, "value", get(t, entries[2]), "value of app/s02")
	want(t, "calls", l.Calls(""), 3)
}

// The policy is that of the client, also of one's own.
func TestOwnClientsPolicyForSecretsOfABatch(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*secretsmanager.Options)
		calls  int
	}{
		"two attempts": {func(o *secretsmanager.Options) { o.RetryMaxAttempts = 2 }, 2},
		"no retries":   {func(o *secretsmanager.Options) { o.Retryer = aws.NopRetryer{} }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			client := secretsmanager.NewFromConfig(subject.Config(l.URL(), "any", "any"), test.change)
			_, list := l.secrets(3, secretcache.Client(client))
			l.Fail(cachetest.Fault{Do: spoil("InternalServiceError", "app/s01")})
			want(t, "key", wantOneFailure(t, lambdacache.Prefetch(t.Context(), list...)).Key, "app/s01")
			want(t, "calls", l.Calls(""), test.calls)
		})
	}
	calls := 0
	byHand := &script{batch: func([]string) (*secretsmanager.BatchGetSecretValueOutput, error) {
		calls++
		return &secretsmanager.BatchGetSecretValueOutput{Errors: []types.APIErrorType{
			{SecretId: aws.String("a"), ErrorCode: aws.String("InternalServiceError")},
			{SecretId: aws.String("b"), ErrorCode: aws.String("InternalServiceError")},
		}}, nil
	}}
	cachetest.Reset(t)
	a := secretcache.Secret[string]("a", secretcache.Client(byHand))
	b := secretcache.Secret[string]("b", secretcache.Client(byHand))
	if err := lambdacache.Prefetch(t.Context(), a, b); err == nil || calls != 1 {
		t.Errorf("%d calls with a client written by hand, error %v", calls, err)
	}
}
