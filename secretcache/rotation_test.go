package secretcache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/secretcache"
)

const day = 24 * time.Hour

// rotatingIn puts a secret that rotates after d, or a little before, by the lab's clock.
func (l *lab) rotatingIn(name string, d time.Duration) {
	l.Secrets.PutString(name, secret+" 1 of "+name)
	l.Secrets.RotatesAt(name, time.Unix(0, clock.Now().Wall).Add(d-time.Second/2))
}

func TestUntilRotation(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/db", time.Hour)
	e := secretcache.Secret[string]("rotating/db", lambdacache.MaxAge(day), secretcache.UntilRotation())
	get(t, e)
	want(t, "calls", l.Calls(""), 2)
	want(t, "dates", l.Calls("DescribeSecret"), 1)
	loaded := l.of(lambdacache.EventLoaded)
	want(t, "calls told", loaded[0].Calls, 2)
	l.clock.Advance(time.Hour - time.Second)
	get(t, e)
	want(t, "calls before the date", l.Calls(""), 2)

	l.rotatingIn("rotating/db", 10*day)
	l.clock.Advance(time.Second)
	l.Secrets.PutString("rotating/db", secret+" 2")
	want(t, "value at the date", get(t, e), secret+" 2")
	want(t, "dates", l.Calls("DescribeSecret"), 2)
	if _, err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "dates: the new version's came with it", l.Calls("DescribeSecret"), 2)
	l.clock.Advance(day - time.Second)
	get(t, e)
	want(t, "calls in the max age", l.Calls(""), 5)
	l.clock.Advance(time.Second)
	get(t, e)
	want(t, "calls at max age: once a day the date is asked for", l.Calls("DescribeSecret"), 3)
	l.Secrets.PutString("rotating/db", secret+" 3") // before the date
	if _, err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "dates", l.Calls("DescribeSecret"), 3)
	if _, err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "dates after a new version", l.Calls("DescribeSecret"), 4)
	if _, err := e.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "dates", l.Calls("DescribeSecret"), 4)
}

// A wall clock that was stepped back says nothing of how old a date is.
func TestUntilRotationWithAClockThatIsSteppedBack(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/db", 10*day)
	e := secretcache.Secret[string]("rotating/db", lambdacache.MaxAge(time.Hour), secretcache.UntilRotation())
	get(t, e)
	l.clock.StepWall(-5 * day)
	get(t, e)
	want(t, "dates", l.Calls("DescribeSecret"), 2)
}

// Many secrets are still one batch, and the date counts for every entry of a secret.
func TestUntilRotationOfMany(t *testing.T) {
	l := newLab(t)
	_, list := l.secrets(5)
	l.rotatingIn("rotating/s00", time.Hour)
	l.rotatingIn("rotating/s01", 2*time.Hour)
	opts := []lambdacache.Option{lambdacache.MaxAge(day), secretcache.UntilRotation()}
	until := secretcache.Secret[string]("rotating/s00", append(opts, lambdacache.Name("until"))...)
	other := secretcache.Secret[string]("rotating/s01", append(opts, lambdacache.Name("other"))...)
	plain := secretcache.Secret[string]("rotating/s00", lambdacache.MaxAge(day), lambdacache.Name("plain"))
	l.prefetch(append(list, until, other, plain)...)
	want(t, "batches", l.Calls("BatchGetSecretValue"), 1)
	want(t, "dates", l.Calls("DescribeSecret"), 2)
	l.ResetCounts()
	l.clock.Advance(time.Hour)
	get(t, plain)
	get(t, other)
	want(t, "calls: the sibling is due at the date too, the other secret is not", l.Calls("GetSecretValue"), 1)
}

// Without the permission the max age counts, and what to grant is told once.
func TestUntilRotationWithoutPermission(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/db", time.Minute)
	l.rotatingIn("rotating/other", time.Minute)
	l.Deny("secretsmanager:DescribeSecret", "")
	opts := []lambdacache.Option{lambdacache.MaxAge(time.Hour), secretcache.UntilRotation()}
	e, other := secretcache.Secret[string]("rotating/db", opts...), secretcache.Secret[string]("rotating/other", opts...)
	l.prefetch(e, other)
	l.clock.Advance(time.Hour - 1)
	get(t, e)
	want(t, "dates asked for", l.Calls("DescribeSecret"), 2)
	for range 5 {
		l.clock.Advance(time.Hour)
		get(t, e)
	}
	want(t, "dates asked for", l.Calls("DescribeSecret"), 2)
	told := l.of(lambdacache.EventFallback)
	want(t, "told", len(told), 1)
	denied, ok := errors.AsType[*lambdacache.DeniedError](told[0].Err)
	want(t, "action", ok && denied.Action == "secretsmanager:DescribeSecret", true)
	want(t, "failures", len(l.of(lambdacache.EventFailed)), 0)
}

