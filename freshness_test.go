package lambdacache_test

import (
	"context"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// invocations at given times, each with the loads it must have caused.
func TestFreshnessOnThreeClocks(t *testing.T) {
	type step struct {
		name       string
		mono, wall time.Duration // what the guest's clocks saw pass before the invocation
		host       time.Duration // the host's clock at the invocation
		loads      int
	}
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"an ordinary minute", []step{
			{"first", 0, 0, 0, 1},
			{"fresh", 59 * time.Second, 59 * time.Second, 59 * time.Second, 0},
			{"as old as max age", time.Second, time.Second, 60 * time.Second, 1},
			{"fresh again", time.Second, time.Second, 61 * time.Second, 0},
		}},
		{"monotonic clock stood still in the freeze", []step{
			{"first", 0, 0, 0, 1},
			{"after the freeze", 0, time.Hour, time.Hour, 1},
		}},
		{"only the wall clock saw the freeze", []step{
			{"first", 0, 0, 0, 1},
			{"after the freeze", 0, time.Hour, 0, 1},
		}},
		{"only the monotonic clock moved", []step{
			{"first", 0, 0, 0, 1},
			{"later", time.Minute, 0, 0, 1},
		}},
		{"restored snapshot: both guest clocks are behind, the deadline tells", []step{
			{"first", 0, 0, 0, 1},
			{"before the snapshot", time.Second, time.Second, time.Second, 0},
			{"restored", time.Millisecond, time.Millisecond, 3 * time.Hour, 1},
			{"and fresh", time.Second, time.Second, 3*time.Hour + time.Second, 0},
		}},
		{"freezes add up unseen by the guest", []step{
			{"first", 0, 0, 0, 1},
			{"", 0, 0, 25 * time.Second, 0},
			{"", 0, 0, 50 * time.Second, 0},
			{"", 0, 0, 75 * time.Second, 1},
		}},
		{"wall clock stepped back a little: a correction", []step{
			{"first", 0, 0, 0, 1},
			{"corrected", time.Second, -900 * time.Millisecond, time.Second, 0},
		}},
		{"wall clock stepped back far: due, and not immortal", []step{
			{"first", 0, 0, 0, 1},
			{"stepped", time.Second, -time.Hour, time.Second, 1},
			{"fresh", time.Second, time.Second, 2 * time.Second, 0},
			{"aged", time.Minute, time.Minute, 62 * time.Second, 1},
		}},
		{"wall clock stepped forward: due early, once", []step{
			{"first", 0, 0, 0, 1},
			{"stepped", time.Second, time.Hour, time.Second, 1},
			{"fresh", time.Second, time.Second, 2 * time.Second, 0},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			guest := newTimes(t)
			s := newScripted(1, map[string]string{"k": "v"})
			read := reading(declare(lc.NewOrigin("scripted", s), "k"))
			for i, step := range test.steps {
				guest.pass(step.mono, step.wall)
				if _, err := read(at(step.host)); err != nil {
					t.Fatal(err)
				}
				if n := len(s.took()); n != step.loads {
					t.Errorf("invocation %d (%s): %d loads, want %d", i+1, step.name, n, step.loads)
				}
			}
		})
	}
}

func TestInitialisedHoursBeforeTheFirstInvocation(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "old"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	if err := lc.Prefetch(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	s.set("k", "new")
	guest.both(3 * time.Hour)
	got := must(reading(e)(at(0)))(t)
	want(t, "value", got, "new")
}

func TestPrefetchedIsFreshForTheFirstInvocation(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	if err := lc.Prefetch(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	s.took()
	guest.both(10 * time.Second)
	must(reading(e)(at(0)))(t)
	want(t, "loads", len(s.took()), 0)
}

// A value is as old as the start of its load: the load was frozen half-way for
// longer than the max age.
func TestLoadFrozenHalfWay(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	s.gate, s.asked = make(chan struct{}), make(chan string, 1)
	read := reading(declare(lc.NewOrigin("scripted", s), "k"))
	done := make(chan error)
	go func() { _, err := read(at(0)); done <- err }()
	<-s.asked
	guest.pass(0, time.Hour) // frozen, and seen by one clock only
	s.gate <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.took()
	close(s.gate)
	must(read(at(0)))(t)
	want(t, "loads by the next invocation", len(s.took()), 1)
}

// A load in mid-invocation is stamped with the host's time of its own start, not of
// the start of its invocation.
func TestLoadInMidInvocationOnTheHostClock(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	h := lc.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		guest.both(50 * time.Second)
		return e.Get(ctx)
	})
	must(h(at(0), struct{}{}))(t)
	s.took()
	must(reading(e)(at(100 * time.Second)))(t) // 50 s after the load; the guest slept
	want(t, "loads 50 s after the load", len(s.took()), 0)
	must(reading(e)(at(111 * time.Second)))(t)
	want(t, "loads 61 s after the load", len(s.took()), 1)
}

