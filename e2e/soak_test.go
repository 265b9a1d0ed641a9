//go:build linux

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/lambdahost"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

// soakBrief is the max age of most entries of function "soak"; that of "now" is 0.
const soakBrief = 10 * time.Millisecond

type soakEvent struct {
	ID      int
	Few     bool // 2 entries instead of 7
	Get     bool
	Refresh bool
	Report  bool
}

type soakResponse struct {
	ID          int
	RequestID   string
	PID         int
	Generations map[string]int
	Again       map[string]int
	Got         int
	Refreshed   int
	Mixed       bool
	Overlaps    int64
	Left        int
	Idle        guest.Running
}

// soak is one run of function "soak" with a world that changes under it.
type soak struct {
	*function
	world world
	pid   atomic.Int64

	mu   sync.Mutex
	seen map[string]int // the newest generation that an invocation answered, by entry
	bad  int
}

// world is what the sources hold, and held when.
type world struct {
	aws *cachetest.AWS

	publishing sync.Mutex
	begun      atomic.Int64 // the newest generation that a source may hold
	mu         sync.Mutex
	whole      []time.Time // whole[g] is when every source held generation g
}

// publish gives every source the next generation.
func (w *world) publish() {
	w.publishing.Lock()
	defer w.publishing.Unlock()
	generation := int(w.begun.Add(1))
	value := guest.Value(generation)
	w.aws.SSM.PutSecure("/soak/now", value)
	w.aws.SSM.PutSecure("/soak/brief", value)
	w.aws.Secrets.PutString("soak/pair", fmt.Sprintf(`{"left":%q,"right":%q}`, value, value))
	w.aws.Secrets.PutString("soak/single", value)
	w.aws.S3.Put("soak", "object", []byte(value))
	w.aws.S3.Put("soak", "file", []byte(value+"\n"))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.whole = append(w.whole, time.Now())
}

// heldAt is the newest generation that every source held at a moment.
func (w *world) heldAt(moment time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, _ := slices.BinarySearchFunc(w.whole, moment, func(g, m time.Time) int { return cmp.Compare(g.Sub(m), 0) })
	return max(1, n-1) // whole[0] stands for generation 0, which is none
}

func newSoak(t *testing.T, changes ...change) *soak {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	s := &soak{function: newFunction(t, "soak", aws, changes...), seen: make(map[string]int)}
	s.world.aws = aws
	s.world.whole = []time.Time{time.Now()}
	s.world.publish()
	return s
}

// run makes invocations from that many callers at once. Meanwhile the world changes,
// and when it hurts most: while an answer that was made of the old one is on its way.
func (s *soak) run(t *testing.T, invocations, callers int) {
	t.Helper()
	const (
		changeEvery = 40
		way         = 5 * time.Millisecond
	)
	var answers atomic.Int64
	defer s.aws.Fail(cachetest.Fault{Do: cachetest.AtByte(0, func() {
		if answers.Add(1)%changeEvery == 0 {
			s.world.publish()
			<-time.After(way)
		}
	})})()
	began := time.Now()
	var next atomic.Int64
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for id := int(next.Add(1)); id <= invocations && s.good(); id = int(next.Add(1)) {
				s.invokeOnce(t, soakEvent{ID: id, Few: id%8 != 0, Get: id%5 == 0, Refresh: id%7 == 0})
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	t.Logf("%d invocations, %d at a time, in %v: %.0f/s; %d calls, %d generations, %v of CPU in the function",
		invocations, callers, took.Round(time.Millisecond), float64(invocations)/took.Seconds(),
		s.aws.Calls(""), s.world.begun.Load(), s.inspect(t).CPU)
}

func (s *soak) good() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bad < 5
}

