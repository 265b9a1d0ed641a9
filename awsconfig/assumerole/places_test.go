package assumerole_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// A name in two Regions, of two accounts, is four entries with four values; those of
// one place share a call, those of two never do.
func TestARegionAndARoleArePartOfWhatIsLoaded(t *testing.T) {
	l := newLab(t)
	type pair struct{ first, second *lambdacache.Entry[string] }
	parameters := func(opts ...lambdacache.Option) pair {
		return pair{ssmcache.Parameter[string]("/prod/key", opts...), ssmcache.Parameter[string]("/prod/second", opts...)}
	}
	secrets := func(opts ...lambdacache.Option) pair {
		return pair{secretcache.Secret[string]("prod/db", opts...), secretcache.Secret[string]("prod/second", opts...)}
	}
	role := assumerole.Role(reader)
	pairs := map[string]pair{
		"parameter of " + cachetest.Account + " in us-east-1": parameters(),
		"parameter of " + cachetest.Account + " in eu-west-1": parameters(ssmcache.Region(ireland)),
		"parameter of 222222222222 in us-east-1":              parameters(ssmcache.Config(role)),
		"parameter of 222222222222 in eu-west-1":              parameters(ssmcache.Config(role), ssmcache.Region(ireland)),
		"secret of " + cachetest.Account + " in us-east-1":    secrets(),
		"secret of " + cachetest.Account + " in eu-west-1":    secrets(secretcache.Region(ireland)),
		"secret of 222222222222 in us-east-1":                 secrets(secretcache.Config(role)),
		"secret of 222222222222 in eu-west-1":                 secrets(secretcache.Region(ireland), secretcache.Config(role)),
	}
	var all []lambdacache.Cached
	for _, p := range pairs {
		all = append(all, p.first, p.second)
	}
	if l.Calls("") != 0 {
		t.Error("a declaration makes calls")
	}
	l.prefetch(all...)
	want(t, "calls", l.asked(), lines(
		"AssumeRole "+reader+" caller us-east-1",
		"BatchGetSecretValue prod/db,prod/second caller eu-west-1",
		"BatchGetSecretValue prod/db,prod/second caller us-east-1",
		"BatchGetSecretValue prod/db,prod/second reader eu-west-1",
		"BatchGetSecretValue prod/db,prod/second reader us-east-1",
		"GetParameters /prod/key,/prod/second caller eu-west-1",
		"GetParameters /prod/key,/prod/second caller us-east-1",
		"GetParameters /prod/key,/prod/second reader eu-west-1",
		"GetParameters /prod/key,/prod/second reader us-east-1",
	))
	for value, p := range pairs {
		want(t, "value", get(t, p.first), value)
	}
}

func TestObjectsAndFilesOfARoleAndARegion(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	l := newLab(t)
	role := assumerole.Role(reader)
	object := s3cache.Object[string]("s3://models/m.bin", s3cache.Config(role), s3cache.Region(ireland))
	file := s3cache.File("s3://models/m.bin", s3cache.Config(role))
	home := s3cache.Object[string]("s3://models/m.bin")
	l.prefetch(object, file, home)
	want(t, "calls", l.asked(), lines(
		"AssumeRole "+reader+" caller us-east-1",
		"GetObject models/m.bin caller us-east-1",
		"GetObject models/m.bin reader eu-west-1",
		"GetObject models/m.bin reader us-east-1",
	))
	want(t, "object", get(t, object), "object")
}

// The same role is the same session, whoever declares it; another external id, name or
// duration is another.
func TestTheSameRoleIsTheSameSession(t *testing.T) {
	l := newLab(t)
	l.STS.PutRole(other, "id-1")
	a := ssmcache.Parameter[string]("/prod/key", ssmcache.Config(assumerole.Role(reader)))
	b := ssmcache.Parameter[string]("/prod/second", ssmcache.Config(assumerole.Role(reader)))
	c := ssmcache.Parameter[string]("/prod/key", ssmcache.Config(assumerole.Role(other, assumerole.ExternalID("id-1"))))
	set := ssmcache.Parameters("set", []string{"/prod/key", "/prod/second"}, ssmcache.Config(assumerole.Role(reader)))
	l.prefetch(a, b, c, set)
	want(t, "calls", l.asked(), lines(
		"AssumeRole "+reader+" caller us-east-1",
		"AssumeRole "+other+" caller us-east-1",
		"GetParameters /prod/key other us-east-1",
		"GetParameters /prod/key,/prod/second reader us-east-1",
	))
	first, again := assumerole.Role(reader), assumerole.Role(reader)
	if first != again || first == assumerole.Role(reader, assumerole.SessionName("mine")) {
		t.Error("sessions are told apart by something else than their settings")
	}
}

// What is called alike is told apart in errors and events by where it is loaded.
func TestErrorsSayWhereAndAsWhom(t *testing.T) {
	l := newLab(t)
	var sources []string
	lambdacache.Observe(func(e lambdacache.Event) { sources = append(sources, e.Source) })
	e := ssmcache.Parameter[string]("/not/there", ssmcache.Region(ireland), ssmcache.Config(assumerole.Role(reader)))
	_, err := e.Get(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	source := "ssm in eu-west-1 as " + reader
	want(t, "error", err.Error(), `lambdacache: load "there" from `+source+` /not/there: `+
		"ParameterNotFound: there is no such parameter, version or label in this account and Region")
	if len(sources) != 1 || sources[0] != source {
		t.Errorf("events of %q", sources)
	}
	l.SSM.In(account, ireland).Put("/not/there", "v")
	want(t, "value", get(t, e), "v")
}
