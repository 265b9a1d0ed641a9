package cachetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache"
)

// TextFamily is a family as the conformance suite sees it. Make one with [FamilyOf].
type TextFamily struct {
	Get      func(ctx context.Context, key string) (string, error)
	Prefetch func(ctx context.Context, keys ...string) error
}

// FamilyOf shows a family to the suite; text makes of a value what was put.
func FamilyOf[T any](f *lambdacache.Family[string, T], text func(T) (string, error)) TextFamily {
	return TextFamily{
		Get: func(ctx context.Context, key string) (string, error) {
			value, err := f.Get(ctx, key)
			if err != nil {
				return "", err
			}
			return text(value)
		},
		Prefetch: f.Prefetch,
	}
}

// family declares a family, or ends the test where the source has none.
func (s *suite) family(opts ...lambdacache.Option) TextFamily {
	if s.Family == nil {
		s.Skip("the source has no families")
	}
	return s.Family(opts...)
}

// read gets a family's key.
func (s *suite) read(f TextFamily, key, want string) {
	s.Helper()
	got, err := f.Get(s.Context(), key)
	if err != nil {
		s.Fatalf("Get: %s", s.told(err))
	}
	if got != want {
		s.Fatalf("the key %q has not the value it should have", key)
	}
}

func (s *suite) familyRoom() {
	f := s.family(lambdacache.MaxEntries(2))
	keys := s.keys("room", 3)
	s.forget()
	for _, step := range []struct {
		key, calls int
		what       string
	}{
		{0, 1, "first"},
		{1, 1, "first"},
		{0, 0, "held"},
		{2, 1, "first"},
		{0, 0, "held: it was read after the other one"},
		{1, 1, "it had to make room"},
	} {
		s.read(f, keys[step.key], s.value(keys[step.key]))
		s.calls(step.calls+s.opened(step.calls), step.what)
	}
	s.clock.Advance(minute)
	s.set(keys[1], "s3cr3t, changed")
	s.forget()
	s.read(f, keys[1], "s3cr3t, changed")
	s.calls(1, "after the max age")
	_, err := f.Get(s.Context(), "")
	s.fails(err, "")
	s.calls(0, "an empty key")
}

func (s *suite) familyMisses() {
	f := s.family(lambdacache.RememberMisses(10 * time.Second))
	missing := s.Key("missing")
	_, err := f.Get(s.Context(), missing)
	s.fails(err, missing)
	s.absent(err)
	if s.Absent == nil { // what is not there fails otherwise, and is not remembered
		s.forget()
		_, err = f.Get(s.Context(), missing)
		s.absent(err)
		s.calls(0, "a miss that is remembered")
	}
	s.clock.Advance(10 * time.Second)
	s.set(missing, word+", found")
	s.read(f, missing, word+", found")
	if s.Deny == nil {
		return
	}
	key := s.keys("forbidden", 1)[0]
	allow := s.Deny(s, key)
	for i := range 2 {
		_, err := f.Get(s.Context(), key)
		if s.fails(err, key); !errors.Is(err, lambdacache.ErrDenied) {
			s.Errorf("not denied: %s", s.told(err))
		}
		if i == 0 {
			s.forget()
		}
	}
	s.calls(0, "a denial that is remembered")
	allow()
	s.clock.Advance(10 * time.Second)
	s.read(f, key, s.value(key))
}

func (s *suite) familyCrowd() {
	f := s.family()
	keys := s.keys("crowd", 2*s.MaxKeys+7)
	s.forget()
	var all sync.WaitGroup
	for _, key := range keys {
		for range 2 {
			all.Go(func() {
				if got, err := f.Get(s.Context(), key); err != nil || got != s.value(key) {
					s.Errorf("%s: another value than its own, or an error: %s", key, s.told(err))
				}
			})
		}
	}
	all.Wait()
	if n := s.count(lambdacache.EventLoaded); n != len(keys) {
		s.Errorf("%d loads of %d keys", n, len(keys))
	}
	s.clock.Advance(minute)
	s.forget()
	if err := f.Prefetch(s.Context(), keys...); err != nil {
		s.Fatal(s.told(err))
	}
	s.calls(s.batches(len(keys)), "all due")
}
