package frompython_test

import (
	"context"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// A handler is tested with the values the test wants, wrapped or not, and no call
// is made.
func TestHandlerWithoutAWS(t *testing.T) {
	aws, _ := start(t)
	v := ssmcache.Parameter[string]("/fixed/var")
	h := func(ctx context.Context, _ event) (string, error) { return v.Value(ctx), nil }
	ctx := cachetest.Context(t, cachetest.Fixed(v, "of the test"))
	for name, h := range map[string]handler[string]{"as it is": h, "wrapped": lambdacache.Wrap(h, v)} {
		got, err := h(ctx, event{})
		noError(t, err)
		is(t, name, got, "of the test")
	}
	is(t, "calls", aws.Calls(""), 0)
}

// Max ages pass without waiting.
func TestTimeWithoutWaiting(t *testing.T) {
	aws, clock := start(t)
	aws.SSM.Put("/waited/var", "one")
	v := ssmcache.Parameter[string]("/waited/var", lambdacache.MaxAge(24*time.Hour))
	get(t, v)
	aws.SSM.Put("/waited/var", "two")
	clock.Advance(24 * time.Hour)
	is(t, "a day later", get(t, v), "two")
}

// Reset forgets what other tests have loaded.
func TestResetBetweenTests(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/reset/var", "one")
	v := ssmcache.Parameter[string]("/reset/var")
	get(t, v)
	cachetest.Reset(t)
	get(t, v)
	is(t, "calls", aws.Calls(""), 2)
}
