package frompython_test

import (
	"context"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestShortName(t *testing.T) {
	for _, test := range []struct {
		entry lambdacache.Cached
		name  string
	}{
		{ssmcache.Parameter[string]("/production/app/var"), "var"},
		{ssmcache.Parameter[string]("plain"), "plain"},
		{secretcache.Secret[string]("/prod/db/conn_string"), "conn_string"},
		{s3cache.File("s3://bucket_name/path/to/object.json"), "object.json"},
	} {
		is(t, "name", test.entry.Name(), test.name)
	}
}

func TestName(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/renamed/app/var", "one")
	v := ssmcache.Parameter[string]("/renamed/app/var", lambdacache.Name("new_var"))
	h := lambdacache.Wrap(func(ctx context.Context, _ event) (string, error) {
		return lambdacache.Value[string](ctx, "new_var"), nil
	}, v)
	is(t, "by name", invoke(t, h), "one")
}

// Selectors and the parts of an ARN are no part of a name.
func TestNameOfVersionAndARN(t *testing.T) {
	aws, _ := start(t)
	first := aws.SSM.Put("/pinned/var", "one")
	aws.SSM.Put("/pinned/var", "two")
	aws.SSM.Label("/pinned/var", first, "prod")
	version := ssmcache.Parameter[string]("/pinned/var:1")
	label := ssmcache.Parameter[string]("/pinned/var:prod")
	arn := ssmcache.Parameter[string]("arn:aws:ssm:us-east-1:123456789012:parameter/pinned/var")
	for _, e := range []*lambdacache.Entry[string]{version, label, arn} {
		is(t, "name", e.Name(), "var")
	}
	is(t, "by version", get(t, version), "one")
	is(t, "by label", get(t, label), "one")
	is(t, "by ARN", get(t, arn), "two")
}

func TestSameShortName(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/a/var", "of a")
	aws.SSM.Put("/b/var", "of b")
	a, b := ssmcache.Parameter[string]("/a/var"), ssmcache.Parameter[string]("/b/var")
	both := lambdacache.Wrap(func(ctx context.Context, _ event) ([]string, error) {
		return []string{a.Value(ctx), b.Value(ctx)}, nil
	}, a, b)
	is(t, "values", invoke(t, both), []string{"of a", "of b"})
	is(t, "again", invoke(t, both), []string{"of a", "of b"})
	byName := lambdacache.Wrap(func(ctx context.Context, _ event) (string, error) {
		return lambdacache.Value[string](ctx, "var"), nil
	}, a, b)
	refuses(t, func() { _, _ = byName(t.Context(), event{}) }, `"var"`, "/a/var", "/b/var", "lambdacache.Name")
}

func TestSameShortNameAcrossServices(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/across/db", "parameter")
	aws.Secrets.PutString("across/db", "secret")
	aws.S3.Put("across", "db", []byte("object"))
	parameter := ssmcache.Parameter[string]("/across/db")
	secret := secretcache.Secret[string]("across/db")
	object := s3cache.Object[string]("s3://across/db")
	h := lambdacache.Wrap(func(ctx context.Context, _ event) ([]string, error) {
		return []string{parameter.Value(ctx), secret.Value(ctx), object.Value(ctx)}, nil
	}, parameter, secret, object)
	for range 2 {
		is(t, "values", invoke(t, h), []string{"parameter", "secret", "object"})
	}
}

func TestSameNameRefused(t *testing.T) {
	a := ssmcache.Parameter[string]("/twice/a", lambdacache.Name("config"))
	b := ssmcache.Parameter[string]("/twice/b", lambdacache.Name("config"))
	refuses(t, func() { reading(a, b) }, `"config"`, "/twice/a", "/twice/b")
}
