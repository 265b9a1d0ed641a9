package secretcache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
)

// Where nothing but GetSecretValue is permitted both of the other actions are told.
func TestUntilRotationWithTheLeastPermission(t *testing.T) {
	l := newLab(t)
	l.Deny("secretsmanager:BatchGetSecretValue", "")
	l.Deny("secretsmanager:DescribeSecret", "")
	var list []lambdacache.Cached
	for i := range 3 {
		name := fmt.Sprintf("rotating/least%d", i)
		l.rotatingIn(name, time.Hour)
		list = append(list, secretcache.Secret[string](name, secretcache.UntilRotation()))
	}
	l.ResetCounts()
	l.prefetch(list...)
	actions := map[string]int{}
	for _, e := range l.of(lambdacache.EventFallback) {
		if denied, ok := errors.AsType[*lambdacache.DeniedError](e.Err); ok {
			actions[denied.Action]++
		}
	}
	want(t, "told of the batch", actions["secretsmanager:BatchGetSecretValue"], 1)
	want(t, "told of the dates", actions["secretsmanager:DescribeSecret"], 1)
	calls := 0
	for _, e := range l.of(lambdacache.EventLoaded) {
		calls += e.Calls
	}
	want(t, "calls told", calls, l.Calls(""))
}

// A rotation that is late is looked for again: after a minute, and then after as long as it
// is late, so that one that never happens costs little.
func TestUntilRotationWhenItIsLate(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/db", time.Hour)
	e := secretcache.Secret[string]("rotating/db", lambdacache.MaxAge(10*day), secretcache.UntilRotation())
	get(t, e)
	l.clock.Advance(time.Hour)
	get(t, e)
	l.ResetCounts()
	l.clock.Advance(time.Minute - 1)
	get(t, e)
	want(t, "calls within a minute", l.Calls(""), 0)
	l.Secrets.PutString("rotating/db", secret+" 2")
	l.clock.Advance(1)
	want(t, "value a minute after the date", get(t, e), secret+" 2")

	l.ResetCounts()
	for range 24 * 60 {
		l.clock.Advance(time.Minute)
		get(t, e)
	}
	want(t, "loads in a day without a rotation", l.Calls("GetSecretValue"), 9) // doubled gaps, in whole minutes
}

// strange is a client whose DescribeSecret is the test's.
type strange struct {
	*secretsmanager.Client
	describe func()
}

func (s strange) DescribeSecret(ctx context.Context, in *secretsmanager.DescribeSecretInput, o ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	s.describe()
	return s.Client.DescribeSecret(ctx, in, o...)
}

// A client that panics where it is asked for a date ends no process, and keeps no value
// back.
func TestUntilRotationWithAClientThatPanics(t *testing.T) {
	l := newLab(t)
	l.rotatingIn("rotating/db", time.Hour)
	client := &strange{clientOf(l.AWS), func() { panic("boom " + secret) }}
	e := secretcache.Secret[string]("rotating/db", lambdacache.MaxAge(day), secretcache.UntilRotation(), secretcache.Client(client))
	get(t, e)
	l.ResetCounts()
	l.clock.Advance(time.Minute)
	get(t, e)
	want(t, "loads after a minute", l.Calls("GetSecretValue"), 1)
}

// Dates of many secrets take a few connections, not one each.
func TestUntilRotationAsksAFewAtATime(t *testing.T) {
	l := newLab(t)
	var mu sync.Mutex
	now, most, asked := 0, 0, 0
	client := &strange{clientOf(l.AWS), func() {
		mu.Lock()
		now++
		asked++
		most = max(most, now)
		mu.Unlock()
		defer func() {
			mu.Lock()
			now--
			mu.Unlock()
		}()
		if _, err := clientOf(l.AWS).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: new("app/s00")}); err != nil {
			t.Error(err)
		}
	}}
	_, list := l.secrets(20, secretcache.UntilRotation(), secretcache.Client(client))
	l.prefetch(list...)
	want(t, "dates asked for", asked, 20)
	if most > 5 {
		t.Errorf("%d dates asked for at once", most)
	}
}
