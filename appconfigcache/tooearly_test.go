package appconfigcache_test

import (
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
)

// What the session refuses to say too early makes nobody's value younger, and is not
// asked for again by those whose max age is shorter.
func TestTooEarlyMakesNothingYounger(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	number := appconfigcache.Configuration[int]("app", "prod", l.profile())
	short, long := l.text(lambdacache.MaxAge(6*time.Second)), l.text(lambdacache.MaxAge(20*time.Second))
	fails(t, number, "cannot decode")
	l.put("v2")
	l.clock.Advance(5 * time.Second)
	l.asked()
	fails(t, number, "cannot decode")
	want(t, "calls too early", l.asked(), "get")
	l.clock.Advance(10*time.Second - 1)
	want(t, "a short max age before the interval is over", get(t, short), "v1")
	want(t, "calls", l.asked(), "")
	l.clock.Advance(5 * time.Second)
	want(t, "a longer one, which is not over", get(t, long), "v1")
	l.clock.Advance(1)
	want(t, "a longer one when it is over", get(t, long), "v2")
	want(t, "calls", l.asked(), "get")
}

// What was asked for too early may be asked for again when the interval is over, which
// the answer began and not the load that came too early.
func TestTooEarlyDoesNotProlongTheInterval(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	number, short := appconfigcache.Configuration[int]("app", "prod", l.profile()), l.text(lambdacache.MaxAge(6*time.Second))
	want(t, "value", get(t, short), "v1")
	l.clock.Advance(10 * time.Second)
	l.asked()
	fails(t, number, "cannot decode") // and asks with every load
	want(t, "calls too early", l.asked(), "get")
	l.put("v2")
	l.clock.Advance(5*time.Second - 1)
	want(t, "before the interval is over", get(t, short), "v1")
	want(t, "calls", l.asked(), "")
	l.clock.Advance(1)
	want(t, "when it is over", get(t, short), "v2")
	want(t, "calls", l.asked(), "get")
}
