package frompython_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestNotFound(t *testing.T) {
	_, _ = start(t)
	_, err := secretcache.Secret[string]("not/there").Get(t.Context())
	says(t, err, lambdacache.ErrNotFound, "not/there")
	var aws smithy.APIError
	is(t, "AWS's own error is in it", errors.As(err, &aws), true)
	is(t, "its code", aws.ErrorCode(), "ResourceNotFoundException")
}

// One type for everything that could not be loaded, under the name that Lambda
// reports as errorType.
func TestOneErrorType(t *testing.T) {
	_, _ = start(t)
	_, err := reading(ssmcache.Parameter[string]("/one/type/not/there"))(t.Context(), event{})
	var failed *lambdacache.LoadError
	is(t, "a LoadError", errors.As(err, &failed), true)
	is(t, "errorType", reflect.TypeOf(err).Elem().Name(), "LoadError")
	is(t, "entry", failed.Failures[0].Entry, "there")
}

func TestErrorNamesTheCause(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/denied/app/var", "hidden")
	aws.Deny("ssm:GetParameters", "/denied/app/var")
	aws.Deny("ssm:GetParameter", "/denied/app/var")
	_, err := ssmcache.Parameter[string]("/denied/app/var").Get(t.Context())
	says(t, err, lambdacache.ErrDenied, `"var"`, "ssm", "/denied/app/var", "AccessDeniedException",
		"allow ssm:GetParameters on arn:aws:ssm:*:*:parameter/denied/app/var")
	denied, ok := errors.AsType[*lambdacache.DeniedError](err)
	is(t, "a DeniedError", ok, true)
	is(t, "action", denied.Action, "ssm:GetParameters")
}

// Who is at fault does not hide the others, and does not keep them from loading.
func TestAllFailuresAtOnce(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/several/good", "good")
	good := ssmcache.Parameter[string]("/several/good")
	h := reading(good, ssmcache.Parameter[string]("/several/bad"), secretcache.Secret[string]("several/worse"))
	_, err := h(t.Context(), event{})
	says(t, err, lambdacache.ErrNotFound, "2 entries", "/several/bad", "several/worse")
	is(t, "the good one is mentioned", strings.Contains(err.Error(), "/several/good"), false)
	aws.ResetCounts()
	is(t, "the good one is held", get(t, good), "good")
	is(t, "calls for it", aws.Calls(""), 0)
}

// A failed load leaves the old value and its age; who accepts that age still has it.
func TestOldValueIsKept(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/kept/var", "one")
	strict := ssmcache.Parameter[string]("/kept/var")
	patient := ssmcache.Parameter[string]("/kept/var", lambdacache.MaxAge(time.Hour))
	get(t, strict)
	clock.Advance(time.Minute)
	heal := aws.Fail(cachetest.Fault{Do: cachetest.Error(500, "InternalServerError", "no")})
	_, err := strict.Get(t.Context())
	says(t, err, nil, "InternalServerError")
	is(t, "held", get(t, patient), "one")
	is(t, "its age", patient.Stats().Age, time.Minute)
	heal()
	is(t, "the next call", get(t, strict), "one")
}

func TestURIRefusedAtDeclaration(t *testing.T) {
	for _, uri := range []string{"L3:--/bucket/key", "s3:/bucket/key", "https://bucket/key", "s3://bucket", "s3:///key"} {
		refuses(t, func() { s3cache.File(uri) }, "s3cache", uri, "write", "s3://")
	}
}

// A name is a string by its type, and so is each of a list. What no type can tell is
// refused where it is declared.
func TestTypesAreChecked(t *testing.T) {
	for _, constructor := range []any{
		ssmcache.Parameter[string], secretcache.Secret[string], s3cache.File, s3cache.Object[string],
	} {
		is(t, "what names a value", reflect.TypeOf(constructor).In(0).Kind(), reflect.String)
	}
	is(t, "what names a list", reflect.TypeOf(ssmcache.Parameters).In(1), reflect.TypeFor[[]string]())
	refuses(t, func() { ssmcache.Parameter[any]("/typed/any") }, "/typed/any", "use a concrete type")
	refuses(t, func() { ssmcache.Parameter[string]("/typed/stage", secretcache.Stage("AWSPREVIOUS")) },
		"secretcache.Stage is not an option of this source")
}

// 16 invocations at once in one process: one call, and the value for all.
func TestConcurrentInvocations(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/concurrent/var", "one")
	h := reading(ssmcache.Parameter[string]("/concurrent/var"))
	gate := aws.Hold("GetParameters")
	answers := make(chan string)
	for range 16 {
		go func() {
			got, err := h(t.Context(), event{})
			if err != nil {
				got = err.Error()
			}
			answers <- got
		}()
	}
	gate.Wait(1)
	gate.Release()
	for range 16 {
		is(t, "value", <-answers, "one")
	}
	is(t, "calls", aws.Calls(""), 1)
}

// A secret does not get into what is printed: not by its entry, the invocation's
// context, an error or an event; and as Redacted not by itself.
func TestSecretsAreNotPrinted(t *testing.T) {
	const value = "hunter2-hunter2"
	aws, clock := start(t)
	aws.Secrets.PutString("printed/secret", value)
	var printed []any
	lambdacache.Observe(func(e lambdacache.Event) { printed = append(printed, e) })
	secret := secretcache.Secret[lambdacache.Redacted[string]]("printed/secret")
	plain := secretcache.Secret[string]("printed/secret")
	number := secretcache.Secret[int]("printed/secret")
	h := lambdacache.Wrap(func(ctx context.Context, _ event) (bool, error) {
		v := secret.Value(ctx)
		printed = append(printed, ctx, secret, plain, v, struct{ v lambdacache.Redacted[string] }{v})
		return v.Reveal() == plain.Value(ctx), nil
	}, secret, plain)
	is(t, "the value is there", invoke(t, h), true)
	clock.Advance(time.Minute)
	_, err := number.Get(t.Context())
	says(t, err, lambdacache.ErrDecode)
	printed = append(printed, err)
	for _, p := range printed {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, p); strings.Contains(text, "hunter2") {
				t.Errorf("%T printed with %s holds the secret", p, verb)
			}
		}
	}
}
