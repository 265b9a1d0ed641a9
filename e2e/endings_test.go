//go:build linux

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

type leftoverEvent struct{ Park, Wake, Leave, Detached, Collect, Read, Late bool }

type leftoverResponse struct {
	Errors     []string
	Generation int
	After      guest.Running
}

// newLeftover makes a function whose two Gets are held at one gate and its door at
// another.
func newLeftover(t *testing.T, changes ...change) (f *function, slow, door *cachetest.Gate) {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	for _, name := range []string{"slow", "other", "door"} {
		aws.SSM.PutSecure("/app/"+name, guest.Value(1))
	}
	f = newFunction(t, "leftover", aws, changes...)
	return f, aws.Hold("", "/app/slow", "/app/other"), aws.Hold("", "/app/door")
}

// Requests frozen half-way would wake with expired signatures on dead connections.
func TestNothingIsInFlightWhenTheEnvironmentFreezes(t *testing.T) {
	for _, detached := range []bool{false, true} {
		t.Run(map[bool]string{false: "the invocation's context", true: "a context that lives on"}[detached], func(t *testing.T) {
			f, slow, door := newLeftover(t)
			invocation := f.begin(t, leftoverEvent{Leave: true, Detached: detached})
			slow.Wait(2) // both loads are at the service
			door.Wait(1)
			door.Release() // and the handler returns
			r := decoded[leftoverResponse](t, f.outcome(t, invocation))
			if r.After.Flights != 0 {
				t.Errorf("%+v when Wrap had returned", r.After)
			}
			if !f.Frozen() || !f.inspect(t).Stopped {
				t.Fatal("the environment is not frozen")
			}
			slow.WaitEmpty() // a frozen process could not leave the gate
			f.aws.WaitIdle()
			left := 0
			for _, q := range f.aws.Requests() {
				if q.Ended == 0 {
					t.Errorf("%s of %v is in flight", q.Operation, q.Keys)
				}
				if q.Left {
					left++
				}
			}
			if left != 2 {
				t.Errorf("%d requests were given up, want 2", left)
			}

			slow.Release()
			after := invoke[leftoverResponse](t, f, leftoverEvent{Collect: true})
			if len(after.Errors) != 2 {
				t.Errorf("the Gets ended with %q", after.Errors)
			}
			for _, e := range after.Errors {
				if !strings.Contains(e, "the last running invocation ended during the load") {
					t.Errorf("a Get that was left ended with %q", e)
				}
			}
			if r := invoke[leftoverResponse](t, f, leftoverEvent{Read: true}); r.Generation != 1 {
				t.Errorf("generation %d in the next invocation, want 1", r.Generation)
			}
		})
	}
}

// A streamed response is read after Wrap has returned, and may load. That must not keep
// later invocations from ending what they leave.
func TestALoadAfterTheHandlerDoesNotChangeHowLaterInvocationsEnd(t *testing.T) {
	f, slow, door := newLeftover(t)
	invoke[leftoverResponse](t, f, leftoverEvent{}) // the first one waits for its snapshot
	late := f.begin(t, leftoverEvent{Late: true})
	slow.Wait(1)
	slow.Pass(1)
	if r := decoded[leftoverResponse](t, f.outcome(t, late)); r.Generation != 1 {
		t.Fatalf("generation %d after the handler, want 1", r.Generation)
	}
	invocation := f.begin(t, leftoverEvent{Leave: true, Detached: true})
	slow.Wait(2)
	door.Wait(1)
	door.Release()
	r := decoded[leftoverResponse](t, f.outcome(t, invocation))
	if r.After.Flights != 0 || slow.Waiting() != 0 {
		t.Errorf("%+v when Wrap had returned, %d requests in flight while frozen: %v, want none", r.After, slow.Waiting(), f.Frozen())
	}
}

// A goroutine that outlived its invocation loads on behalf of nobody that runs.
func TestALoadOnBehalfOfAnEarlierInvocationIsEndedToo(t *testing.T) {
	f, slow, door := newLeftover(t)
	invoke[leftoverResponse](t, f, leftoverEvent{Park: true, Detached: true})
	invocation := f.begin(t, leftoverEvent{Wake: true})
	slow.Wait(2)
	door.Wait(1)
	door.Release()
	r := decoded[leftoverResponse](t, f.outcome(t, invocation))
	if r.After.Flights != 0 || slow.Waiting() != 0 {
		t.Errorf("%+v when Wrap had returned, %d requests in flight while frozen: %v, want none", r.After, slow.Waiting(), f.Frozen())
	}
}

// Where nothing freezes a load may outlive the invocation.
func TestALoadOutlivesItsInvocationOnManagedInstances(t *testing.T) {
	f, slow, door := newLeftover(t, atOnce(2))
	invocation := f.begin(t, leftoverEvent{Leave: true, Detached: true})
	slow.Wait(2)
	door.Wait(1)
	door.Release()
	r := decoded[leftoverResponse](t, f.outcome(t, invocation))
	if r.After.Flights != 2 || slow.Waiting() != 2 {
		t.Errorf("%+v when Wrap had returned, %d requests at the gate, want 2", r.After, slow.Waiting())
	}
	slow.Release()
	after := invoke[leftoverResponse](t, f, leftoverEvent{Collect: true})
	if len(after.Errors) != 2 || after.Errors[0] != "" || after.Errors[1] != "" {
		t.Errorf("the Gets ended with %q", after.Errors)
	}
	for _, q := range f.aws.Requests() {
		if q.Left || q.Status != 200 {
			t.Errorf("%s of %v was not answered", q.Operation, q.Keys)
		}
	}
}

// What is fetched while Lambda initialises the environment is not fetched again by the
// first invocation.
func TestPrefetchLeavesNothingToTheFirstInvocation(t *testing.T) {
	f, aws := newMany(t, mode("prefetch"))
	if err := f.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCalls(t, aws, fewest)
	if !f.Frozen() {
		t.Error("not frozen after init")
	}
	putMany(aws, 2)
	for range 3 {
		invoke[manyResponse](t, f, nil).want(t, 1)
	}
	wantCalls(t, aws, map[string]int{})
}

// An environment that was initialised long before its first invocation gets no
// exception from max age.
func TestWhatWasPrefetchedComesOfAge(t *testing.T) {
	t.Parallel()
	const age = 2 * time.Second
	f, aws := newMany(t, mode("prefetch"), maxAge(age))
	if err := f.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCalls(t, aws, fewest)
	putMany(aws, 2)
	f.stayFrozen(t, age)
	invoke[manyResponse](t, f, nil).want(t, 2)
	wantCalls(t, aws, fewest)
}

// A Prefetch that fails leaves the work to the first invocation.
func TestAFailedPrefetchIsMadeGoodByTheFirstInvocation(t *testing.T) {
	f, aws := newMany(t, mode("prefetch"))
	aws.Deny("ssm:GetParameters", "/app/p07")
	aws.Deny("ssm:GetParameter", "/app/p07")
	if err := f.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	aws.Allow("ssm:GetParameters", "")
	aws.Allow("ssm:GetParameter", "")
	aws.ResetCounts()
	invoke[manyResponse](t, f, nil).want(t, 1)
	wantCalls(t, aws, map[string]int{"GetParameters": 1})
	if !f.said.contains(`load "p07" from ssm /app/p07`) {
		t.Error("the log of init does not name the parameter")
	}
}
