//go:build linux

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/lambdahost"
	"github.com/lambda-cache/lambdacache/internal/testlab"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

// What function "many" reads: 12 parameters, 3 secrets, one more of a stage, 2 objects.
const manyValues = 18

// fewest are the calls that this takes: by 10, by 20, one for the stage, one an object.
var fewest = map[string]int{"GetParameters": 2, "BatchGetSecretValue": 1, "GetSecretValue": 1, "GetObject": 2}

// putMany gives all that function "many" reads the values of one generation.
func putMany(aws *cachetest.AWS, generation int) {
	value := guest.Value(generation)
	for i := range 12 {
		aws.SSM.PutSecure(fmt.Sprintf("/app/p%02d", i+1), value)
	}
	for i := range 3 {
		aws.Secrets.PutString(fmt.Sprintf("app/s%d", i+1), value)
	}
	if generation == 1 {
		aws.Secrets.PutString("app/staged", "an older value")
	}
	aws.Secrets.PutString("app/staged", value, "AWSPENDING")
	aws.S3.Put("app-config", "rules.txt", []byte(value))
	aws.S3.Put("app-models", "model.bin", []byte(value+"\n"))
}

type manyResponse struct {
	PID         int
	Generations map[string]int
}

// want fails unless every value is of the generation.
func (r manyResponse) want(t testing.TB, generation int) {
	t.Helper()
	if len(r.Generations) != manyValues {
		t.Errorf("%d values, want %d: %v", len(r.Generations), manyValues, r.Generations)
	}
	for name, got := range r.Generations {
		if got != generation {
			t.Errorf("%s is of generation %d, want %d", name, got, generation)
		}
	}
}

// calls counts requests by operation.
func calls(requests []cachetest.Request) map[string]int {
	n := make(map[string]int)
	for _, r := range requests {
		n[r.Operation]++
	}
	return n
}

// wantCalls compares what came since the last call, and forgets it.
func wantCalls(t testing.TB, aws *cachetest.AWS, want map[string]int) {
	t.Helper()
	if got := calls(aws.Requests()); !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	aws.ResetCounts()
}

func newMany(t *testing.T, changes ...change) (*function, *cachetest.AWS) {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	putMany(aws, 1)
	return newFunction(t, "many", aws, changes...), aws
}

func TestFirstInvocationMakesTheFewestCallsAllAtOnce(t *testing.T) {
	f, aws := newMany(t)
	gate := aws.Hold("")
	invocation := f.begin(t, struct{}{})
	gate.Wait(6)
	held := aws.Requests()
	if got := calls(held); !maps.Equal(got, fewest) {
		t.Errorf("calls %v in flight at once, want %v", got, fewest)
	}
	for _, r := range held {
		if r.Ended != 0 {
			t.Errorf("%s of %v was answered before all had come", r.Operation, r.Keys)
		}
	}
	gate.Release()
	decoded[manyResponse](t, f.outcome(t, invocation)).want(t, 1)
	if n := aws.MaxConcurrent(); n != 6 {
		t.Errorf("%d requests at once, want 6", n)
	}
	asked := make(map[string]int)
	for _, r := range aws.Requests() {
		for _, key := range r.Keys {
			asked[key]++
		}
	}
	for key, n := range asked {
		if n != 1 {
			t.Errorf("%s was asked for %d times, want once", key, n)
		}
	}
	if len(asked) != manyValues {
		t.Errorf("%d keys were asked for, want %d: %v", len(asked), manyValues, slices.Sorted(maps.Keys(asked)))
	}
	wantCalls(t, aws, fewest)
}

func TestNoCallWhileFresh(t *testing.T) {
	f, aws := newMany(t)
	invoke[manyResponse](t, f, nil).want(t, 1)
	aws.ResetCounts()
	putMany(aws, 2) // nobody asks
	const invocations = 50
	for range invocations {
		if !f.Frozen() || !f.inspect(t).Stopped {
			t.Fatal("the environment is not frozen between invocations")
		}
		f.sleepUnseen(t, 500*time.Millisecond)
		invoke[manyResponse](t, f, nil).want(t, 1)
	}
	wantCalls(t, aws, map[string]int{})
	if f.Freezes() != invocations+1 || f.Starts() != 1 {
		t.Errorf("%d freezes and %d starts, want %d and 1", f.Freezes(), f.Starts(), invocations+1)
	}
}

// Most of a max age is spent frozen. SIGSTOP stops a process, not its clocks.
func TestOneRefreshAfterMaxAgeSpentFrozen(t *testing.T) {
	t.Parallel()
	const age = 2 * time.Second
	f, aws := newMany(t, maxAge(age))
	first := invoke[manyResponse](t, f, nil)
	first.want(t, 1)
	aws.ResetCounts()
	putMany(aws, 2)
	f.stayFrozen(t, age)

	second := invoke[manyResponse](t, f, nil)
	second.want(t, 2)
	wantCalls(t, aws, fewest)
	for range 3 {
		invoke[manyResponse](t, f, nil).want(t, 2)
	}
	wantCalls(t, aws, map[string]int{})
	if first.PID != second.PID {
		t.Errorf("process %d, then %d: want one environment", first.PID, second.PID)
	}
}

// The guest's clocks miss the freeze altogether; the deadlines of the invocations
// tell how long it was.
func TestOneRefreshAfterAFreezeThatTheGuestDidNotSee(t *testing.T) {
	f, aws := newMany(t)
	invoke[manyResponse](t, f, nil).want(t, 1)
	for generation := 2; generation < 5; generation++ {
		aws.ResetCounts()
		putMany(aws, generation)
		f.sleepUnseen(t, 45*time.Second)
		invoke[manyResponse](t, f, nil).want(t, generation-1)
		wantCalls(t, aws, map[string]int{})

		f.sleepUnseen(t, 15*time.Second)
		invoke[manyResponse](t, f, nil).want(t, generation)
		wantCalls(t, aws, fewest)
		invoke[manyResponse](t, f, nil).want(t, generation)
		wantCalls(t, aws, map[string]int{})
	}
	if f.Starts() != 1 {
		t.Errorf("%d processes, want one environment", f.Starts())
	}
}

