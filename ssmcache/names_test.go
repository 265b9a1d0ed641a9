package ssmcache_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

const arn = "arn:aws:ssm:us-east-1:123456789012:parameter"

// expect prefetches entries, which costs one call, and compares their values.
func expect(l *lab, values map[string]string) {
	l.t.Helper()
	var list []lambdacache.Cached
	entries := make(map[string]*lambdacache.Entry[string])
	for name := range values {
		entries[name] = ssmcache.Parameter[string](name)
		list = append(list, entries[name])
	}
	l.ResetCounts()
	l.prefetch(list...)
	want(l.t, "calls", strings.Join(l.asked(), "; "), "GetParameters "+strings.Join(slices.Sorted(slices.Values(trimmed(entries))), ","))
	for name, value := range values {
		want(l.t, name, get(l.t, entries[name]), value)
	}
	want(l.t, "calls", l.Calls(""), 1)
}

func trimmed(entries map[string]*lambdacache.Entry[string]) (names []string) {
	for name := range entries {
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

func TestVersionsAndLabelsInOneBatch(t *testing.T) {
	l := newLab(t)
	for _, value := range []string{"one", "two", "three", "four"} {
		l.SSM.Put("/app/key", value)
	}
	l.SSM.Label("/app/key", 1, "prod")
	l.SSM.Label("/app/key", 3, "beta", "x.y-z_1")
	expect(l, map[string]string{
		"/app/key":            "four",
		"/app/key:2":          "two",
		"/app/key:4":          "four",
		"/app/key:prod":       "one",
		"/app/key:beta":       "three",
		"/app/key:x.y-z_1":    "three",
		arn + "/app/key":      "four",
		arn + "/app/key:2":    "two",
		arn + "/app/key:prod": "one",
		" \t/app/key:3\n":     "three",
	})
}

// Answers come in alphabetical order, and a parameter may have no slash or a sibling
// whose name begins like its own.
func TestAnswersAreFoundByName(t *testing.T) {
	l := newLab(t)
	names := []string{"zeta", "/zeta", "alpha", "/app/k", "/app/k/k", "/app/k2", "/app/K"}
	values := make(map[string]string)
	for _, name := range names {
		l.SSM.Put(name, "value of "+name)
		values[name] = "value of " + name
	}
	expect(l, values)
}

// Another account's parameter of the same name is asked for by its ARN, and one's own
// by its name.
func TestSameNameInAnotherAccount(t *testing.T) {
	const other = "arn:aws:ssm:eu-west-1:999999999999:parameter"
	for range 10 { // in any order
		l := newLab(t)
		for _, name := range []string{"/app/k", other + "/app/k", other + "/app/k", other + "/lonely"} {
			l.SSM.Put(name, "value of "+name)
		}
		values := make(map[string]string)
		for _, name := range []string{"/app/k", other + "/app/k", other + "/app/k:1", other + "/lonely"} {
			values[name] = "value of " + strings.TrimSuffix(name, ":1")
		}
		expect(l, values)
	}

	l := newLab(t)
	l.SSM.Put("/app/k", "own")
	l.SSM.Put(other+"/app/k", "other")
	byName, byARN := ssmcache.Parameter[string]("/app/k"), ssmcache.Parameter[string](arn+"/app/k")
	foreign := ssmcache.Parameter[string](other + "/app/k")
	l.prefetch(byName, byARN, foreign) // which of the two the name means is not to be told
	want(t, "by name", get(t, byName), "own")
	want(t, "by ARN", get(t, byARN), "own")
	want(t, "other", get(t, foreign), "other")
	want(t, "calls", l.Calls(""), 2)
}

func TestSameParameterByNameAndARN(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "one")
	l.SSM.Put("plain", "two")
	expect(l, map[string]string{
		"/app/key": "one", arn + "/app/key": "one", arn + "/app/key:1": "one",
		"plain": "two", arn + "/plain": "two",
	})
}

func TestTrimmedNamesAreOneKey(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "value")
	a, b := ssmcache.Parameter[string](" /app/key\n"), ssmcache.Parameter[string]("/app/key")
	l.prefetch(a, b)
	want(t, "calls", strings.Join(l.asked(), "; "), "GetParameters /app/key")
	want(t, "name", a.Name(), "key")
	want(t, "loads", len(l.of(lambdacache.EventLoaded)), 1)
}

func TestPublicParameters(t *testing.T) {
	l := newLab(t)
	const name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
	l.SSM.Put(name, "ami-1")
	l.SSM.Put("/app/key", "value")
	expect(l, map[string]string{name: "ami-1", "/app/key": "value"})
}

func TestSecretsThroughParameterStore(t *testing.T) {
	l := newLab(t)
	old := l.Secrets.PutString("prod/db", "first")
	now := l.Secrets.PutString("prod/db", "second")
	l.SSM.Put("/app/key", "value")
	const prefix = "/aws/reference/secretsmanager/"
	expect(l, map[string]string{
		prefix + "prod/db":             "second",
		prefix + "prod/db:AWSCURRENT":  "second",
		prefix + "prod/db:AWSPREVIOUS": "first",
		prefix + "prod/db:" + old:      "first",
		"/app/key":                     "value",
	})
	e := ssmcache.Parameter[string](prefix + "prod/db")
	get(t, e)
	want(t, "version", e.Version(), now)
	want(t, "name", e.Name(), "db")
}

func TestBinarySecretThroughParameterStore(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutBinary("key", []byte(secret))
	l.SSM.Put("/app/key", "value")
	neighbour := ssmcache.Parameter[string]("/app/key")
	err := lambdacache.Prefetch(t.Context(), neighbour, ssmcache.Parameter[[]byte]("/aws/reference/secretsmanager/key"))
	wantError(t, err)
	want(t, "error", err.Error(), `lambdacache: load "key" from ssm /aws/reference/secretsmanager/key: `+
		"the parameter has no text: a binary secret cannot be read through Parameter Store, declare it with secretcache.Secret")
	want(t, "neighbour", get(t, neighbour), "value")
	want(t, "calls", l.Calls(""), 1)
}

func TestNamesThatAreNotThere(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "value")
	there := ssmcache.Parameter[string]("/app/key")
	list := []lambdacache.Cached{there}
	missing := []string{
		"/app/none", "/app/key:7", "/app/key:prod", arn + "/app/none", arn + "/app/key:7", "/aws/reference/secretsmanager/none",
	}
	for _, name := range missing {
		list = append(list, ssmcache.Parameter[string](name))
	}
	err := lambdacache.Prefetch(t.Context(), list...)
	want(t, "calls", l.Calls(""), 1)
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != len(missing) {
		t.Fatalf("not %d failures: %v", len(missing), err)
	}
	for i, f := range failed.Failures {
		want(t, "key", f.Key, missing[i])
		want(t, "cause of "+f.Key, f.Err.Error(), "ParameterNotFound: there is no such parameter, version or label in this account and Region")
		want(t, "ErrNotFound", errors.Is(f, lambdacache.ErrNotFound), true)
	}
	want(t, "neighbour", get(t, there), "value")
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)

	l.SSM.Put("/app/none", "found")
	l.ResetCounts()
	want(t, "put since", get(t, list[1].(*lambdacache.Entry[string])), "found")
	want(t, "calls", l.Calls("GetParameters"), 1)
}
