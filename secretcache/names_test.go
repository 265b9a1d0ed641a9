package secretcache_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
)

const (
	arn   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
	other = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:"
)

// same prefetches several names of secrets, and compares the values.
func same(l *lab, calls string, values map[string]string) {
	l.t.Helper()
	var list []lambdacache.Cached
	entries := make(map[string]*lambdacache.Entry[string])
	for id := range values {
		entries[id] = secretcache.Secret[string](id)
		list = append(list, entries[id])
	}
	l.ResetCounts()
	l.prefetch(list...)
	for id, value := range values {
		want(l.t, id, get(l.t, entries[id]), value)
	}
	var asked []string
	for _, call := range l.asked() {
		operation, _, _ := strings.Cut(call, " ")
		asked = append(asked, operation)
	}
	want(l.t, "calls", strings.Join(asked, " "), calls)
}

func TestOneSecretByItsNames(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("prod/db", "value")
	full := l.Secrets.ARN("prod/db")
	for _, id := range []string{"prod/db", full, arn + "prod/db", " prod/db\n"} {
		same(l, "GetSecretValue", map[string]string{id: "value"})
	}
}

func TestNameAndARNInOneBatch(t *testing.T) {
	l := newLab(t)
	for _, name := range []string{"prod/db", "prod/db2", "prod/db-two", "prod", "rds!cluster-1", "odd/_+=.@-name"} {
		l.Secrets.PutString(name, "value of "+name)
	}
	same(l, "BatchGetSecretValue", map[string]string{
		"prod/db":                "value of prod/db",
		l.Secrets.ARN("prod/db"): "value of prod/db",
		arn + "prod/db":          "value of prod/db",
		"prod/db2":               "value of prod/db2",
		"prod/db-two":            "value of prod/db-two",
		"prod":                   "value of prod",
		"rds!cluster-1":          "value of rds!cluster-1",
		arn + "odd/_+=.@-name":   "value of odd/_+=.@-name",
	})
}

// Another account's secret of the same name is asked for by its ARN, and one's own by
// its name.
func TestSameNameInAnotherAccount(t *testing.T) {
	for _, name := range []string{"prod/db", "a/db"} { // answered before an ARN, and after it
		l := newLab(t)
		full := other + name + "-AbCdEf"
		l.Secrets.PutString(name, "own")
		l.Secrets.PutString(full, "other")
		same(l, "BatchGetSecretValue", map[string]string{name: "own", full: "other"})
		same(l, "BatchGetSecretValue", map[string]string{name: "own", other + name: "other"})
		// Which of the two the name means is not to be told: it is asked for alone.
		same(l, "BatchGetSecretValue GetSecretValue", map[string]string{name: "own", full: "other", arn + name: "own"})

		l.Secrets.PageSize(1) // and the other one left over
		same(l, "BatchGetSecretValue GetSecretValue", map[string]string{name: "own", full: "other"})
	}
}

func TestOtherAccountsSecretIsNotOnesOwn(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString(other+"prod/db-AbCdEf", secret)
	own, foreign := secretcache.Secret[string]("prod/db"), secretcache.Secret[string](other+"prod/db-AbCdEf")
	err := lambdacache.Prefetch(t.Context(), own, foreign)
	want(t, "key", wantOneFailure(t, err).Key, "prod/db")
	want(t, "ErrNotFound", errors.Is(err, lambdacache.ErrNotFound), true)
	want(t, "calls", l.Calls(""), 1)
}

func TestStageAndVersionID(t *testing.T) {
	l := newLab(t)
	first := l.Secrets.PutString("prod/db", "first")
	second := l.Secrets.PutString("prod/db", "second")
	pending := l.Secrets.PutString("prod/db", "third", "AWSPENDING")
	l.Secrets.Stage("prod/db", "mine", first)
	l.Secrets.PutString("prod/other", "x")

	for _, test := range []struct {
		value, version, key string
		opts                []lambdacache.Option
	}{
		{"second", second, "prod/db?stage=AWSCURRENT", []lambdacache.Option{secretcache.Stage("AWSCURRENT")}},
		{"first", first, "prod/db?stage=AWSPREVIOUS", []lambdacache.Option{secretcache.Stage("AWSPREVIOUS")}},
		{"third", pending, "prod/db?stage=AWSPENDING", []lambdacache.Option{secretcache.Stage("AWSPENDING")}},
		{"first", first, "prod/db?stage=mine", []lambdacache.Option{secretcache.Stage("mine")}},
		{"first", first, "prod/db?version=" + first, []lambdacache.Option{secretcache.VersionID(first)}},
		{"third", pending, "prod/db?version=" + pending, []lambdacache.Option{secretcache.VersionID(pending)}},
		{"first", first, "prod/db?stage=mine&version=" + first, []lambdacache.Option{secretcache.VersionID(first), secretcache.Stage("mine")}},
	} {
		e := secretcache.Secret[string]("prod/db", test.opts...)
		want(t, "value of "+test.key, get(t, e), test.value)
		want(t, "version of "+test.key, e.Version(), test.version)
		loaded := l.of(lambdacache.EventLoaded)
		want(t, "key", loaded[len(loaded)-1].Key, test.key)
	}
	none := secretcache.Secret[string]("prod/db", secretcache.Stage("none"), lambdacache.Name("pinned"))
	fails(t, none, `lambdacache: load "pinned" from secretsmanager prod/db?stage=none: GetSecretValue: ResourceNotFoundException: `)
	want(t, "batches", l.Calls("BatchGetSecretValue"), 0)
}

// The batched call knows current versions only.
func TestPinnedOnesAreNeverBatched(t *testing.T) {
	l := newLab(t)
	var list []lambdacache.Cached
	for _, name := range []string{"a", "b", "c"} {
		version := l.Secrets.PutString(name, "first of "+name)
		l.Secrets.PutString(name, "second of "+name)
		list = append(list,
			secretcache.Secret[string](name),
			secretcache.Secret[string](name, secretcache.Stage("AWSPREVIOUS"), lambdacache.Name(name+" before")),
			secretcache.Secret[string](name, secretcache.VersionID(version), lambdacache.Name(name+" then")))
	}
	for range 2 {
		l.ResetCounts()
		l.prefetch(list...)
		want(t, "batches", l.Calls("BatchGetSecretValue"), 1)
		want(t, "single calls", l.Calls("GetSecretValue"), 6)
		l.due()
	}
	want(t, "current", get(t, list[0].(*lambdacache.Entry[string])), "second of a")
	want(t, "previous", get(t, list[1].(*lambdacache.Entry[string])), "first of a")
	want(t, "version", get(t, list[2].(*lambdacache.Entry[string])), "first of a")
}
