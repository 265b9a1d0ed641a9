package ssmcache_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Level decodes itself.
type Level int

func (l *Level) UnmarshalText(text []byte) error {
	if string(text) != "high" {
		return fmt.Errorf("no level: %s", text)
	}
	*l = 3
	return nil
}

type common struct {
	Region string `ssm:"region"`
}

type settings struct {
	common                               // its field counts as one of these
	Hosts   []string                     `ssm:"hosts"`
	Joined  string                       `ssm:"joined"`
	Timeout time.Duration                `ssm:"timeout"`
	Level   Level                        `ssm:"level"`
	Limit   *int                         `ssm:"limit,optional"`
	Raw     []byte                       `ssm:"deep/er/raw"`
	JSON    struct{ N int }              `ssm:"json"`
	Token   lambdacache.Redacted[string] `ssm:"token"`
	DB      struct {
		Host string `ssm:"host"`
		Port uint16 `ssm:"port,optional"`
	} `ssm:"db/"`
	Replica struct {
		Host string `ssm:"host"`
	} `ssm:"replica/,optional"`
	Flags   map[string]bool   `ssm:"flags/"`
	Lists   map[Word][]string `ssm:"lists/"`
	Rest    ssmcache.Set      `ssm:"rest/"`
	Alone   string            // has no tag
	Skipped struct{ common }  `ssm:"-"`
	hidden  string
}

type Word string

func putSettings(l *lab, root string) {
	for name, value := range map[string]string{
		"region": "r", "timeout": "1m30s", "level": "high", "deep/er/raw": "bytes", "json": `{"N":7}`,
		"db/host": "h", "db/port": "5432", "flags/a": "true", "flags/b/c": "false", "rest/x": "1", "unknown": "not wanted",
	} {
		l.SSM.Put(root+name, value)
	}
	l.SSM.PutSecure(root+"token", secret)
	l.SSM.PutList(root+"hosts", "a", "", "b")
	l.SSM.PutList(root+"joined", "c", "d")
	l.SSM.PutList(root+"lists/one", "e", "f")
}

func TestFields(t *testing.T) {
	l := newLab(t)
	putSettings(l, "/fields/")
	e := ssmcache.Path[settings]("/fields")
	s := get(t, e)
	want(t, "by type", fmt.Sprintf("%s %q %s %v %d %s %d", s.Region, s.Hosts, s.Joined, s.Timeout, s.Level, s.Raw, s.JSON.N),
		`r ["a" "" "b"] c,d 1m30s 3 bytes 7`)
	want(t, "redacted", s.Token.Reveal() == secret && fmt.Sprint(s.Token) == "[redacted]", true)
	want(t, "below a name", fmt.Sprint(s.DB, s.Flags, s.Lists, shown(s.Rest)), "{h 5432} map[a:true b/c:false] map[one:[e f]]x=1")
	want(t, "optional and not there", s.Limit == nil && s.Replica.Host == "", true)
	want(t, "left alone", s.Alone+s.hidden+s.Skipped.Region, "")

	l.SSM.Put("/fields/limit", "5")
	l.SSM.Put("/fields/replica/host", "h2")
	l.SSM.Delete("/fields/db/port")
	l.SSM.Delete("/fields/flags/a")
	l.SSM.Delete("/fields/rest/x")
	l.due()
	s = get(t, e)
	want(t, "when they are there", fmt.Sprint(*s.Limit, s.Replica), "5 {h2}")
	want(t, "when they are not", fmt.Sprint(s.DB, s.Flags, len(shown(s.Rest))), "{h 0} map[b/c:false] 0")
}

