package assumerole_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	leftover.Main(m)
}

const (
	account = "222222222222"
	reader  = "arn:aws:iam::" + account + ":role/app/reader"
	other   = "arn:aws:iam::" + account + ":role/other"
	ireland = "eu-west-1"
)

// lab is a fake AWS with a role to assume, and a clock, of one test.
type lab struct {
	*cachetest.AWS
	t     *testing.T
	clock *cachetest.Clock
}

func newLab(t *testing.T) *lab {
	t.Helper()
	testlab.Landed() // of the test before
	l := &lab{AWS: cachetest.NewAWS(t), t: t}
	cachetest.Reset(t)
	l.clock = cachetest.NewClock(t)
	l.STS.PutRole(reader, "")
	l.S3.Put("models", "m.bin", []byte("object"))
	for _, a := range []string{cachetest.Account, account} {
		for _, r := range []string{cachetest.Region, ireland} {
			l.SSM.In(a, r).Put("/prod/key", "parameter of "+a+" in "+r)
			l.SSM.In(a, r).Put("/prod/second", "second of "+a+" in "+r)
			l.Secrets.In(a, r).PutString("prod/db", "secret of "+a+" in "+r)
			l.Secrets.In(a, r).PutString("prod/second", "second of "+a+" in "+r)
			l.AppConfig.In(a, r).Put("shop", "prod", "flags", "flags of "+a+" in "+r)
			l.Dynamo.In(a, r).CreateTable("tenants", "pk")
			l.Dynamo.In(a, r).Put("tenants", map[string]any{"pk": "a", "value": "item of " + a + " in " + r})
		}
	}
	return l
}

// prefetch loads what is due, which must succeed.
func (l *lab) prefetch(entries ...lambdacache.Cached) {
	l.t.Helper()
	if err := lambdacache.Prefetch(l.t.Context(), entries...); err != nil {
		l.t.Fatal(err)
	}
}

// asked is what each request asked for, who and where, in alphabetical order.
func (l *lab) asked() string {
	var list []string
	for _, r := range l.Requests() {
		who := "caller"
		if r.Role != "" {
			who = r.Role[strings.LastIndexByte(r.Role, '/')+1:]
		}
		list = append(list, fmt.Sprintf("%s %s %s %s", r.Operation, strings.Join(slices.Sorted(slices.Values(r.Keys)), ","), who, r.Region))
	}
	slices.Sort(list)
	l.ResetCounts()
	return strings.Join(list, "\n")
}

func lines(list ...string) string { return strings.Join(list, "\n") }

func get(t *testing.T, e *lambdacache.Entry[string]) string {
	t.Helper()
	v, err := e.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%v\nwant\n%v", what, got, want)
	}
}
