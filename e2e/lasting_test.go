//go:build linux

package e2e

import (
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

type lastingEvent struct{ Works time.Duration }

func newLasting(t *testing.T, changes ...change) (*function, *cachetest.AWS) {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	aws.SSM.PutSecure("/app/lasting", guest.Value(1))
	f := newFunction(t, "lasting", aws, changes...)
	wantGeneration(t, f, 1)
	aws.ResetCounts()
	aws.SSM.PutSecure("/app/lasting", guest.Value(2))
	return f, aws
}

func wantGeneration(t *testing.T, f *function, generation int) {
	t.Helper()
	if got := invoke[int](t, f, lastingEvent{}); got != generation {
		t.Errorf("generation %d, want %d", got, generation)
	}
}

// An early load is at the service while the handler has long returned: the response
// waits for it, and with it the freeze.
func TestEarlyLoadEndsBeforeTheFreeze(t *testing.T) {
	f, aws := newLasting(t)
	f.sleepUnseen(t, 40*time.Second)
	gate := aws.Hold("GetParameters")
	invocation := f.begin(t, lastingEvent{})
	gate.Wait(1)
	for range 20 { // as good as any other number: the handler does nothing
		if f.Frozen() {
			t.Fatal("frozen with a request in flight")
		}
		<-time.After(5 * time.Millisecond)
	}
	gate.Release()
	if got := decoded[int](t, f.outcome(t, invocation)); got != 1 {
		t.Errorf("generation %d, want what the invocation had when it began", got)
	}
	for _, r := range aws.Requests() {
		if r.Ended == 0 || r.Left {
			t.Errorf("a request was in flight when the response was here: %+v", r.Operation)
		}
	}
	wantCalls(t, aws, map[string]int{"GetParameters": 1})
	f.stayFrozen(t, 50*time.Millisecond)
	wantGeneration(t, f, 2)
	wantCalls(t, aws, map[string]int{})
}

// On Managed Instances nobody waits for it.
func TestEarlyLoadOnManagedInstances(t *testing.T) {
	t.Parallel()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	aws.SSM.PutSecure("/app/lasting", guest.Value(1))
	f := newFunction(t, "lasting", aws, atOnce(4), maxAge(20*time.Second))
	wantGeneration(t, f, 1)
	aws.ResetCounts()
	aws.SSM.PutSecure("/app/lasting", guest.Value(2))
	gate := aws.Hold("GetParameters")
	for gate.Waiting() == 0 { // until half of the max age is over, by the clocks of the function
		<-time.After(20 * time.Millisecond)
		wantGeneration(t, f, 1) // also when the load is held: the response is here
	}
	gate.Wait(1)
	gate.Release()
	aws.WaitIdle()
	wantCalls(t, aws, map[string]int{"GetParameters": 1})
}

// A service that hangs costs an invocation half of its time, by the clocks that its
// deadline is compared with.
func TestFunctionOutlastsASourceThatHangs(t *testing.T) {
	// On a busy machine the function may be late, with its response and with the end of
	// its load before that tries again: so this host has more patience than it tells the
	// function.
	const more = 20 * time.Second
	f, aws := newLasting(t, timeout(2*time.Second+more), maxAge(time.Second))
	f.ahead.Store(-int64(more))
	f.stayFrozen(t, 1100*time.Millisecond)
	gate := aws.Hold("")
	wantGeneration(t, f, 1)
	aws.WaitIdle()
	gate.Release()
	if f.Starts() != 1 || aws.Calls("") != 1 {
		t.Errorf("%d starts, %d calls, want one of each", f.Starts(), aws.Calls(""))
	}
	f.stayFrozen(t, 1100*time.Millisecond)
	wantGeneration(t, f, 2)
}

// A service that refuses, and then answers.
func TestFunctionOutlastsItsSource(t *testing.T) {
	f, aws := newLasting(t)
	f.sleepUnseen(t, 61*time.Second)
	heal := aws.Fail(cachetest.Fault{Do: cachetest.Error(400, "AccessDeniedException", "no")})
	wantGeneration(t, f, 1)
	asked := aws.Calls("")
	if asked == 0 {
		t.Error("the source was not asked")
	}
	for range 5 {
		wantGeneration(t, f, 1)
	}
	if n := aws.Calls(""); n != asked {
		t.Errorf("%d calls in the pause", n-asked)
	}
	heal()

	f.sleepUnseen(t, 31*time.Second)
	wantGeneration(t, f, 2)
	if !f.said.contains("Kind:stale") {
		t.Error("no event tells that an old value was served")
	}
	f.sleepUnseen(t, 11*time.Minute+time.Second)
	aws.Fail(cachetest.Fault{Do: cachetest.Error(400, "AccessDeniedException", "no")})
	f.fails(t, lastingEvent{}, "LoadError", "AccessDeniedException")
}