func TestGetUsesTheLargestDeadlineSeen(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k")
	invoke := reading(lc.New("other", func(context.Context) (int, error) { return 1, nil }))
	must(invoke(at(0)))(t)
	must(e.Get(context.Background()))(t)
	must(invoke(at(2 * time.Minute)))(t) // tells of a freeze
	s.took()
	must(e.Get(context.Background()))(t)
	want(t, "loads", len(s.took()), 1)
}

func TestDeadlinesAreIgnoredOnManagedInstances(t *testing.T) {
	newTimes(t)
	t.Cleanup(environment.Replace(environment.Managed))
	s := newScripted(1, map[string]string{"k": "v"})
	read := reading(declare(lc.NewOrigin("scripted", s), "k"))
	must(read(at(0)))(t)
	must(read(at(90 * time.Minute)))(t) // another timeout, not a later invocation
	want(t, "loads", len(s.took()), 1)
}

// A deadline that somebody set on the way to an inner Wrap says nothing of the host.
func TestInnerDeadlineIsNotTheHosts(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	o := lc.NewOrigin("scripted", s)
	outer, inner := declare(o, "k"), declare(lc.NewOrigin("scripted", s), "k")
	read := reading(inner)
	h := lc.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		return read(until{ctx, hostTime.Add(24 * time.Hour)})
	}, outer)
	must(h(at(0), struct{}{}))(t)
	s.took()
	must(h(at(time.Second), struct{}{}))(t)
	want(t, "loads", len(s.took()), 0)
}

func TestMaxAges(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(3, map[string]string{"every": "e", "minute": "m", "forever": "f"})
	o := lc.NewOrigin("scripted", s)
	read := reading(declare(o, "every", lc.MaxAge(0)), declare(o, "minute"), declare(o, "forever", lc.MaxAge(lc.Forever)))
	must(read(at(0)))(t)
	want(t, "first", sorted(s.took()), "minute+forever+every")
	must(read(at(0)))(t)
	want(t, "at once", sorted(s.took()), "every")
	guest.both(280 * 365 * 24 * time.Hour) // past what fits into the clocks' numbers
	must(read(at(0)))(t)
	want(t, "much later", sorted(s.took()), "minute+every")
}

func TestSourceLimits(t *testing.T) {
	for _, test := range []struct {
		name  string
		tweak func(*lc.Result[string])
		due   time.Duration // since the load
	}{
		{"a copy is as old as its origin's load", func(r *lc.Result[string]) { r.Age = 20 * time.Second }, 40 * time.Second},
		{"due sooner than max age", func(r *lc.Result[string]) { r.Within = 15 * time.Second }, 15 * time.Second},
		{"within cannot lengthen", func(r *lc.Result[string]) { r.Within = time.Hour }, time.Minute},
		{"not to be asked before", func(r *lc.Result[string]) { r.NotBefore = 5 * time.Minute }, 5 * time.Minute},
		{"not before cannot shorten", func(r *lc.Result[string]) { r.NotBefore = time.Second }, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			guest := newTimes(t)
			s := newScripted(1, map[string]string{"k": "v"})
			s.tweak = test.tweak
			read := reading(declare(lc.NewOrigin("scripted", s), "k"))
			must(read(context.Background()))(t)
			guest.both(test.due - time.Millisecond)
			must(read(context.Background()))(t)
			want(t, "loads just before", len(s.took()), 1)
			guest.both(time.Millisecond)
			must(read(context.Background()))(t)
			want(t, "loads just then", len(s.took()), 1)
		})
	}
}

func TestRefreshAsksInSpiteOfNotBefore(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	s.tweak = func(r *lc.Result[string]) { r.NotBefore = time.Hour }
	e := declare(lc.NewOrigin("scripted", s), "k")
	must(e.Get(context.Background()))(t)
	must(e.Refresh(context.Background()))(t)
	want(t, "loads", len(s.took()), 2)
	want(t, "oldest copy accepted by Refresh", s.reqs[1].MaxAge, 0)
	want(t, "oldest copy accepted by Get", s.reqs[0].MaxAge, time.Minute)
}
