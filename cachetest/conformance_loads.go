package cachetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache"
)

func (s *suite) maxAge() {
	key := s.keys("age", 1)[0]
	e := s.Text(key)
	s.get(e, s.value(key))
	s.calls(1+s.opened(1), "first")
	s.get(e, s.value(key))
	s.clock.Advance(lambdacache.DefaultMaxAge - time.Millisecond)
	s.set(key, "s3cr3t, changed")
	s.forget()
	s.get(e, s.value(key))
	s.calls(0, "while fresh")
	s.clock.Advance(time.Millisecond)
	s.get(e, "s3cr3t, changed")
	s.calls(1, "after the max age")

	s.set(key, "s3cr3t, changed again")
	s.forget()
	got, err := e.Refresh(s.Context())
	if err != nil || got != "s3cr3t, changed again" {
		s.Errorf("Refresh does not give the new value: %s", s.told(err))
	}
	s.calls(1+s.opened(1), "Refresh")
	lambdacache.Invalidate(e)
	s.get(e, "s3cr3t, changed again")
	s.calls(1+s.opened(1), "after Invalidate")
}

func (s *suite) batching() {
	n := 2*s.MaxKeys + 3
	list, entries := s.declare(s.keys("batch", n))
	s.forget()
	for i, order := range [][]lambdacache.Cached{list, reversed(list)} {
		if err := lambdacache.Prefetch(s.Context(), order...); err != nil {
			s.Fatal(s.told(err))
		}
		s.calls(s.batches(n)+s.opened(n*(1-i)), "all due")
		for _, e := range entries {
			s.get(e, s.value(s.Key(e.Name())))
		}
		s.calls(0, "all fresh")
		s.clock.Advance(minute)
	}
	for _, e := range entries[1:] {
		s.get(e, s.value(s.Key(e.Name())))
	}
	s.calls(n-1, "one by one")
	if err := lambdacache.Prefetch(s.Context(), list...); err != nil {
		s.Fatal(s.told(err))
	}
	s.calls(1, "only one due")
}

func (s *suite) identity() {
	keys := s.keys("same", 2)
	a, b, other := s.Text(keys[0]), s.Text(keys[0], lambdacache.Name("another")), s.Text(keys[1])
	s.forget()
	if err := lambdacache.Prefetch(s.Context(), a, b, other); err != nil {
		s.Fatal(s.told(err))
	}
	s.calls(s.batches(2)+s.opened(2), "two keys, three entries")
	s.get(a, s.value(keys[0]))
	s.get(b, s.value(keys[0]))
	s.get(other, s.value(keys[1]))
	s.set(keys[0], "s3cr3t, changed")
	s.forget()
	if _, err := a.Refresh(s.Context()); err != nil {
		s.Fatal(s.told(err))
	}
	s.get(b, "s3cr3t, changed")
	s.calls(1+s.opened(1), "a refresh of one serves both")
	if a.Version() != b.Version() {
		s.Errorf("two entries of one key have the versions %q and %q", a.Version(), b.Version())
	}
}

func (s *suite) wrapped() {
	list, entries := s.declare(s.keys("wrap", 5))
	h := lambdacache.Wrap(func(ctx context.Context, change bool) (int, error) {
		if change {
			s.set(s.Key("wrap00"), "s3cr3t, changed")
			if _, err := entries[0].Refresh(ctx); err != nil {
				return 0, err
			}
		}
		for _, e := range entries {
			if e.Value(ctx) != s.value(s.Key(e.Name())) {
				return 0, errors.New("another value than at the start of the invocation")
			}
		}
		return 1, nil
	}, list...)
	s.forget()
	for _, change := range []bool{false, false, true} {
		if _, err := h(s.Context(), change); err != nil {
			s.Fatal(s.told(err))
		}
	}
	s.get(entries[0], "s3cr3t, changed")
}

func (s *suite) unchanged() {
	key := s.keys("still", 1)[0]
	e := s.Text(key)
	s.get(e, s.value(key))
	version := e.Version()
	s.clock.Advance(minute)
	s.forget()
	s.get(e, s.value(key))
	want := 0
	if s.Conditional {
		want = 1
	}
	if n := s.count(lambdacache.EventUnchanged); n != want {
		s.Errorf("%d loads were reported as unchanged, want %d", n, want)
	}
	if e.Version() != version {
		s.Errorf("the version went from %q to %q", version, e.Version())
	}
	s.calls(1, "the refresh")
	s.get(e, s.value(key))
	s.calls(0, "fresh again")
}

func (s *suite) concurrent() {
	keys := s.keys("many", 8)
	_, entries := s.declare(keys)
	s.forget()
	var wg sync.WaitGroup
	for range 16 {
		for i, e := range entries {
			wg.Go(func() {
				if got, err := e.Get(s.Context()); err != nil || got != s.value(keys[i]) {
					s.Errorf("%s: another value than its own, or an error: %s", e.Name(), s.told(err))
				}
			})
		}
	}
	wg.Wait()
	if n := s.count(lambdacache.EventLoaded); n != len(keys) {
		s.Errorf("%d loads of %d keys", n, len(keys))
	}
}

func (s *suite) cancelled() {
	key := s.keys("leave", 1)[0]
	e := s.Text(key)
	ctx, cancel := context.WithCancel(s.Context())
	if s.Hold == nil {
		cancel()
		_, err := e.Get(ctx)
		if s.fails(err, key); !errors.Is(err, context.Canceled) {
			s.Errorf("not the caller's own: %s", s.told(err))
		}
		s.get(e, s.value(key))
		return
	}
	wait, release := s.Hold(s)
	left := make(chan error)
	go func() { _, err := e.Get(ctx); left <- err }()
	wait(1)
	cancel()
	err := <-left
	if s.fails(err, key); !errors.Is(err, context.Canceled) {
		s.Errorf("not the caller's own: %s", s.told(err))
	}
	release()
	s.get(e, s.value(key))
}
