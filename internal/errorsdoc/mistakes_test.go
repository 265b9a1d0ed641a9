package errorsdoc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// mistake is one in the program, which panics.
type mistake struct {
	heading string
	make    func(context.Context)
}

func (c mistake) run(t *testing.T, s *section) {
	aws, _, _ := start(t)
	aws.SSM.Put("/mistake/app/key", goodValue)
	aws.SSM.Put("/mistake/other/key", goodValue)
	defer func() {
		r := recover()
		if r == nil {
			t.Fatal("no panic")
		}
		text := fmt.Sprint(r)
		s.matches(t, text)
		is := "none"
		if err, ok := r.(error); ok && errors.Is(err, lambdacache.ErrNotFound) {
			is = "`lambdacache.ErrNotFound`"
		}
		if s.is != is {
			t.Errorf("%q for errors.Is, on the page %q", is, s.is)
		}
		checkSilent(t, []string{goodValue}, []error{fmt.Errorf("%s", text)})
	}()
	c.make(t.Context())
}

// reading runs a handler that reads, with the entries listed.
func reading(ctx context.Context, read func(context.Context), listed ...lambdacache.Cached) {
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (struct{}, error) {
		read(ctx)
		return struct{}{}, nil
	}, listed...)
	if _, err := h(ctx, struct{}{}); err != nil {
		panic(err)
	}
}

func mistakes() []mistake {
	entry := func(name string, opts ...lambdacache.Option) *lambdacache.Entry[string] {
		return ssmcache.Parameter[string](name, opts...)
	}
	return append(append(mistakesWithPaths(), mistakesInTags()...), []mistake{
		{"An empty name", func(context.Context) { entry("") }},
		{"A configuration without an application", func(context.Context) { appconfigcache.Flags("", "prod", "flags") }},
		{"A name with white space", func(context.Context) { entry("/app/my key") }},
		{"An ARN of something else", func(context.Context) { entry("arn:aws:s3:::models") }},
		{"A URI that is none of S3", func(context.Context) { s3cache.File("https://models/fraud.bin") }},
		{"A URI without a bucket", func(context.Context) { s3cache.File("s3:///fraud.bin") }},
		{"A URI without a key", func(context.Context) { s3cache.File("s3://models") }},
		{"A URL that is not https", func(context.Context) { httpcache.URL[string]("http://issuer.example.com/jwks.json") }},
		{"A URL with a password", func(context.Context) {
			httpcache.URL[string]("https://user:" + goodValue + "@issuer.example.com/jwks.json")
		}},
		{"A key of a value that no key has", func(context.Context) { dynamocache.Key("pk", true) }},
		{"A type that no item becomes", func(context.Context) { dynamocache.Item[string]("tenants", dynamocache.Key("pk", "tenant#1")) }},
		{"A type that nothing can be decoded into", func(context.Context) { ssmcache.Parameter[any]("/app/key") }},
		{"An option of another source", func(context.Context) { entry("/app/key", secretcache.Stage("AWSPREVIOUS")) }},
		{"An option of families", func(context.Context) { entry("/app/key", lambdacache.MaxEntries(10)) }},
		{"A family's key that cannot be one", func(ctx context.Context) {
			tenants := secretcache.Family[string](func(tenant string) string { return "prod/" + tenant }, lambdacache.Name("tenants"))
			_, err := tenants.Get(ctx, "ac me")
			panic(err)
		}},
		{"A negative max age", func(context.Context) { lambdacache.MaxAge(-time.Minute) }},
		{"Two entries of one name in a Wrap", func(context.Context) {
			lambdacache.Wrap(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil },
				entry("/app/a", lambdacache.Name("key")), entry("/app/b", lambdacache.Name("key")))
		}},
		{"Two parameters of one short name in a list", func(context.Context) {
			ssmcache.Parameters("config", []string{"/app/key", "/other/key"})
		}},
		{"A client together with a Region", func(context.Context) {
			entry("/app/key", ssmcache.Client(ssm.New(ssm.Options{Region: "eu-west-1"})), ssmcache.Region("eu-west-1"))
		}},
		{"Something that is no Region", func(context.Context) { ssmcache.Region("Ireland") }},
		{"A value read outside its Wrap", func(ctx context.Context) { entry("/mistake/app/key").Value(ctx) }},
		{"A name that two entries have", func(ctx context.Context) {
			reading(ctx, func(ctx context.Context) { lambdacache.Value[string](ctx, "key") },
				entry("/mistake/app/key"), entry("/mistake/other/key"))
		}},
		{"A name read as another type", func(ctx context.Context) {
			reading(ctx, func(ctx context.Context) { lambdacache.Value[int](ctx, "key") }, entry("/mistake/app/key"))
		}},
		{"A parameter of a list that was not declared", func(ctx context.Context) {
			set, err := ssmcache.Parameters("config", []string{"/mistake/app/key"}).Get(ctx)
			if err != nil {
				panic(err)
			}
			set.Text("kye")
		}},
	}...)
}

// harmlessCase is what one might take for an error and is none, or none that the
// handler is told: do gives what an observer is told.
type harmlessCase struct {
	heading string
	do      func(t *testing.T, aws *cachetest.AWS, clock *cachetest.Clock)
	event   bool // the observer is told of an error, once
}

func (c harmlessCase) run(t *testing.T, s *section) {
	aws, clock, events := start(t)
	c.do(t, aws, clock)
	told := events()
	checkSilent(t, []string{goodValue, badValue}, told)
	switch {
	case !c.event && len(told) == 0:
		s.matches(t, "no error")
		s.kind(t, nil)
	case c.event && len(told) == 1:
		s.matches(t, told[0].Error())
		s.kind(t, told[0])
	default:
		t.Errorf("the observer was told %v", told)
	}
}
