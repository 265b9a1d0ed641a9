package assumerole_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

const hub = "arn:aws:iam::333333333333:role/hub"

// spoke is a parameter that is read by a role, which is assumed as another one.
func spoke(opts ...lambdacache.Option) *lambdacache.Entry[string] {
	role := assumerole.Role(reader, assumerole.Config(assumerole.Role(hub)))
	return ssmcache.Parameter[string]("/prod/key", append(opts, ssmcache.Config(role))...)
}

func newChain(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	l.STS.PutRole(hub, "")
	return l
}

// A role is assumed as another one, which is assumed once for all.
func TestARoleIsAssumedAsAnother(t *testing.T) {
	l := newChain(t)
	l.STS.PutRole(other, "")
	direct := ssmcache.Parameter[string]("/prod/key", ssmcache.Config(assumerole.Role(reader)))
	sibling := ssmcache.Parameter[string]("/prod/key", ssmcache.Config(assumerole.Role(other, assumerole.Config(assumerole.Role(hub)))))
	e, there := spoke(), spoke(ssmcache.Region(ireland))
	l.prefetch(e, there, sibling, direct)
	want(t, "value", get(t, e), "parameter of "+account+" in us-east-1")
	want(t, "value", get(t, there), "parameter of "+account+" in eu-west-1")
	want(t, "calls", l.asked(), lines(
		"AssumeRole "+reader+" caller us-east-1",
		"AssumeRole "+reader+" hub us-east-1",
		"AssumeRole "+other+" hub us-east-1",
		"AssumeRole "+hub+" caller us-east-1",
		"GetParameters /prod/key other us-east-1",
		"GetParameters /prod/key reader eu-west-1",
		"GetParameters /prod/key reader us-east-1",
		"GetParameters /prod/key reader us-east-1",
	))
	if assumerole.Role(reader, assumerole.Config(assumerole.Role(hub))) == assumerole.Role(reader) {
		t.Error("a session is another's, whoever assumes the role")
	}
}

// Each role of a chain is renewed by itself, and replaced by itself where it is refused.
func TestEachRoleOfAChainHasItsOwnSession(t *testing.T) {
	l := newChain(t)
	e := spoke()
	l.refresh(e, 2)
	l.clock.Advance(10 * time.Minute)
	l.STS.EndSessions(reader)
	l.refresh(e, 3)
	l.clock.Advance(46 * time.Minute) // the hub's session is due, the reader's is not
	l.refresh(e, 3)
	l.STS.RevokeSessions(hub)
	l.STS.EndSessions(reader)
	l.ResetCounts()
	l.refresh(e, 2)
	want(t, "calls", l.asked(), lines(
		"AssumeRole "+reader+" hub us-east-1",
		"AssumeRole "+hub+" caller us-east-1",
		"GetParameters /prod/key reader us-east-1",
		"GetParameters /prod/key reader us-east-1",
	))
	l.clock.Advance(10 * time.Minute)
	l.STS.RevokeSessions(hub)
	l.STS.EndSessions(reader)
	l.refresh(e, 3)
	want(t, "calls", l.asked(), lines(
		"AssumeRole "+reader+" hub us-east-1", // denied
		"AssumeRole "+reader+" hub us-east-1",
		"AssumeRole "+hub+" caller us-east-1",
		"GetParameters /prod/key reader us-east-1",
		"GetParameters /prod/key reader us-east-1",
	))
}

// An error names the role that was refused, whichever it is.
func TestTheRefusedRoleOfAChain(t *testing.T) {
	for refused, by := range map[string]string{hub: cachetest.Caller, reader: "arn:aws:sts::333333333333:assumed-role/hub/lambda-cache"} {
		l := newChain(t)
		t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "")
		l.STS.DeleteRole(refused)
		_, err := spoke().Get(t.Context())
		denied, ok := errors.AsType[*lambdacache.DeniedError](err)
		if !ok || denied.Action != "sts:AssumeRole" || denied.Resource != refused {
			t.Fatalf("%s: %v", refused, err)
		}
		for _, part := range []string{
			"GetParameters: no credentials from STS AssumeRole: AccessDenied: User: " + by + " is not authorized to perform: sts:AssumeRole on resource: " + refused,
			"; allow sts:AssumeRole on " + refused + ", and in that role's trust policy",
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v\nhas not %s", err, part)
			}
		}
		l.STS.PutRole(refused, "")
		get(t, spoke())
	}
}

// Three attempts of the one call that fails.
func TestAThrottledRoleOfAChain(t *testing.T) {
	l := newChain(t)
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: cachetest.Throttle()})
	if _, err := spoke().Get(t.Context()); !errors.Is(err, lambdacache.ErrThrottled) {
		t.Error(err)
	}
	want(t, "calls", l.Calls(""), 3)
}

// late is a provider of one's own that is not ready at once.
type late struct{ ready bool }

func (l *late) Configure(cfg aws.Config) (aws.Config, error) {
	if !l.ready {
		return cfg, errors.New("not yet")
	}
	return assumerole.Role(hub).Configure(cfg)
}

func (l *late) String() string { return "late" }

// What fails to configure is asked again.
func TestAProviderOfOnesOwnAssumesARole(t *testing.T) {
	newChain(t)
	p := new(late)
	e := ssmcache.Parameter[string]("/prod/key", ssmcache.Config(assumerole.Role(reader, assumerole.Config(p))))
	if _, err := e.Get(t.Context()); err == nil || !strings.HasSuffix(err.Error(), "not yet") {
		t.Error(err)
	}
	p.ready = true
	get(t, e)
}
