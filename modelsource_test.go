package lambdacache_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
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
	s.checkSpared(reqs)
	defer s.enter(reqs, -1)
	select {
	case <-time.After(s.upTo(2500 * time.Millisecond)):
	case <-ctx.Done():
	}
	s.mu.Lock()
	fault := s.fault
	if ctx.Err() == context.Canceled {
		s.tick++
		s.cancelled = s.tick
	}
	s.mu.Unlock()
	results := make([]lc.Result[string], len(reqs))
	s.logf("call %d %v with %q %v", tick, reqs, fault, ctx.Err())
	switch fault {
	case "panic", "goexit":
		for i := range results {
			results[i].Err = errDown
		}
		s.noteTrouble(reqs, results, ctx.Err() != nil)
		if fault == "panic" {
			panic(fault)
		}
		runtime.Goexit()
	}
	for i, r := range reqs {
		switch {
		case ctx.Err() != nil:
			results[i].Err = ctx.Err()
		case fault == "down":
			results[i].Err = errDown
		case fault == "throttle":
			results[i].Err = lc.Throttled(errDown)
		case fault == "culprit" && slices.ContainsFunc(reqs, func(r lc.Request) bool { return strings.Contains("bex", r.Key) }):
			results[i].Err = lc.Blame(lc.Denied(errDown, "svc:Get", r.Key))
		case fault == "batch" && !one:
			results[i].Err = lc.BatchDenied(lc.Denied(errDown, "svc:GetMany", "*"))
		case fault == "leftover" && s.pick(2) == 0:
			results[i].Err = lc.ErrLeftOver
		default:
			results[i] = s.answer(r, answered{key: r.Key, tick: tick, at: at})
		}
	}
	s.noteTrouble(reqs, results, ctx.Err() != nil || fault == "culprit" || fault == "batch" || fault == "leftover")
	return results
}

// noteTrouble remembers that a load was of no use to somebody, and that nobody should
// ask soon.
func (s *modelSource) noteTrouble(reqs []lc.Request, results []lc.Result[string], gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.readingLocked()
	for i, r := range reqs {
		_, version := parseValue(results[i].Version)
		if s.troubled[r.Key] = results[i].Err != nil || version%10 == 2; s.troubled[r.Key] {
			s.tick++
			s.trouble[r.Key] = s.tick
		}
		if delete(s.spared, r.Key); results[i].Err != nil && !gone {
			s.spared[r.Key] = now
		}
	}
}

// checkSpared checks promise 10 where it can be seen: nobody asks a source again that has
// just failed if everybody may go on with an old value.
func (s *modelSource) checkSpared(reqs []lc.Request) {
	if !s.eager || s.stepped {
		return
	}
	s.mu.Lock()
	var asked []string
	now := s.readingLocked()
	for _, r := range reqs {
		if failed, any := s.spared[r.Key]; any && r.Have != "" && now.Since(failed) < 500*time.Millisecond {
			asked = append(asked, r.Key)
		}
	}
	s.mu.Unlock()
	if asked != nil {
		s.failf("%v: asked again within half a second of a failure", asked)
	}
}

func (s *modelSource) enter(reqs []lc.Request, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range reqs {
		if slices.Contains(familyKeys, r.Key) && !s.kept[r.Key] {
			s.t.Errorf("a load of %s, which is not held", r.Key)
		}
		if n > 0 && (r.MaxAge == time.Second || r.MaxAge == 10*time.Second || r.MaxAge == 30*time.Second) {
			s.did.early++ // nobody declares these ages, but some load after half of theirs
		}
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
