package frompython_test

import (
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// counted is a parameter whose key nobody else uses, its handler, and the loads so
// far.
func counted(t *testing.T, key string, opts ...lambdacache.Option) (clock *cachetest.Clock, h handler[string], loads func() int) {
	t.Helper()
	aws, c := start(t)
	aws.SSM.Put(key, "one")
	return c, reading(ssmcache.Parameter[string](key, opts...)), func() int { return aws.CallsFor("", key) }
}

func TestDefaultMaxAge(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/default/age", "a")
	aws.Secrets.PutString("default/age", "b")
	aws.S3.Put("default", "age", []byte("c"))
	h := reading(ssmcache.Parameter[string]("/default/age"),
		secretcache.Secret[string]("default/age"), s3cache.File("s3://default/age"))
	invoke(t, h)
	clock.Advance(60*time.Second - 1)
	invoke(t, h)
	is(t, "calls below 60 s", aws.Calls(""), 3)
	clock.Advance(1)
	invoke(t, h)
	is(t, "calls at 60 s", aws.Calls(""), 6)
}

func TestMaxAge(t *testing.T) {
	clock, h, loads := counted(t, "/age/five/minutes", lambdacache.MaxAge(5*time.Minute))
	invoke(t, h)
	clock.Advance(5*time.Minute - 1)
	invoke(t, h)
	is(t, "loads below 5 minutes", loads(), 1)
	clock.Advance(1)
	invoke(t, h)
	is(t, "loads at 5 minutes", loads(), 2)
}

func TestMaxAgeZero(t *testing.T) {
	_, h, loads := counted(t, "/age/zero", lambdacache.MaxAge(0))
	for range 3 {
		invoke(t, h)
	}
	is(t, "loads of 3 invocations", loads(), 3)
}

func TestForever(t *testing.T) {
	clock, h, loads := counted(t, "/age/forever", lambdacache.MaxAge(lambdacache.Forever))
	for range 3 {
		invoke(t, h)
		clock.Advance(365 * 24 * time.Hour)
	}
	is(t, "loads of years", loads(), 1)
}

func TestFractionOfASecond(t *testing.T) {
	clock, h, loads := counted(t, "/age/half", lambdacache.MaxAge(500*time.Millisecond))
	invoke(t, h)
	clock.Advance(499 * time.Millisecond)
	invoke(t, h)
	is(t, "loads below half a second", loads(), 1)
	clock.Advance(time.Millisecond)
	invoke(t, h)
	is(t, "loads at half a second", loads(), 2)
}

func TestOverADay(t *testing.T) {
	clock, h, loads := counted(t, "/age/two/days", lambdacache.MaxAge(48*time.Hour))
	invoke(t, h)
	clock.Advance(25 * time.Hour)
	invoke(t, h)
	is(t, "loads at 25 hours", loads(), 1)
	clock.Advance(23 * time.Hour)
	invoke(t, h)
	is(t, "loads at 48 hours", loads(), 2)
}

func TestNegativeMaxAge(t *testing.T) {
	refuses(t, func() { lambdacache.MaxAge(-time.Second) }, "MaxAge(-1s)", "MaxAge(0)")
}

// Two entries of one parameter share what is held, and each has its own max age.
func TestTwoMaxAges(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/age/shared", "one")
	strict := ssmcache.Parameter[string]("/age/shared", lambdacache.MaxAge(10*time.Second))
	patient := ssmcache.Parameter[string]("/age/shared", lambdacache.MaxAge(time.Hour))
	get(t, patient)
	is(t, "held for both", get(t, strict), "one")
	is(t, "loads", aws.Calls(""), 1)
	aws.SSM.Put("/age/shared", "two")
	clock.Advance(10 * time.Second)
	is(t, "the patient one", get(t, patient), "one")
	is(t, "the strict one", get(t, strict), "two")
	is(t, "the patient one sees the other's load", get(t, patient), "two")
	is(t, "loads", aws.Calls(""), 2)
}

// The time that a load takes counts: the value is as old as its request.
func TestAgeFromTheStartOfTheLoad(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/age/slow", "one")
	h := reading(ssmcache.Parameter[string]("/age/slow"))
	gate := aws.Hold("GetParameters")
	done := make(chan error)
	go func() {
		_, err := h(t.Context(), event{})
		done <- err
	}()
	gate.Wait(1)
	clock.Advance(40 * time.Second)
	gate.Release()
	noError(t, <-done)
	clock.Advance(20 * time.Second)
	invoke(t, h)
	is(t, "loads at 60 s after the first began", aws.Calls(""), 2)
}

func TestClockSteppedBack(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/age/stepped", "one")
	h := reading(ssmcache.Parameter[string]("/age/stepped"))
	invoke(t, h)
	clock.StepWall(-time.Hour)
	clock.Advance(time.Minute)
	invoke(t, h)
	is(t, "loads", aws.Calls(""), 2)
}

// Time that passes while the environment is frozen counts.
func TestFrozen(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/age/frozen", "one")
	h := reading(ssmcache.Parameter[string]("/age/frozen"))
	invoke(t, h)
	clock.Freeze(time.Minute)
	invoke(t, h)
	is(t, "loads", aws.Calls(""), 2)
}