// Objects that did not change cost a call but no body; all else is as at first.
func TestARefreshOfWhatDidNotChange(t *testing.T) {
	f, aws := newMany(t)
	invoke[manyResponse](t, f, nil).want(t, 1)
	aws.ResetCounts()
	f.sleepUnseen(t, time.Minute)
	invoke[manyResponse](t, f, nil).want(t, 1)
	for _, r := range aws.Requests() {
		if r.Service == "s3" && r.Status != 304 {
			t.Errorf("%v was answered with %d, want 304", r.Keys, r.Status)
		}
	}
	wantCalls(t, aws, fewest)
}

func newTwo(t *testing.T, changes ...change) (*function, *cachetest.AWS) {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	aws.SSM.PutSecure("/app/good", guest.Value(1))
	aws.SSM.PutSecure("/app/bad", guest.Value(1))
	aws.S3.Put("app-config", "rules.txt", []byte(guest.Value(1)))
	return newFunction(t, "two", aws, changes...), aws
}

type use struct{ Use string }

func TestAFailingEntryLeavesOtherInvocationsAlone(t *testing.T) {
	for name, breaks := range map[string]struct {
		how   func(*cachetest.AWS)
		words []string
	}{
		"denied": {
			func(aws *cachetest.AWS) {
				aws.Deny("ssm:GetParameters", "/app/bad")
				aws.Deny("ssm:GetParameter", "/app/bad")
			},
			[]string{"AccessDenied", "ssm:GetParameter", ":parameter/app/bad"},
		},
		"missing": {func(aws *cachetest.AWS) { aws.SSM.Delete("/app/bad") }, []string{"ParameterNotFound"}},
		"throttled": {func(aws *cachetest.AWS) {
			aws.Fail(cachetest.Fault{Operation: "GetParameters", Key: "/app/bad", Do: cachetest.Throttle()})
			aws.Fail(cachetest.Fault{Operation: "GetParameter", Key: "/app/bad", Do: cachetest.Throttle()})
		}, []string{"ThrottlingException"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, aws := newTwo(t, maxAge(0))
			breaks.how(aws)
			for generation := 1; generation <= 5; generation++ {
				aws.SSM.PutSecure("/app/good", guest.Value(generation))
				f.fails(t, use{"bad"}, "LoadError", append(breaks.words, `"bad"`, "ssm /app/bad")...)
				if got := invoke[int](t, f, use{"good"}); got != generation {
					t.Errorf("generation %d, want %d", got, generation)
				}
			}
			if f.Starts() != 1 {
				t.Errorf("%d processes: a failed load ended one", f.Starts())
			}
			if got := aws.CallsFor("GetParameters", "/app/good"); got != 5 {
				t.Errorf("%d calls for the good one, want 5", got)
			}
		})
	}
}

// The failing entry's call hangs while invocations that do not use it come and go in
// the same process.
func TestAHangingEntryDoesNotKeepOthersWaiting(t *testing.T) {
	f, aws := newTwo(t, maxAge(0), atOnce(2))
	gate := aws.Hold("", "/app/bad")
	bad := f.begin(t, use{"bad"})
	gate.Wait(1)
	for generation := 1; generation <= 5; generation++ {
		aws.SSM.PutSecure("/app/good", guest.Value(generation))
		if got := invoke[int](t, f, use{"good"}); got != generation {
			t.Errorf("generation %d, want %d", got, generation)
		}
	}
	if gate.Waiting() != 1 {
		t.Error("the call that hangs has ended: nothing was shown")
	}
	aws.SSM.Delete("/app/bad")
	gate.Release()
	failed(t, f.outcome(t, bad), "LoadError", "ParameterNotFound", `"bad"`)
}

// A source that hangs ends in an error that says so, before Lambda's own timeout,
// which names nothing and ends the process.
func TestAHangingSourceIsNamedBeforeLambdaTimesOut(t *testing.T) {
	for name, c := range map[string]struct {
		use, entry string
		limit      time.Duration
		hang       cachetest.Fault
	}{
		"a call": {"bad", `"bad" from ssm /app/bad`, 2 * time.Second, cachetest.Fault{Operation: "GetParameters", Do: cachetest.Hang()}},
		"a body": {
			"object", `"rules.txt" from s3 s3://app-config/rules.txt`, time.Second, // shorter than a body may make no progress
			cachetest.Fault{Operation: "GetObject", Do: cachetest.NewGate().HoldBody(4)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// On a busy machine the function may be late with its report, so this host has
			// more patience than it told the function.
			const more = 20 * time.Second
			f, aws := newTwo(t, timeout(c.limit+more))
			f.ahead.Store(-int64(more))
			heal := aws.Fail(c.hang)
			var r *lambdahost.Response
			testlab.Undisturbed(func() { r = f.try(t, use{c.use}) }) // or the function itself finds its deadline passed
			failed(t, r, "LoadError", c.entry, "the invocation's time is up")
			aws.WaitIdle() // the calls have ended while the process is frozen
			if !f.Frozen() {
				t.Error("the environment is not frozen")
			}
			heal()
			f.ahead.Store(0) // and all the time there is
			if got := invoke[int](t, f, use{c.use}); got != 1 || f.Starts() != 1 {
				t.Errorf("generation %d from process %d, want the first of both", got, f.Starts())
			}
		})
	}
}
