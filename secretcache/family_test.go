package secretcache_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
)

func tenant(name string) string { return "prod/" + name }

func TestFamily(t *testing.T) {
	l := newLab(t)
	type creds struct{ User, Password string }
	for _, name := range []string{"acme", "umbrella", "initech"} {
		l.Secrets.PutString(tenant(name), fmt.Sprintf(`{"User":%q,"Password":%q}`, name, secret))
	}
	tenants := secretcache.Family[creds](tenant, lambdacache.MaxEntries(1000))
	if err := tenants.Prefetch(t.Context(), "acme", "umbrella", "initech"); err != nil {
		t.Fatal(err)
	}
	want(t, "calls", fmt.Sprint(l.asked()), "[BatchGetSecretValue prod/acme,prod/initech,prod/umbrella]")
	c, err := tenants.Get(t.Context(), "acme")
	if err != nil || c.User != "acme" {
		t.Error(err)
	}
	_, err = tenants.Get(t.Context(), "no body")
	wantError(t, err, `load "secretsmanager" from secretsmanager no body: a name has letters`)
	_, err = tenants.Get(t.Context(), "hooli")
	wantError(t, err, `load "hooli" from secretsmanager prod/hooli: `)
	if !errors.Is(err, lambdacache.ErrNotFound) {
		t.Error(err)
	}
	previous := secretcache.Family[creds](tenant, secretcache.Stage("AWSPREVIOUS"))
	_, err = previous.Get(t.Context(), "acme")
	wantError(t, err, "prod/acme?stage=AWSPREVIOUS")
}

// The date of a rotation is known as long as the secret is held, and no longer.
func TestFamilyUntilRotation(t *testing.T) {
	l := newLab(t)
	for _, name := range []string{"acme", "umbrella"} {
		l.rotatingIn(tenant(name), time.Hour)
	}
	tenants := secretcache.Family[string](tenant, lambdacache.MaxEntries(1), lambdacache.MaxAge(day), secretcache.UntilRotation())
	read := func(name string) {
		t.Helper()
		if _, err := tenants.Get(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	read("acme")
	read("acme")
	want(t, "calls", l.Calls(""), 2)
	want(t, "dates", l.Calls("DescribeSecret"), 1)
	l.clock.Advance(time.Hour - time.Second)
	read("acme")
	want(t, "calls before the date", l.Calls(""), 2)
	l.clock.Advance(time.Second)
	read("acme")
	want(t, "calls at the date", l.Calls("GetSecretValue"), 2)
	want(t, "dates", l.Calls("DescribeSecret"), 2)

	read("umbrella")
	want(t, "dates", l.Calls("DescribeSecret"), 3)
	read("acme") // it had to make room, and its date with it
	want(t, "dates", l.Calls("DescribeSecret"), 4)
}

// What somebody makes up does not fail the call that it would share.
func TestFamilyOfNoIDs(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString(tenant("acme"), secret)
	tenants := secretcache.Family[string](tenant)
	for _, made := range []string{"$", "größe", "\x00", "a*", strings.Repeat("a", 3000)} {
		tenants.Invalidate("acme")
		l.ResetCounts()
		wantError(t, tenants.Prefetch(t.Context(), "acme", made), "from secretsmanager ", ": a")
		want(t, made, fmt.Sprint(l.asked()), "[GetSecretValue prod/acme]")
	}
}

func TestWrongFamilies(t *testing.T) {
	wantPanic(t, "lambdacache: secretcache.Family: the function for the ids is nil", func() { secretcache.Family[int, string](nil) })
	wantPanic(t, `lambdacache: secretcache: secret "of a family": UntilRotation with VersionID: a version never changes; leave one of them out`,
		func() { secretcache.Family[int](tenant, secretcache.UntilRotation(), secretcache.VersionID("v")) })
}
