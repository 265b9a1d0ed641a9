package assumerole_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// A session that ends before its time is replaced within the load that finds out, on
// every source, and by one AssumeRole for all of them.
func TestASessionThatEndsEarly(t *testing.T) {
	for name, end := range map[string]func(*cachetest.STS){
		"ended":   func(s *cachetest.STS) { s.EndSessions(reader) },
		"revoked": func(s *cachetest.STS) { s.RevokeSessions(reader) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			l := newLab(t)
			entries := l.ofEverySource()
			l.prefetch(entries...)
			l.clock.Advance(10 * time.Minute)
			end(l.STS)
			l.ResetCounts()
			var fallbacks int
			lambdacache.Observe(func(e lambdacache.Event) {
				if e.Kind != lambdacache.EventLoaded && e.Kind != lambdacache.EventUnchanged {
					fallbacks++
				}
			})
			reads := []string{"GetParameters", "BatchGetSecretValue", "GetObject", "GetLatestConfiguration", "GetItem"}
			gate := cachetest.NewGate() // or who comes late finds a new session
			for _, op := range reads {
				l.Fail(cachetest.Fault{Operation: op, Do: gate.Hold()})
			}
			loaded := make(chan error)
			go func() { loaded <- lambdacache.Prefetch(t.Context(), entries...) }()
			gate.Wait(len(reads))
			gate.Release()
			if err := <-loaded; err != nil {
				t.Error(err)
			}
			want(t, "AssumeRole", l.Calls("AssumeRole"), 1)
			for _, op := range reads {
				want(t, op, l.Calls(op), 2) // one refused
			}
			want(t, "other events", fallbacks, 0)
		})
	}
}

func (l *lab) ofEverySource() []lambdacache.Cached {
	role := assumerole.Role(reader)
	return []lambdacache.Cached{
		ssmcache.Parameter[string]("/prod/key", ssmcache.Config(role)),
		secretcache.Secret[string]("prod/db", secretcache.Config(role)),
		secretcache.Secret[string]("prod/second", secretcache.Config(role)),
		s3cache.Object[string]("s3://models/m.bin", s3cache.Config(role)),
		appconfigcache.Configuration[string]("shop", "prod", "flags", appconfigcache.Config(role)),
		dynamocache.Item[map[string]any]("tenants", dynamocache.Key("pk", "a"), dynamocache.Config(role)),
	}
}

// Whichever code says so.
func TestEveryCodeOfARefusedSession(t *testing.T) {
	for _, code := range []string{
		"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken",
	} {
		l := newLab(t)
		e := key()
		l.refresh(e, 1)
		l.clock.Advance(30 * time.Second)
		l.Fail(cachetest.Fault{Operation: "GetParameters", Times: 1, Do: cachetest.Error(403, code, "no")})
		l.refresh(e, 2)
		want(t, code, l.Calls("GetParameters"), 3)
	}
}

// A session that has just begun is not to blame: the next one would be refused as well.
func TestANewSessionIsNotReplaced(t *testing.T) {
	l := newLab(t)
	e := key()
	l.Fail(cachetest.Fault{Operation: "GetParameters", Do: cachetest.Error(403, "InvalidClientTokenId", "no")})
	for i, c := range []struct {
		pass             time.Duration
		assumed, refused int
	}{
		{0, 1, 1}, {30*time.Second - 1, 1, 1}, {1, 2, 2}, {time.Second, 2, 1},
	} {
		l.clock.Advance(c.pass)
		before := l.Calls("GetParameters")
		_, err := e.Refresh(t.Context())
		if err == nil || !strings.Contains(err.Error(), "InvalidClientTokenId: no; the credentials are not accepted") {
			t.Errorf("%d: %v", i, err)
		}
		want(t, fmt.Sprint(i, " AssumeRole"), l.Calls("AssumeRole"), c.assumed)
		want(t, fmt.Sprint(i, " GetParameters"), l.Calls("GetParameters")-before, c.refused)
	}
}