// One error names all that is wrong, and no value; the old values stay.
func TestFieldsThatDoNotFit(t *testing.T) {
	l := newLab(t)
	type config struct {
		Hosts []string        `ssm:"hosts"`
		Limit int             `ssm:"limit"`
		Max   int             `ssm:"max"`
		Level Level           `ssm:"level"`
		JSON  struct{ N int } `ssm:"json"`
		DB    struct {
			Host string `ssm:"host"`
		} `ssm:"db/,optional"`
		Flags map[string]bool `ssm:"flags/"`
	}
	good := func() {
		l.SSM.PutList("/fit/hosts", "a")
		for name, value := range map[string]string{"limit": "1", "max": "2", "level": "high", "json": "{}", "flags/a": "true"} {
			l.SSM.Put("/fit/"+name, value)
		}
	}
	good()
	e := ssmcache.Path[config]("/fit/")
	get(t, e)
	version := e.Version()

	l.SSM.Put("/fit/hosts", secret)
	l.SSM.PutSecure("/fit/limit", secret)
	l.SSM.Delete("/fit/max")
	for _, name := range []string{"level", "json", "flags/a", "flags/b", "db/other"} {
		l.SSM.Put("/fit/"+name, secret)
	}
	l.due()
	err := fails(t, e)
	want(t, "ErrDecode", errors.Is(err, lambdacache.ErrDecode), true)
	want(t, "error", err.Error(), `lambdacache: load "fit" from ssm /fit/: cannot decode: `+strings.Join([]string{
		"/fit/hosts (field Hosts): the parameter is a String, and only a StringList becomes a []string: declare string, or change the parameter",
		"/fit/limit (field Limit): not a valid int",
		"/fit/max (field Max): there is no such parameter: put one there, or mark the field as optional",
		"/fit/level (field Level): not a valid ssmcache_test.Level: its decoder failed with a *errors.errorString",
		"/fit/json (field JSON): not JSON of a struct { N int }: malformed at byte 1",
		"/fit/db/host (field DB.Host): there is no such parameter: put one there, or mark the field as optional",
		"/fit/flags/a (field Flags): not a valid bool",
		"/fit/flags/b (field Flags): not a valid bool",
	}, "; "))
	want(t, "version", e.Version(), version)
	want(t, "age", e.Stats().Age, lambdacache.DefaultMaxAge)

	for _, name := range []string{"flags/b", "db/other", "hosts"} {
		l.SSM.Delete("/fit/" + name)
	}
	good()
	want(t, "value afterwards", get(t, e).Max, 2)
}

func TestMissingWithALabel(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/labelled/limit", "1")
	type config struct {
		Limit int `ssm:"limit"`
	}
	fails(t, ssmcache.Path[config]("/labelled/", ssmcache.Label("prod")), `load "labelled" from ssm /labelled/?label=prod: cannot decode: `+
		"/labelled/limit (field Limit): there is no such parameter with the label prod: put one there")
}

func TestMapsOfParameters(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/map/a", "1")
	l.SSM.PutList("/map/b/c", "2", "3")
	want(t, "texts", fmt.Sprint(get(t, ssmcache.Path[map[string]string]("/map/"))), "map[a:1 b/c:2,3]")
	want(t, "an empty one is not nil", get(t, ssmcache.Path[map[string]string]("/map/nothing")) != nil, true)
	fails(t, ssmcache.Path[map[string]int]("/map/"), "cannot decode: /map/b/c: not a valid int")
	fails(t, ssmcache.Path[map[string][]string]("/map/"), "cannot decode: /map/a: the parameter is a String, and only a StringList becomes a []string")
}

func TestFixedPath(t *testing.T) {
	type config struct {
		Limit int `ssm:"limit"`
	}
	app, set := ssmcache.Path[config]("/fixed/"), ssmcache.Path[ssmcache.Set]("/fixed/")
	ctx := cachetest.Context(t, cachetest.Fixed(app, config{5}), cachetest.Fixed(set, ssmcache.NewSet(map[string]string{"db/host": "h"}, nil)))
	want(t, "values", fmt.Sprint(app.Value(ctx).Limit, set.Value(ctx).Text("db/host")), "5h")
}
