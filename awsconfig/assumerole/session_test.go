package assumerole_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func key(opts ...assumerole.Option) *lambdacache.Entry[string] {
	return ssmcache.Parameter[string]("/prod/key", ssmcache.Config(assumerole.Role(reader, opts...)))
}

// refresh loads, which must succeed, and counts the roles that were assumed.
func (l *lab) refresh(e *lambdacache.Entry[string], assumed int) {
	l.t.Helper()
	if _, err := e.Refresh(l.t.Context()); err != nil {
		l.t.Error(err)
	}
	want(l.t, "AssumeRole", l.Calls("AssumeRole"), assumed)
}

// A session is renewed 5 minutes before its end, once, on whichever clock that is.
func TestASessionIsRenewedBeforeItEnds(t *testing.T) {
	for name, c := range map[string]struct {
		life time.Duration
		opts []assumerole.Option
		pass func(*cachetest.Clock, time.Duration)
	}{
		"an hour":            {time.Hour, nil, (*cachetest.Clock).Advance},
		"an hour, frozen":    {time.Hour, nil, (*cachetest.Clock).Freeze},
		"a quarter":          {15 * time.Minute, []assumerole.Option{assumerole.Duration(15 * time.Minute)}, (*cachetest.Clock).Advance},
		"twelve hours, once": {12 * time.Hour, []assumerole.Option{assumerole.Duration(12 * time.Hour)}, (*cachetest.Clock).Advance},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			e := key(c.opts...)
			l.refresh(e, 1)
			c.pass(l.clock, c.life-5*time.Minute-time.Second)
			l.refresh(e, 1)
			c.pass(l.clock, 2*time.Second)
			l.refresh(e, 2)
			l.refresh(e, 2)
			c.pass(l.clock, 10*c.life)
			l.refresh(e, 3)
		})
	}
}

// A session ends when its time is over, also where STS's clock is ahead and it says later.
func TestASessionOfAnSTSWhoseClockIsAhead(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.clock.StepWall(2 * time.Hour)
			defer l.clock.StepWall(-2 * time.Hour)
			next.ServeHTTP(w, r)
		})
	}})
	e := key()
	l.refresh(e, 1)
	l.clock.Advance(55*time.Minute - time.Second)
	l.refresh(e, 1)
	l.clock.Advance(2 * time.Second)
	l.refresh(e, 2)
}

// A session that cannot be renewed serves to its end.
func TestASessionServesToItsEnd(t *testing.T) {
	l := newLab(t)
	e := key()
	l.refresh(e, 1)
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: cachetest.Throttle()})
	l.clock.Advance(56 * time.Minute)
	l.refresh(e, 2) // one attempt
	l.refresh(e, 2) // and a pause
	l.Heal()
	l.STS.DeleteRole(reader)
	l.clock.Advance(4*time.Minute + time.Second)
	if _, err := e.Refresh(t.Context()); !errors.Is(err, lambdacache.ErrDenied) {
		t.Error(err)
	}
	l.STS.PutRole(reader, "")
	l.refresh(e, 4)
}

// Likewise where STS is silent and a load has less time than an attempt at AssumeRole.
func TestASessionServesLoadsInAHurry(t *testing.T) {
	testlab.Patiently(t, time.Second, func(t *testing.T, limit time.Duration) (enough bool) {
		l := newLab(t)
		name := fmt.Sprintf("/prod/%v/key", limit) // in no other test: entries of one key share the longest of their timeouts
		l.SSM.In(account, cachetest.Region).Put(name, "v")
		e := ssmcache.Parameter[string](name, ssmcache.Config(assumerole.Role(reader)), lambdacache.LoadTimeout(limit))
		if _, inTime := testlab.InTime(t, e); !inTime {
			return false
		}
		l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: cachetest.Hang()})
		l.clock.Advance(56 * time.Minute)
		for range 2 { // a load, and one within the pause
			if _, inTime := testlab.InTime(t, e); !inTime {
				return false
			}
			want(t, "AssumeRole", l.Calls("AssumeRole"), 2)
			lambdacache.Invalidate(e)
		}
		return true
	})
}

