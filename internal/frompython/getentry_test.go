package frompython_test

import (
	"context"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestGet(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/got/app/var", "one")
	v := ssmcache.Parameter[string]("/got/app/var", lambdacache.MaxAge(300*time.Second))
	is(t, "first", get(t, v), "one")
	aws.SSM.Put("/got/app/var", "two")
	clock.Advance(299 * time.Second)
	is(t, "below 300 s", get(t, v), "one")
	clock.Advance(time.Second)
	is(t, "at 300 s", get(t, v), "two")
	is(t, "calls", aws.Calls(""), 2)
}

func TestGetOfASecret(t *testing.T) {
	aws, _ := start(t)
	aws.Secrets.PutString("got/secret", "one")
	is(t, "value", get(t, secretcache.Secret[string]("got/secret")), "one")
}

func TestGetOfAFile(t *testing.T) {
	aws, _ := start(t)
	aws.S3.Put("got", "path/to/object.json", []byte(`{"status":"old"}`))
	file := get(t, s3cache.File("s3://got/path/to/object.json"))
	is(t, "contents", contents(t, file), `{"status":"old"}`)
}

func TestGetOfAList(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/got/list/var1", "1")
	set := get(t, ssmcache.Parameters("parameters", []string{"/got/list/var1"}))
	is(t, "var1", set.Text("var1"), "1")
}

// Get and Wrap hold one value, whichever came first.
func TestGetAndWrapShare(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/shared/var", "one")
	v := ssmcache.Parameter[string]("/shared/var")
	invoke(t, reading(v))
	is(t, "after an invocation", get(t, v), "one")
	is(t, "calls", aws.Calls(""), 1)
}

func TestRefresh(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/refreshed/var", "one")
	v := ssmcache.Parameter[string]("/refreshed/var")
	h := lambdacache.Wrap(func(ctx context.Context, e event) (string, error) {
		if e.Refresh {
			return v.Refresh(ctx)
		}
		return v.Value(ctx), nil
	}, v)
	is(t, "first", invoke(t, h), "one")
	aws.SSM.Put("/refreshed/var", "two")
	is(t, "young enough", invoke(t, h), "one")
	got, err := h(t.Context(), event{Refresh: true})
	noError(t, err)
	is(t, "refreshed", got, "two")
	is(t, "later invocations see it", invoke(t, h), "two")
	is(t, "calls", aws.Calls(""), 2)
}

// A password is refused because it was rotated: ask for the new one, try again.
func TestRefreshAfterARejection(t *testing.T) {
	aws, _ := start(t)
	aws.Secrets.PutString("rotated/db", "old password")
	db := secretcache.Secret[string]("rotated/db")
	accepted := "old password"
	connect := func(password string) bool { return password == accepted }
	h := lambdacache.Wrap(func(ctx context.Context, _ event) (bool, error) {
		if connect(db.Value(ctx)) {
			return true, nil
		}
		password, err := db.Refresh(ctx)
		return err == nil && connect(password), err
	}, db)
	is(t, "before the rotation", invoke(t, h), true)
	accepted = "new password"
	aws.Secrets.PutString("rotated/db", accepted)
	is(t, "after the rotation", invoke(t, h), true)
	is(t, "and with what is held now", connect(get(t, db)), true)
	is(t, "calls", aws.Calls(""), 2)
}

func TestInvalidate(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/invalidated/var", "one")
	v := ssmcache.Parameter[string]("/invalidated/var", lambdacache.MaxAge(lambdacache.Forever))
	h := reading(v)
	invoke(t, h)
	aws.SSM.Put("/invalidated/var", "two")
	lambdacache.Invalidate(v)
	is(t, "calls of Invalidate", aws.Calls(""), 1)
	is(t, "the next invocation", invoke(t, h), "two")
}
