package lambdacache_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// modelSource answers with what the world has, late, and with the world's fault.
type modelSource struct {
	*world
	max int
}

func (s *modelSource) MaxKeys() int { return s.max }

func (s *modelSource) LoadOne(ctx context.Context, req lc.Request) lc.Result[string] {
	return s.load(ctx, []lc.Request{req}, true)[0]
}

func (s *modelSource) Load(ctx context.Context, reqs []lc.Request) []lc.Result[string] {
	return s.load(ctx, reqs, false)
}

func (s *modelSource) load(ctx context.Context, reqs []lc.Request, one bool) []lc.Result[string] {
	tick, at := s.next(), s.reading()
	s.enter(reqs, 1)
	defer s.enter(reqs, -1)
	select {
	case <-time.After(s.upTo(2500 * time.Millisecond)):
	case <-ctx.Done():
	}
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	s.logf("call %d %v with %q %v", tick, reqs, fault, ctx.Err())
	switch fault {
	case "panic":
		panic(fault)
	case "goexit":
		runtime.Goexit()
	}
	results := make([]lc.Result[string], len(reqs))
	for i, r := range reqs {
		switch {
		case ctx.Err() != nil:
			results[i].Err = ctx.Err()
		case fault == "down":
			results[i].Err = errDown
		case fault == "throttle":
			results[i].Err = lc.Throttled(errDown)
		case fault == "culprit" && slices.ContainsFunc(reqs, func(r lc.Request) bool { return r.Key == "b" || r.Key == "x" }):
			results[i].Err = lc.Blame(lc.Denied(errDown, "svc:Get", r.Key))
		case fault == "batch" && !one:
			results[i].Err = lc.BatchDenied(lc.Denied(errDown, "svc:GetMany", "*"))
		case fault == "leftover" && s.pick(2) == 0:
			results[i].Err = lc.ErrLeftOver
		default:
			results[i] = s.answer(r, answered{key: r.Key, tick: tick, at: at})
		}
	}
	return results
}

func (w *world) logf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf("%v: "+format, append([]any{time.Since(w.born)}, args...)...))
}

func (s *modelSource) enter(reqs []lc.Request, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range reqs {
		if s.inFlight[r.Key] += n; s.inFlight[r.Key] > 1 {
			s.t.Errorf("two loads of %s in flight", r.Key)
		}
	}
}

// answer gives the newest version, or, of a tier, a copy of an earlier answer that is
// as old as the request accepts.
func (s *modelSource) answer(r lc.Request, a answered) lc.Result[string] {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.version = s.versions[r.Key]
	if s.max == 1 && s.random.IntN(2) == 0 {
		for _, l := range s.loads {
			if age := a.at.Since(l.at); l.key == r.Key && l.copied == 0 && age > 0 && age < r.MaxAge && l.tick < a.tick {
				a.version, a.copied, a.at = l.version, age, a.at.Back(age)
				break
			}
		}
	}
	s.loads = append(s.loads, a)
	s.log = append(s.log, fmt.Sprintf("%v: answer %d %s:%d", time.Since(s.born), a.tick, a.key, a.version))
	v := fmt.Sprint(a.key, ":", a.version)
	return lc.Result[string]{Value: v, Version: v, Unchanged: r.Have == v, Age: a.copied}
}
