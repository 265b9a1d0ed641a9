package errorsdoc_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

type config struct {
	Host  string `ssm:"db/host"`
	Limit int    `ssm:"limit"`
}

func path[T any](name string) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[T] { return ssmcache.Path[T](name, o...) })
	}
}

func putsConfig(path string) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) {
		aws.SSM.Put(path+"db/host", goodValue)
		aws.SSM.Put(path+"limit", "42")
	}
}

// document answers with a body.
func document(body string) cachetest.Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
}

func paths() []loading {
	return []loading{
		{
			heading: "Parameters of a path that are missing or do not fit",
			declare: path[config]("/below/app/"),
			good:    putsConfig("/below/app/"),
			bad: func(aws *cachetest.AWS) {
				aws.SSM.Delete("/below/app/db/host")
				aws.SSM.PutSecure("/below/app/limit", badValue)
			},
			values: []string{badValue},
		},
		{
			heading: "Two parameters of one relative name",
			declare: path[map[string]string]("/"),
			good:    puts("/key", goodValue),
			bad:     fails(document(`{"Parameters":[{"Name":"/key","Value":"` + badValue + `"},{"Name":"key","Value":"` + badValue + `"}]}`)),
			values:  []string{badValue},
		},
		{
			heading: "A path that may not be read",
			declare: path[config]("/denied/path/"),
			good:    putsConfig("/denied/path/"),
			bad:     func(aws *cachetest.AWS) { aws.Deny("ssm:GetParametersByPath", "/denied/path") },
			code:    "AccessDeniedException",
		},
		{
			heading: "An answer without parameters",
			declare: path[config]("/unlisted/"),
			good:    putsConfig("/unlisted/"),
			bad:     fails(document("{}")),
		},
		{
			heading: "A parameter without a value",
			declare: path[config]("/valueless/"),
			good:    putsConfig("/valueless/"),
			bad:     fails(document(`{"Parameters":[{"Name":"/valueless/limit","Type":"SecureString","Version":2}]}`)),
		},
		{
			heading: "Pages that have no end",
			declare: path[config]("/endless/"),
			good:    putsConfig("/endless/"),
			bad:     fails(document(`{"Parameters":[{"Name":"/endless/a","Value":"` + badValue + `"}],"NextToken":"again"}`)),
			values:  []string{badValue},
		},
	}
}

func mistakesWithPaths() []mistake {
	return []mistake{
		{"A path that does not begin with a slash", func(context.Context) { ssmcache.Path[config]("prod/app/") }},
		{"The ARN of a path", func(context.Context) { ssmcache.Path[config]("arn:aws:ssm:us-east-1:123456789012:parameter/prod/app") }},
		{"A path with a label behind it", func(context.Context) { ssmcache.Path[config]("/prod/app:stable") }},
		{"Something that is no label", func(context.Context) { ssmcache.Label("3") }},
		{"A type that cannot hold the parameters of a path", func(context.Context) { ssmcache.Path[string]("/prod/app/") }},
		{"A field that cannot be filled", func(context.Context) {
			ssmcache.Path[struct {
				Limit int `ssm:"/prod/app/limit"`
			}]("/prod/app/")
		}},
		{"A client that cannot read paths", func(context.Context) {
			ssmcache.Path[config]("/prod/app/", ssmcache.Client(struct{ ssmcache.API }{ssm.New(ssm.Options{})}))
		}},
	}
}

func emptyPath(t *testing.T, aws *cachetest.AWS, _ *cachetest.Clock) {
	if set := get(t, ssmcache.Path[ssmcache.Set]("/empty/path/")); set.Has("key") {
		t.Error("it holds something")
	}
	if m := get(t, ssmcache.Path[map[string]string]("/empty/path/")); m == nil || len(m) > 0 {
		t.Errorf("a map of %d", len(m))
	}
	aws.SSM.Put("/empty/path/key", goodValue)
	if set, err := ssmcache.Path[ssmcache.Set]("/empty/path/").Refresh(t.Context()); err != nil || set.Text("key") != goodValue {
		t.Errorf("what is put there is not seen: %v", err)
	}
}