// One AssumeRole, however many need it, and it belongs to none of them.
func TestWhoeverLeavesTakesNoSessionAlong(t *testing.T) {
	l := newLab(t)
	gate := l.Hold("AssumeRole")
	leaving, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := key().Get(leaving)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
	})
	gate.Wait(1)
	entries := []*lambdacache.Entry[string]{
		ssmcache.Parameter[string]("/prod/key", ssmcache.Region(ireland), ssmcache.Config(assumerole.Role(reader))),
		secretcache.Secret[string]("prod/db", secretcache.Config(assumerole.Role(reader))),
		secretcache.Secret[string]("prod/db", secretcache.Region(ireland), secretcache.Config(assumerole.Role(reader))),
	}
	for _, e := range entries {
		wg.Go(func() { get(t, e) })
	}
	leave()
	l.WaitCalls("AssumeRole", 2) // who stays takes over
	gate.Release()
	wg.Wait()
	want(t, "AssumeRole", l.Calls("AssumeRole"), 2)
}

func TestARefusedRole(t *testing.T) {
	l := newLab(t)
	l.STS.DeleteRole(reader)
	role := assumerole.Role(reader)
	one, two := secretcache.Secret[string]("prod/db", secretcache.Config(role)), secretcache.Secret[string]("prod/second", secretcache.Config(role))
	var kinds []lambdacache.EventKind
	var mu sync.Mutex
	lambdacache.Observe(func(e lambdacache.Event) {
		mu.Lock()
		defer mu.Unlock()
		kinds = append(kinds, e.Kind)
	})
	err := lambdacache.Prefetch(t.Context(), one, two)
	denied, ok := errors.AsType[*lambdacache.DeniedError](err)
	if !ok || denied.Action != "sts:AssumeRole" || denied.Resource != reader {
		t.Errorf("%v", err)
	}
	if !strings.Contains(err.Error(), "BatchGetSecretValue: no credentials from STS AssumeRole: AccessDenied: User: "+cachetest.Caller+
		" is not authorized to perform: sts:AssumeRole on resource: "+reader) ||
		!strings.Contains(err.Error(), "; allow sts:AssumeRole on "+reader+", and in that role's trust policy") {
		t.Error(err)
	}
	want(t, "calls", l.asked(), "AssumeRole "+reader+" caller us-east-1")
	for _, k := range kinds {
		want(t, "event", k, lambdacache.EventFailed) // no fallback: the batch was not refused
	}
	l.STS.PutRole(reader, "")
	l.prefetch(one, two)
	want(t, "calls after", l.asked(), lines("AssumeRole "+reader+" caller us-east-1", "BatchGetSecretValue prod/db,prod/second reader us-east-1"))
}

func TestAnExternalID(t *testing.T) {
	l := newLab(t)
	l.STS.PutRole(reader, "id-1")
	if _, err := key(assumerole.ExternalID("id-2")).Get(t.Context()); !errors.Is(err, lambdacache.ErrDenied) {
		t.Error(err)
	}
	get(t, key(assumerole.ExternalID("id-1")))
}

// Three attempts, of AssumeRole and not of each call that wants its credentials.
func TestAThrottledRole(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: cachetest.Throttle()})
	_, err := key().Get(t.Context())
	if !errors.Is(err, lambdacache.ErrThrottled) || !strings.Contains(err.Error(), "no credentials from STS AssumeRole: Throttling: Rate exceeded, 3 attempts") {
		t.Error(err)
	}
	want(t, "calls", l.Calls(""), 3)
	l.Heal()
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Times: 2, Do: cachetest.Throttle()})
	get(t, key())
}

// Rotation dates are asked for again after the role was refused.
func TestARefusedRoleIsNoMissingPermission(t *testing.T) {
	l := newLab(t)
	l.STS.DeleteRole(reader)
	l.Secrets.In("222222222222", cachetest.Region).PutString("prod/rotating", "value") // no other test's: its date is asked for from now on
	e := secretcache.Secret[string]("prod/rotating", secretcache.Config(assumerole.Role(reader)), secretcache.UntilRotation(), lambdacache.MaxAge(time.Hour))
	var fallbacks int
	lambdacache.Observe(func(e lambdacache.Event) {
		if e.Kind == lambdacache.EventFallback {
			fallbacks++
		}
	})
	if _, err := e.Get(t.Context()); !errors.Is(err, lambdacache.ErrDenied) {
		t.Error(err)
	}
	l.STS.PutRole(reader, "")
	get(t, e)
	want(t, "DescribeSecret", l.Calls("DescribeSecret"), 1)
	want(t, "fallbacks", fallbacks, 0)
}
