package frompython_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestParameter(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/decorated/app/var", "one")
	h := reading(ssmcache.Parameter[string]("/decorated/app/var"))
	is(t, "first invocation", invoke(t, h), "one")
	aws.SSM.Put("/decorated/app/var", "two")
	clock.Advance(59 * time.Second)
	is(t, "in the next minute", invoke(t, h), "one")
	is(t, "calls", aws.Calls(""), 1)
	clock.Advance(time.Second)
	is(t, "after a minute", invoke(t, h), "two")
	is(t, "calls", aws.Calls(""), 2)
}

func TestSecret(t *testing.T) {
	aws, clock := start(t)
	aws.Secrets.PutString("/decorated/db/conn_string", "one")
	h := reading(secretcache.Secret[string]("/decorated/db/conn_string"))
	is(t, "first invocation", invoke(t, h), "one")
	aws.Secrets.PutString("/decorated/db/conn_string", "two")
	is(t, "in the next minute", invoke(t, h), "one")
	clock.Advance(time.Minute)
	is(t, "after a minute", invoke(t, h), "two")
	is(t, "calls", aws.Calls("GetSecretValue"), 2)
}

func TestByName(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/named/app/var", "one")
	v := ssmcache.Parameter[string]("/named/app/var")
	h := lambdacache.Wrap(func(ctx context.Context, _ event) (string, error) {
		return lambdacache.Value[string](ctx, "var"), nil
	}, v)
	is(t, "by name", invoke(t, h), "one")
}

func TestStacking(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/stacked/var1", "1")
	aws.SSM.Put("/stacked/var2", "2")
	var1 := ssmcache.Parameter[string]("/stacked/var1", lambdacache.MaxAge(30*time.Second))
	var2 := ssmcache.Parameter[string]("/stacked/var2", lambdacache.MaxAge(60*time.Second))
	h := lambdacache.Wrap(func(ctx context.Context, _ event) (string, error) {
		return var1.Value(ctx) + var2.Value(ctx), nil
	}, var1, var2)
	is(t, "values", invoke(t, h), "12")
	is(t, "calls for both", aws.Calls("GetParameters"), 1)
	clock.Advance(30 * time.Second)
	invoke(t, h)
	is(t, "calls for the first after 30 s", aws.CallsFor("", "/stacked/var1"), 2)
	is(t, "calls for the second after 30 s", aws.CallsFor("", "/stacked/var2"), 1)
	clock.Advance(30 * time.Second)
	invoke(t, h)
	is(t, "calls for the second after 60 s", aws.CallsFor("", "/stacked/var2"), 2)
	is(t, "calls in all", aws.Calls(""), 3)
}

// All three requests are at the services before any of them is answered.
func TestStackingServices(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/side/by/side", "a")
	aws.Secrets.PutString("side/secret", "b")
	aws.S3.Put("side", "object", []byte("c"))
	parameter := ssmcache.Parameter[string]("/side/by/side")
	secret := secretcache.Secret[string]("side/secret")
	object := s3cache.Object[string]("s3://side/object")
	h := lambdacache.Wrap(func(ctx context.Context, _ event) (string, error) {
		return parameter.Value(ctx) + secret.Value(ctx) + object.Value(ctx), nil
	}, parameter, secret, object)

	gate := aws.Hold("")
	answer := make(chan string)
	go func() {
		got, err := h(t.Context(), event{})
		if err != nil {
			got = err.Error()
		}
		answer <- got
	}()
	gate.Wait(3)
	gate.Release()
	is(t, "values", <-answer, "abc")
}

// A function that a handler calls may have a Wrap of its own, or none and use Get.
func TestAnyFunction(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/any/outer", "outer")
	aws.SSM.Put("/any/inner", "inner")
	outer := ssmcache.Parameter[string]("/any/outer")
	inner := ssmcache.Parameter[string]("/any/inner")
	function := lambdacache.Wrap(func(ctx context.Context, n int) (string, error) {
		return outer.Value(ctx) + " " + inner.Value(ctx), nil
	}, inner)
	h := lambdacache.Wrap(func(ctx context.Context, _ event) (string, error) { return function(ctx, 1) }, outer)
	is(t, "values", invoke(t, h), "outer inner")
	is(t, "without a handler", get(t, inner), "inner")
	is(t, "calls", aws.Calls(""), 2)
}

func TestHandlerShapes(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/shapes/var", "one")
	v := ssmcache.Parameter[string]("/shapes/var")
	var seen []string
	read := func(ctx context.Context) { seen = append(seen, v.Value(ctx)) }
	noError(t, lambdacache.WrapAny(read, v).(func(context.Context) error)(t.Context()))
	justEvent := func(ctx context.Context, _ event) error { read(ctx); return nil }
	noError(t, lambdacache.WrapAny(justEvent, v).(func(context.Context, event) error)(t.Context(), event{}))
	is(t, "values seen", seen, []string{"one", "one"})
}

func TestResponseUntouched(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/untouched/var", "one")
	own := errors.New("the handler's own")
	h := lambdacache.Wrap(func(context.Context, event) (int, error) { return 42, own },
		ssmcache.Parameter[string]("/untouched/var"))
	got, err := h(t.Context(), event{})
	is(t, "response", got, 42)
	if err != own { // the very same one
		t.Errorf("error %v, want the handler's", err)
	}
}

func TestHandlerDoesNotRun(t *testing.T) {
	_, _ = start(t)
	ran := false
	h := lambdacache.Wrap(func(context.Context, event) (string, error) { ran = true; return "", nil },
		ssmcache.Parameter[string]("/does/not/exist"))
	_, err := h(t.Context(), event{})
	says(t, err, lambdacache.ErrNotFound)
	is(t, "the handler ran", ran, false)
}

// However long an invocation takes, Value stays; Get asks for what is valid now.
func TestFixedWithinInvocation(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/long/var", "one")
	v := ssmcache.Parameter[string]("/long/var")
	h := lambdacache.Wrap(func(ctx context.Context, _ event) ([]string, error) {
		clock.Advance(15 * time.Minute)
		aws.SSM.Put("/long/var", "two")
		now, err := v.Get(ctx)
		return []string{v.Value(ctx), now, v.Value(ctx)}, err
	}, v)
	is(t, "values of a long invocation", invoke(t, h), []string{"one", "two", "one"})
}

func TestPrefetch(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/early/var", "one")
	v := ssmcache.Parameter[string]("/early/var")
	noError(t, lambdacache.Prefetch(t.Context(), v))
	is(t, "value", invoke(t, reading(v)), "one")
	is(t, "calls", aws.Calls(""), 1)
}