// Where the permission is taken away, a date that has gone by makes nothing due.
func TestUntilRotationWithoutPermissionAnyMore(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/db", time.Hour)
	e := secretcache.Secret[string]("rotating/db", lambdacache.MaxAge(day), secretcache.UntilRotation())
	get(t, e)
	l.Deny("secretsmanager:DescribeSecret", "")
	l.clock.Advance(time.Hour)
	get(t, e)
	l.clock.Advance(lambdacache.DefaultMaxAge) // it may have rotated in between: once more
	get(t, e)
	l.ResetCounts()
	l.clock.Advance(day - 1)
	get(t, e)
	want(t, "calls in the max age", l.Calls(""), 0)
}

// A date that cannot be had neither fails nor holds up the load.
func TestUntilRotationWhenTheDateCannotBeHad(t *testing.T) {
	for name, do := range map[string]cachetest.Effect{
		"hangs":    cachetest.NewGate().Hold(),
		"fails":    cachetest.Error(400, "InvalidRequestException", "no"),
		"not JSON": cachetest.Malformed(),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.rotatingIn("rotating/db", 10*time.Minute)
			heal := l.Fail(cachetest.Fault{Operation: "DescribeSecret", Do: do})
			e := secretcache.Secret[string]("rotating/db", lambdacache.MaxAge(day), secretcache.UntilRotation())
			restore := testhook.Patience(1) // nobody answers
			get(t, e)
			restore()
			l.ResetCounts()
			heal()
			l.clock.Advance(lambdacache.DefaultMaxAge - 1)
			get(t, e)
			want(t, "calls within a minute", l.Calls("GetSecretValue"), 0)
			l.clock.Advance(1)
			get(t, e)
			want(t, "calls after a minute", l.Calls("GetSecretValue"), 1)
			l.clock.Advance(8 * time.Minute)
			get(t, e)
			want(t, "calls: the date is known", l.Calls("GetSecretValue"), 1)
			l.clock.Advance(2 * time.Minute)
			get(t, e)
			want(t, "calls at the date", l.Calls("GetSecretValue"), 2)
		})
	}
}

// modest is a client that can do no more than the source must have.
type modest struct{ client *secretsmanager.Client }

func (m modest) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return m.client.GetSecretValue(ctx, in, o...)
}

func (m modest) BatchGetSecretValue(ctx context.Context, in *secretsmanager.BatchGetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.BatchGetSecretValueOutput, error) {
	return m.client.BatchGetSecretValue(ctx, in, o...)
}

func TestUntilRotationOfOthers(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/mine", time.Hour)
	l.ResetCounts()
	mine := secretcache.Secret[string]("rotating/mine", lambdacache.MaxAge(day), secretcache.UntilRotation(), secretcache.Client(modest{clientOf(l.AWS)}))
	get(t, mine)
	want(t, "calls of a client without DescribeSecret", l.Calls(""), 1)

	l.Secrets.PutString("rotating/staged", "1")
	l.rotatingIn("rotating/staged", time.Hour)
	l.ResetCounts()
	previous := secretcache.Secret[string]("rotating/staged", lambdacache.MaxAge(day), secretcache.Stage("AWSPREVIOUS"), secretcache.UntilRotation())
	want(t, "previous", get(t, previous), "1")
	l.clock.Advance(time.Hour)
	get(t, previous)
	want(t, "loads", l.Calls("GetSecretValue"), 2)

	l.ResetCounts()
	l.Secrets.PutString("rotating/never", "v")
	never := secretcache.Secret[string]("rotating/never", lambdacache.MaxAge(day), secretcache.UntilRotation())
	get(t, never)
	l.clock.Advance(day - 1)
	get(t, never)
	want(t, "calls: it does not rotate", l.Calls(""), 2)

	wantPanic(t, `lambdacache: secretcache: secret "rotating/db": UntilRotation with VersionID: a version never changes; leave one of them out`, func() {
		secretcache.Secret[string]("rotating/db", secretcache.VersionID("x"), secretcache.UntilRotation())
	})
}

// The date has moved on, and the value that was read beside it is still the old one: the
// rotation came in between, and is not missed for a whole max age.
func TestUntilRotationThatComesBetweenValueAndDate(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/between", time.Hour)
	e := secretcache.Secret[string]("rotating/between", lambdacache.MaxAge(30*day), secretcache.UntilRotation())
	old := get(t, e)
	l.Secrets.RotatesAt("rotating/between", time.Now().Add(20*day)) // the date is the new one's already
	l.clock.Advance(time.Hour)
	want(t, "value", get(t, e), old)
	l.Secrets.PutString("rotating/between", secret+" 2")
	l.clock.Advance(lambdacache.DefaultMaxAge)
	want(t, "value", get(t, e), secret+" 2")
	l.ResetCounts()
	l.clock.Advance(day)
	get(t, e)
	want(t, "calls until the next date", l.Calls(""), 0)
}
