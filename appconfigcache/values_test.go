package appconfigcache_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

func TestValuesFollowTheType(t *testing.T) {
	l := newLab(t)
	check := func(profile, body string, got func() any, want any) {
		l.AppConfig.Put("values", "prod", profile, body)
		if v := got(); v != want {
			t.Errorf("%s: got %v, want %v", profile, v, want)
		}
	}
	check("text", " v ", func() any { return get(t, appconfigcache.Configuration[string]("values", "prod", "text")) }, " v ")
	check("bytes", "v", func() any { return string(get(t, appconfigcache.Configuration[[]byte]("values", "prod", "bytes"))) }, "v")
	check("number", "42\n", func() any { return get(t, appconfigcache.Configuration[int]("values", "prod", "number")) }, 42)
	check("duration", "1m", func() any { return get(t, appconfigcache.Configuration[time.Duration]("values", "prod", "duration")) }, time.Minute)
	check("address", "::1", func() any { return get(t, appconfigcache.Configuration[netip.Addr]("values", "prod", "address")) }, netip.IPv6Loopback())
	check("list", `["a","b"]`, func() any {
		return strings.Join(get(t, appconfigcache.Configuration[[]string]("values", "prod", "list")), "+")
	}, "a+b")
	check("json", `{"limit":7}`, func() any {
		return get(t, appconfigcache.Configuration[struct{ Limit int }]("values", "prod", "json")).Limit
	}, 7)
	check("func", "a: 1", func() any {
		return get(t, appconfigcache.ConfigurationFunc("values", "prod", "func", func(body []byte) (string, error) {
			return strings.ToUpper(string(body)), nil
		}))
	}, "A: 1")
	check("empty", "", func() any { return get(t, appconfigcache.Configuration[string]("values", "prod", "empty")) }, "")
}

// An empty configuration is one: the first answer of a session is never "unchanged".
func TestEmptyConfiguration(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	e := l.text()
	get(t, e)
	l.put("")
	l.due()
	want(t, "on a session that has given another", get(t, e), "v1") // the service does not tell it from unchanged
	want(t, "of a new session", refresh(t, e), "")
	l.due()
	want(t, "unchanged since", get(t, e), "")
	want(t, "unchanged", e.Stats().Unchanged, 2)
}

// The version is the label and the body, as far as there is one.
func TestVersion(t *testing.T) {
	l := newLab(t)
	deploy := func(body, label string) {
		l.AppConfig.Deploy("app", "prod", l.profile(), body, cachetest.AppConfigVersion{Label: label, ContentType: "text/plain"})
		l.due()
	}
	e := l.text()
	deploy("v1", "")
	get(t, e)
	want(t, "without a label", e.Version(), "3bfc269594ef6492")
	deploy("v1", "release-1")
	get(t, e)
	want(t, "with a label", e.Version(), "release-1@3bfc269594ef6492")
	l.due()
	get(t, e)
	want(t, "unchanged", e.Version(), "release-1@3bfc269594ef6492")
	deploy("v2", "release-1") // a label that was given twice
	want(t, "value", get(t, e), "v2")
	if v := e.Version(); !strings.HasPrefix(v, "release-1@") || v == "release-1@3bfc269594ef6492" {
		t.Errorf("another body, and the version %q", v)
	}
}

func TestKeys(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Do: cachetest.Error(404, "ResourceNotFoundException", "no")})
	for _, c := range []struct{ app, env, profile, key string }{
		{"shop", "prod", "flags", " shop/prod/flags: "},
		{"my shop", "prod", "all flags", " my shop/prod/all flags: "},
		{"a/b", "c", "d%2Fe", " a%2Fb/c/d%252Fe: "},
		{"a", "b/c", "d%2Fe", " a/b%2Fc/d%252Fe: "},
	} {
		e := appconfigcache.Configuration[string](c.app, c.env, c.profile)
		want(t, "name", e.Name(), c.profile)
		fails(t, e, c.key)
		requests := l.Requests()
		want(t, "asked for", requests[len(requests)-1].Keys[0], c.app+"/"+c.env+"/"+c.profile)
	}
	want(t, "a name of its own", appconfigcache.Configuration[string]("a", "b", "c", lambdacache.Name("mine")).Name(), "mine")
}

func TestDeclarationsThatPanic(t *testing.T) {
	config := func(app, env, profile string) func() {
		return func() { appconfigcache.Configuration[string](app, env, profile) }
	}
	const where = `lambdacache: appconfigcache.Configuration(`
	wantPanic(t, where+`"", "prod", "x"): the application is empty: write its name or id`, config("", "prod", "x"))
	wantPanic(t, where+`"app", "", "x"): the environment is empty: write its name or id`, config("app", "", "x"))
	wantPanic(t, where+`"app", "prod", ""): the configuration profile is empty: write its name or id`, config("app", "prod", ""))
	wantPanic(t, where+`"app", "prod ", "x"): the environment begins or ends with white space, or has a line break in it`, config("app", "prod ", "x"))
	wantPanic(t, where+`"app", "a\nb", "x"): the environment begins or ends with white space, or has a line break in it`, config("app", "a\nb", "x"))
	wantPanic(t, where+`"arn:aws:appconfig:eu-west-1:1:application/a", "prod", "x"): the application is an ARN: write its name or id`,
		config("arn:aws:appconfig:eu-west-1:1:application/a", "prod", "x"))
	long := strings.Repeat("é", 129)
	wantPanic(t, where+`"app", "prod", "`+long+`"): the configuration profile has more than 128 characters`, config("app", "prod", long))
	config("app", "prod", long[2:])()
	wantPanic(t, where+`"app", "prod", "x"): nothing can be decoded into a value of type interface {}: use a concrete type, such as string, []byte or a struct for JSON`,
		func() { appconfigcache.Configuration[any]("app", "prod", "x") })
	wantPanic(t, `lambdacache: appconfigcache.ConfigurationFunc("app", "prod", "x"): the decoder is nil: write appconfigcache.Configuration to decode by type`,
		func() { appconfigcache.ConfigurationFunc[string]("app", "prod", "x", nil) })
	wantPanic(t, `lambdacache: appconfigcache.Flags("app", "", "x"): the environment is empty: write its name or id`,
		func() { appconfigcache.Flags("app", "", "x") })
	other := lambdacache.NewOptionKind[int]("others.Option")
	wantPanic(t, `lambdacache: the entry for "app/prod/x" from appconfig: others.Option is not an option of this source`,
		func() { appconfigcache.Flags("app", "prod", "x", other.With(1)) })
}