// invokeOnce makes one invocation and judges its response. It may run in any goroutine.
func (s *soak) invokeOnce(t *testing.T, e soakEvent) {
	payload, err := json.Marshal(e)
	if err != nil {
		t.Error(err)
		return
	}
	s.mu.Lock()
	seen := maps.Clone(s.seen)
	s.mu.Unlock()
	issued := time.Now()
	stream, err := s.InvokeStream(t.Context(), lambdahost.Event{Payload: payload})
	var r *lambdahost.Response
	if err == nil {
		r, err = stream.Response(t.Context())
	}
	newest := int(s.world.begun.Load())
	if s.Frozen() {
		s.aws.WaitIdle() // a frozen process could end no request
	}
	var out soakResponse
	switch {
	case err != nil:
	case r.Error != nil:
		err = r.Error
	default:
		s.note(r)
		err = json.Unmarshal(r.Payload, &out)
	}
	var wrong []string
	if err != nil {
		wrong = []string{err.Error()}
	} else {
		wrong = s.judge(e, out, stream.RequestID(), seen, issued, newest)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, generation := range out.Generations {
		s.seen[name] = max(s.seen[name], generation)
	}
	for _, name := range []string{"left", "right"} { // later invocations see what was refreshed
		s.seen[name] = max(s.seen[name], out.Refreshed)
	}
	if wrong != nil {
		s.bad++
		t.Errorf("invocation %d: %q in %+v; before it %v", e.ID, wrong, out, seen)
	}
}

// judge says what is wrong with a response. A value must have been at the source at
// some time from max age before the invocation was issued until its response was here.
func (s *soak) judge(e soakEvent, r soakResponse, requestID string, seen map[string]int, issued time.Time, newest int) (wrong []string) {
	say := func(is bool, format string, args ...any) {
		if is {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	say(r.ID != e.ID || r.RequestID != requestID, "the response of another invocation, want %s", requestID)
	s.pid.CompareAndSwap(0, int64(r.PID))
	say(int64(r.PID) != s.pid.Load(), "another process")
	now, brief := s.world.heldAt(issued), s.world.heldAt(issued.Add(-soakBrief))
	values := 7
	if e.Few {
		values = 2
	}
	say(len(r.Generations) != values, "%d values, want %d", len(r.Generations), values)
	for name, generation := range r.Generations {
		oldest := brief
		if name == "now" {
			oldest = now
		}
		say(generation < oldest || generation > newest, "%s is of generation %d, want one of %d to %d", name, generation, oldest, newest)
		say(generation < seen[name], "%s went back from generation %d to %d", name, seen[name], generation)
		say(r.Again[name] != generation, "%s changed during the invocation, from %d to %d", name, generation, r.Again[name])
	}
	say(r.Generations["left"] != r.Generations["right"], "two fields of one secret are of two versions")
	say(r.Mixed, "two halves of one value differ")
	say(e.Get && (r.Got < max(now, r.Generations["now"]) || r.Got > newest), "Get gave generation %d, want one of %d to %d", r.Got, now, newest)
	say(e.Refresh && (r.Refreshed < max(now, r.Generations["left"]) || r.Refreshed > newest), "Refresh gave generation %d, want one of %d to %d", r.Refreshed, now, newest)
	say(r.Overlaps != 0, "%d loads of one key met another", r.Overlaps)
	say(r.Left != 0, "%d loads were in flight when Wrap had returned", r.Left)
	return wrong
}

// finish looks at the whole run when it is over.
func (s *soak) finish(t *testing.T) {
	t.Helper()
	idle := invoke[soakResponse](t, s.function, soakEvent{Report: true})
	t.Logf("idle: %+v", idle.Idle)
	if idle.Idle.Flights != 0 || idle.Idle.Goroutines != 0 || idle.Overlaps != 0 {
		t.Errorf("idle, but %+v, %d overlaps", idle.Idle, idle.Overlaps)
	}
	if s.Starts() != 1 {
		t.Errorf("%d processes, want 1", s.Starts())
	}
	s.aws.WaitIdle()
	ended := make(map[string]int) // when the last request for a key ended
	loads := make(map[string]int)
	for _, r := range s.aws.Requests() {
		for _, key := range r.Keys {
			if r.Started < ended[key] || ended[key] < 0 {
				t.Fatalf("two requests for %s were in progress at once", key)
			}
			if ended[key] = r.Ended; r.Ended == 0 {
				ended[key] = -1
			}
			loads[key]++
		}
		if r.Status >= 400 || r.Left {
			t.Errorf("%s of %v: status %d, left %v", r.Operation, r.Keys, r.Status, r.Left)
		}
	}
	t.Logf("loads by key: %v", loads)
	if len(loads) != 6 {
		t.Errorf("%d keys were loaded, want 6", len(loads))
	}
	if n := s.aws.Connections(); n > 50 {
		t.Errorf("%d connections: they are not kept", n)
	}
}

// One process, 16 invocations at a time as on Managed Instances, everything due all
// the time, and values that change meanwhile.
func TestSoakAtOnce(t *testing.T) {
	invocations := 40_000
	if testing.Short() {
		invocations = 4_000
	}
	s := newSoak(t, atOnce(16))
	s.run(t, invocations, 16)
	s.finish(t)
	if s.Freezes() != 0 {
		t.Errorf("%d freezes, want none", s.Freezes())
	}
}

// The same, one after the other, frozen in between. Nothing may be in flight then.
func TestSoakWithFreezes(t *testing.T) {
	const invocations = 1000
	s := newSoak(t)
	s.run(t, invocations, 1)
	if s.Freezes() != invocations {
		t.Errorf("%d freezes, want %d", s.Freezes(), invocations)
	}
	s.finish(t)
}
