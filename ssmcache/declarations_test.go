package ssmcache_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// foreign is an option of another source.
var foreign = lambdacache.NewOptionKind[int]("othercache.Option").With(1)

func TestBadDeclarationsPanic(t *testing.T) {
	parameter := func(name string, opts ...lambdacache.Option) func() {
		return func() { ssmcache.Parameter[string](name, opts...) }
	}
	set := func(name string, parameters ...string) func() {
		return func() { ssmcache.Parameters(name, parameters) }
	}
	const empty = "the name is empty: write the parameter's full name or ARN"
	const space = "a name has no white space"
	long := "/" + strings.Repeat("k", 2048)
	const characters = "a name has letters, digits and the characters . - _ / only (a secret's also + = @ !)"
	const slash = "a name does not end with a slash: name one parameter"
	const selector = "after the name comes at most one :version or :label"
	const notARN = "the ARN is not a parameter's: write arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"
	for _, test := range []struct {
		declare func()
		panics  string
	}{
		{parameter(""), `ssmcache: parameter "": ` + empty},
		{parameter(" \n"), `ssmcache: parameter " \n": ` + empty},
		{parameter("/app/my key"), `ssmcache: parameter "/app/my key": ` + space},
		{parameter("/app/a\t/app/b"), `ssmcache: parameter "/app/a\t/app/b": ` + space},
		{parameter("/app/ä,b"), `ssmcache: parameter "/app/ä,b": ` + characters},
		{parameter("/app/{{x}}"), `ssmcache: parameter "/app/{{x}}": ` + characters},
		{parameter(long), `ssmcache: parameter "` + long + `": a name or ARN has no more than 2048 characters`},
		{parameter("/app/"), `ssmcache: parameter "/app/": ` + slash},
		{parameter("/"), `ssmcache: parameter "/": ` + slash},
		{parameter("/app/key:"), `ssmcache: parameter "/app/key:": ` + selector},
		{parameter("/app/key:1:prod"), `ssmcache: parameter "/app/key:1:prod": ` + selector},
		{parameter("/app/key:pr/od"), `ssmcache: parameter "/app/key:pr/od": ` + selector},
		{parameter("/app/:3"), `ssmcache: parameter "/app/:3": ` + slash},
		{parameter(arn + "/:3"), `ssmcache: parameter "` + arn + `/:3": ` + slash},
		{parameter(":prod"), `ssmcache: parameter ":prod": ` + selector},
		{parameter(arn + "/app/key:"), `ssmcache: parameter "` + arn + `/app/key:": ` + selector},
		{parameter(arn + "/app/key:1:prod"), `ssmcache: parameter "` + arn + `/app/key:1:prod": ` + selector},
		{parameter(arn + "/"), `ssmcache: parameter "` + arn + `/": ` + slash},
		{parameter(arn), `ssmcache: parameter "` + arn + `": ` + notARN},
		{parameter("arn:aws:ssm"), `ssmcache: parameter "arn:aws:ssm": ` + notARN},
		{parameter("arn:aws:ssm:us-east-1:123456789012:document/x"), `ssmcache: parameter "arn:aws:ssm:us-east-1:123456789012:document/x": ` + notARN},
		{parameter("arn:aws:other:us-east-1:123456789012:parameter/x"), `ssmcache: parameter "arn:aws:other:us-east-1:123456789012:parameter/x": ` + notARN},
		{
			parameter("arn:aws:secretsmanager:us-east-1:123456789012:secret:x"),
			`ssmcache: parameter "arn:aws:secretsmanager:us-east-1:123456789012:secret:x": ` + notARN,
		},
		{
			parameter("/app/key", foreign),
			`the entry for "/app/key" from ssm: othercache.Option is not an option of this source`,
		},
		{
			parameter("/app/key", lambdacache.Option{}),
			`the entry for "/app/key" from ssm: a zero lambdacache.Option is not an option of this source`,
		},
		{
			func() { ssmcache.Parameter[any]("/app/key") },
			`ssmcache.Parameter("/app/key"): nothing can be decoded into a value of type interface {}: ` +
				`use a concrete type, such as string, []byte or a struct for JSON`,
		},
		{
			func() { ssmcache.Parameter[chan int]("/app/key") },
			`ssmcache.Parameter("/app/key"): nothing can be decoded into a value of type chan int: ` +
				`use a concrete type, such as string, []byte or a struct for JSON`,
		},
		{
			func() { ssmcache.ParameterFunc[int]("/app/key", nil) },
			`ssmcache.ParameterFunc("/app/key"): the decoder is nil`,
		},
		{
			func() { ssmcache.ParameterFunc("", func(string) (int, error) { return 0, nil }) },
			`ssmcache: parameter "": ` + empty,
		},
		{set("", "/app/key"), `ssmcache.Parameters(""): a name and at least one parameter are required`},
		{set("config"), `ssmcache.Parameters("config"): a name and at least one parameter are required`},
		{set("config", "/app/key", ""), `ssmcache: parameter "": ` + empty},
		{
			set("config", "/app/key", "/other/key:3"),
			`ssmcache.Parameters("config"): /app/key and /other/key:3 have the same short name "key": declare one of them alone`,
		},
		{
			set("config", "/app/key", "/app/key"),
			`ssmcache.Parameters("config"): /app/key and /app/key have the same short name "key": declare one of them alone`,
		},
		{
			func() { ssmcache.Parameters("config", []string{"/app/a", "/app/b"}, lambdacache.Name("x")) },
			`ssmcache.Parameters("config"): lambdacache.Name would name every parameter: leave it out, the set has its name`,
		},
		{
			func() { ssmcache.Parameters("config", []string{"/app/a"}, foreign) },
			`the entry for "/app/a" from ssm: othercache.Option is not an option of this source`,
		},
	} {
		wantPanic(t, "lambdacache: "+test.panics, test.declare)
	}
	parameter(long[:2048])() // the longest that there is
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"/production/app/var":   "var",
		"/production/app/var:3": "var",
		"var:prod":              "var",
		arn + "/app/var:3":      "var",
		"/aws/reference/secretsmanager/db:AWSPREVIOUS": "db",
	} {
		if e := ssmcache.Parameter[string](name); e.Name() != want {
			t.Errorf("%s is named %q", name, e.Name())
		}
	}
	e := ssmcache.Parameter[string]("/app/var", lambdacache.Name("own"))
	want(t, "name", e.Name(), "own")
}

func TestMaxAgeOfOneParameter(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/short", "s")
	l.SSM.Put("/app/long", "l")
	short := ssmcache.Parameter[string]("/app/short", lambdacache.MaxAge(10*time.Second))
	long := ssmcache.Parameter[string]("/app/long", lambdacache.MaxAge(lambdacache.Forever))
	l.prefetch(short, long)
	l.clock.Advance(10 * time.Second)
	l.prefetch(short, long)
	want(t, "calls", strings.Join(l.asked(), "; "), "GetParameters /app/long,/app/short; GetParameters /app/short")
}
