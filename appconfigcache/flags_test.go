package appconfigcache_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

const someFlags = `{
	"new-checkout": {"enabled": true, "limit": 10, "share": 0.5, "colour": "red", "hosts": ["a", "b"], "sizes": [1, 2],
		"pause": "1m", "loud": true, "digits": "7", "none": null},
	"dark": {"enabled": false, "limit": 5},
	"plain": {"enabled": true}
}`

func TestFlags(t *testing.T) {
	l := newLab(t)
	l.put(someFlags)
	e := appconfigcache.Flags("app", "prod", l.profile())
	for _, set := range []appconfigcache.FlagSet{get(t, e), appconfigcache.NewFlagSet(someFlags)} {
		want(t, "names", strings.Join(slices.Collect(set.Names()), " "), "dark new-checkout plain")
		want(t, "a flag that is on", set.Enabled("new-checkout"), true)
		want(t, "a flag that is off", set.Enabled("dark"), false)
		want(t, "no flag", set.Enabled("missing"), false)

		want(t, "int", appconfigcache.Attribute(set, "new-checkout", "limit", 1), 10)
		want(t, "int as text", appconfigcache.Attribute(set, "new-checkout", "limit", ""), "10")
		want(t, "int of a text", appconfigcache.Attribute(set, "new-checkout", "digits", 1), 7)
		want(t, "float", appconfigcache.Attribute(set, "new-checkout", "share", 1.0), 0.5)
		want(t, "string", appconfigcache.Attribute(set, "new-checkout", "colour", "blue"), "red")
		want(t, "bool", appconfigcache.Attribute(set, "new-checkout", "loud", false), true)
		want(t, "duration", appconfigcache.Attribute(set, "new-checkout", "pause", time.Second), time.Minute)
		want(t, "strings", strings.Join(appconfigcache.Attribute(set, "new-checkout", "hosts", []string{}), "+"), "a+b")
		want(t, "numbers", len(appconfigcache.Attribute(set, "new-checkout", "sizes", []int{})), 2)

		want(t, "no flag", appconfigcache.Attribute(set, "missing", "limit", 1), 1)
		want(t, "of a flag that is off", appconfigcache.Attribute(set, "dark", "limit", 1), 1)
		want(t, "no attribute", appconfigcache.Attribute(set, "plain", "limit", 1), 1)
		want(t, "null", appconfigcache.Attribute(set, "new-checkout", "none", 1), 1)
		want(t, "null as text", appconfigcache.Attribute(set, "new-checkout", "none", "nothing"), "nothing")
		want(t, "another type", appconfigcache.Attribute(set, "new-checkout", "colour", 1), 1)
		want(t, "another shape", len(appconfigcache.Attribute(set, "new-checkout", "limit", []string{"x"})), 1)
	}
	l.put(`{"dark":{"enabled":true}}`)
	l.due()
	want(t, "after a change", get(t, e).Enabled("dark"), true)
	want(t, "of nothing", appconfigcache.FlagSet{}.Enabled("dark"), false)
	want(t, "names of nothing", len(slices.Collect(appconfigcache.FlagSet{}.Names())), 0)
	wantPanic(t, `lambdacache: appconfigcache.Attribute("f", "a"): nothing can be decoded into a value of type interface {}: use a concrete type, such as string, []byte or a struct for JSON`,
		func() { appconfigcache.Attribute[any](appconfigcache.FlagSet{}, "f", "a", nil) })
}

func TestProfilesThatHoldNoFlags(t *testing.T) {
	l := newLab(t)
	l.put(someFlags)
	e := appconfigcache.Flags("app", "prod", l.profile())
	get(t, e)
	for body, reason := range map[string]string{
		`{"` + secret + `":{"limit":1}}`:                                 `a flag has no "enabled" that is true or false: declare Configuration for a profile that holds no feature flags`,
		`{"` + secret + `":{"enabled":"` + secret + `"}}`:                `a flag has no "enabled" that is true or false`,
		`{"` + secret + `":null}`:                                        `a flag has no "enabled" that is true or false`,
		`{"` + secret + `":{"_variants":[{"name":"a","enabled":true}]}}`: "has variants, which the AppConfig agent chooses from",
		"null":               "the profile is null",
		`{"limit":1}`:        "not JSON of a appconfigcache.flags: what ends at byte 10 is no appconfigcache.flag",
		secret:               "not JSON of a appconfigcache.flags: malformed at byte 1",
		`["` + secret + `"]`: "not JSON of a appconfigcache.flags",
	} {
		l.put(body)
		l.due()
		fails(t, e, reason)
	}
	wantPanic(t, "lambdacache: appconfigcache.NewFlagSet: not JSON of a appconfigcache.flags: malformed at byte 1",
		func() { appconfigcache.NewFlagSet(secret) })
}

// A FlagSet is never left empty, whatever it is declared by.
func TestFlagSetByOtherMeans(t *testing.T) {
	l := newLab(t)
	l.put(`{"dark":{"enabled":true}}`)
	want(t, "Configuration", get(t, appconfigcache.Configuration[appconfigcache.FlagSet]("app", "prod", l.profile())).Enabled("dark"), true)
	want(t, "behind a pointer", get(t, appconfigcache.Configuration[*appconfigcache.FlagSet]("app", "prod", l.profile())).Enabled("dark"), true)
	var within struct{ Flags appconfigcache.FlagSet }
	if err := json.Unmarshal([]byte(`{"Flags":{"dark":{"enabled":true}}}`), &within); err != nil {
		t.Fatal(err)
	}
	want(t, "in a struct", within.Flags.Enabled("dark"), true)
	l.put(`{"` + secret + `":{"limit":1}}`)
	l.due()
	fails(t, appconfigcache.Configuration[appconfigcache.FlagSet]("app", "prod", l.profile(), lambdacache.Name("wrong")),
		`cannot decode: a flag has no "enabled" that is true or false`)
}

func TestFlagSetIsNotShown(t *testing.T) {
	set := appconfigcache.NewFlagSet(`{"f":{"enabled":true,"key":"` + secret + `"}}`)
	type inside struct{ set appconfigcache.FlagSet }
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("flags", "set", set)
	asJSON, err := json.Marshal(map[string]any{"set": set})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %d", set, set, set, set, set), fmt.Sprintf("%+v %#v", inside{set}, &inside{set}), log.String(), string(asJSON)} {
		if strings.Contains(text, secret) {
			t.Errorf("it shows: %s", text)
		}
	}
	want(t, "printed", fmt.Sprint(set), "[redacted]")
}

// A handler is tested without AWS.
func TestFixedFlags(t *testing.T) {
	flags := appconfigcache.Flags("app", "prod", "flags")
	ctx := cachetest.Context(t, cachetest.Fixed(flags, appconfigcache.NewFlagSet(`{"dark":{"enabled":true}}`)))
	want(t, "dark", flags.Value(ctx).Enabled("dark"), true)
	want(t, "by name", lambdacache.Value[appconfigcache.FlagSet](ctx, "flags").Enabled("dark"), true)
}