// A key that the role may not read is refused as ever; its neighbours are there, and the
// role is assumed once in 5 minutes.
func TestADeniedKeyOfARole(t *testing.T) {
	l := newLab(t)
	role := assumerole.Role(reader)
	e, neighbour := key(), ssmcache.Parameter[string]("/prod/second", ssmcache.Config(role))
	l.Deny("ssm:GetParameters", "/prod/key")
	l.Deny("ssm:GetParameter", "/prod/key")
	load := func(assumed int) {
		t.Helper()
		err := lambdacache.Prefetch(t.Context(), e, neighbour)
		failed, ok := errors.AsType[*lambdacache.LoadError](err)
		if !ok || len(failed.Failures) != 1 || !errors.Is(err, lambdacache.ErrDenied) {
			t.Error(err)
		}
		get(t, neighbour)
		want(t, "AssumeRole", l.Calls("AssumeRole"), assumed)
	}
	load(1)
	l.clock.Advance(5*time.Minute - 1)
	load(1)
	l.clock.Advance(1)
	load(2)
	load(2)
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: cachetest.Throttle()})
	l.clock.Advance(6 * time.Minute)
	load(3) // and the session goes on
	load(3)
	l.clock.Advance(6 * time.Minute)
	load(4)
}

// What cannot be replaced fails with the reason why, and is tried again by the next load.
func TestARefusedSessionThatCannotBeReplaced(t *testing.T) {
	l := newLab(t)
	e := key()
	l.refresh(e, 1)
	l.clock.Advance(time.Minute)
	l.STS.EndSessions(reader)
	l.STS.DeleteRole(reader)
	for range 2 {
		_, err := e.Refresh(t.Context())
		denied, ok := errors.AsType[*lambdacache.DeniedError](err)
		if !ok || denied.Action != "sts:AssumeRole" || denied.Resource != reader {
			t.Error(err)
		}
	}
	want(t, "AssumeRole", l.Calls("AssumeRole"), 3)
	want(t, "GetParameters", l.Calls("GetParameters"), 2)
	l.STS.PutRole(reader, "")
	l.refresh(e, 4)
}

// Many calls that are refused at once share one new session.
func TestManyAreRefusedAtOnce(t *testing.T) {
	l := newLab(t)
	var entries []*lambdacache.Entry[string]
	for _, region := range []string{cachetest.Region, ireland} {
		opts := []lambdacache.Option{secretcache.Config(assumerole.Role(reader)), secretcache.Region(region)}
		entries = append(entries, secretcache.Secret[string]("prod/db", opts...), secretcache.Secret[string]("prod/second", opts...))
	}
	for _, e := range entries {
		get(t, e)
	}
	l.clock.Advance(10 * time.Minute)
	l.STS.EndSessions(reader)
	gate := l.Hold("GetSecretValue")
	var all sync.WaitGroup
	for _, e := range entries {
		all.Go(func() { get(t, e) })
	}
	gate.Wait(len(entries))
	gate.Release()
	all.Wait()
	want(t, "AssumeRole", l.Calls("AssumeRole"), 2)
	want(t, "GetSecretValue", l.Calls("GetSecretValue"), 3*len(entries))
}

// What one service refuses may be good for all others, as in a Region that the account has
// not enabled: where the role cannot be assumed they go on with the session.
func TestOneServiceThatRefusesASession(t *testing.T) {
	l := newLab(t)
	refused, other := key(), secretcache.Secret[string]("prod/db", secretcache.Config(assumerole.Role(reader)))
	l.prefetch(refused, other)
	l.Fail(cachetest.Fault{Operation: "GetParameters", Do: cachetest.Error(403, "UnrecognizedClientException", "no")})
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: cachetest.Error(403, "AccessDenied", "not now")})
	for i, pass := range []time.Duration{time.Minute, time.Second, time.Minute} {
		l.clock.Advance(pass)
		if _, err := refused.Refresh(t.Context()); err == nil {
			t.Error(i, "the service refuses it")
		}
		if _, err := other.Refresh(t.Context()); err != nil {
			t.Error(i, err)
		}
	}
	want(t, "AssumeRole", l.Calls("AssumeRole"), 3) // one and, after each minute, another
	want(t, "GetSecretValue", l.Calls("GetSecretValue"), 4)
}
