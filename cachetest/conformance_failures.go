package cachetest

import (
	"errors"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache"
)

func (s *suite) notFound() {
	keys := s.keys("there", 3)
	missing := s.Key("missing")
	list, entries := s.declare(keys)
	e := s.Text(missing)
	err := lambdacache.Prefetch(s.Context(), append(slices.Clone(list), e)...)
	s.fails(err, missing)
	s.absent(err)
	var failed *lambdacache.LoadError
	if !errors.As(err, &failed) || len(failed.Failures) != 1 {
		s.Fatalf("not one failure: %s", s.told(err))
	}
	s.forget()
	for i, other := range entries {
		s.get(other, s.value(keys[i]))
	}
	s.calls(0, "the neighbours are held")
	s.set(missing, word+", found")
	s.get(e, word+", found")
}

func (s *suite) removed() {
	key := s.keys("removed", 1)[0]
	e := s.Text(key)
	s.get(e, s.value(key))
	version := e.Version()
	s.remove(key)
	s.get(e, s.value(key))
	s.clock.Advance(minute)
	_, err := e.Get(s.Context())
	s.fails(err, key)
	s.absent(err)
	if e.Version() != version || e.Stats().Age != minute || e.Stats().Failures != 1 {
		s.Errorf("the old value is not as it was: version %q, %+v", e.Version(), e.Stats())
	}
}

func (s *suite) undecodable() {
	if s.Document == nil {
		s.Skip("the source decodes nothing")
	}
	key := s.Key("document")
	s.set(key, `{"name":"s3cr3t","count":1}`)
	text, doc := s.Text(key), s.Document(key)
	if got, err := doc.Get(s.Context()); err != nil || got.Count != 1 {
		s.Fatalf("the document cannot be read: %s", s.told(err))
	}
	version := doc.Version()
	for _, bad := range []string{
		`{"name":"s3cr3t","count":`, `s3cr3t is no JSON`, `{"name":"s3cr3t","count":"s3cr3t"}`, `{"name":"s3cr3t","count":98765432109876543210}`,
	} {
		s.set(key, bad)
		s.clock.Advance(minute)
		_, err := doc.Get(s.Context())
		if s.fails(err, key); !errors.Is(err, lambdacache.ErrDecode) {
			s.Errorf("not ErrDecode: %s", s.told(err))
		}
		if doc.Version() != version {
			s.Errorf("the old value is gone: version %q", doc.Version())
		}
		s.get(text, bad) // whom the value suits has it
	}
	s.set(key, `{"name":"s3cr3t","count":2}`)
	if s.Sessions {
		s.clock.Advance(minute)
	}
	if got, err := doc.Get(s.Context()); err != nil || got.Count != 2 {
		s.Errorf("the mended document cannot be read: %s", s.told(err))
	}
}

func (s *suite) denied() {
	if s.Deny == nil {
		s.Skip("the service cannot be told to deny")
	}
	n := min(s.MaxKeys, 10)
	keys := s.keys("denied", n)
	list, entries := s.declare(keys)
	culprit := n / 2
	allow := s.Deny(s, keys[culprit])
	s.forget()
	err := lambdacache.Prefetch(s.Context(), list...)
	s.fails(err, keys[culprit])
	var failed *lambdacache.LoadError
	var denied *lambdacache.DeniedError
	switch {
	case !errors.As(err, &failed) || len(failed.Failures) != 1:
		s.Fatalf("not one failure: %s", s.told(err))
	case !errors.Is(err, lambdacache.ErrDenied):
		s.Fatalf("not ErrDenied: %s", s.told(err))
	case errors.As(err, &denied) == s.NoAction:
		s.Fatalf("the error names an IAM action: %t: %s", s.NoAction, s.told(err))
	case s.NoAction:
	case denied.Action == "" || !strings.Contains(err.Error(), denied.Action) || !strings.Contains(err.Error(), denied.Resource):
		s.Errorf("the error names no action and resource: %s", s.told(err))
	}
	s.forget()
	for i, e := range entries {
		if i != culprit {
			s.get(e, s.value(keys[i]))
		}
	}
	s.calls(0, "the neighbours are held")
	allow()
	s.get(entries[culprit], s.value(keys[culprit]))
}

func (s *suite) throttled() {
	if s.Throttle == nil {
		s.Skip("the service cannot be told to throttle")
	}
	key := s.keys("throttled", 1)[0]
	e := s.Text(key)
	s.get(e, s.value(key))
	heal := s.Throttle(s)
	s.clock.Advance(minute)
	_, err := e.Get(s.Context())
	if s.fails(err, key); !errors.Is(err, lambdacache.ErrThrottled) {
		s.Errorf("not ErrThrottled: %s", s.told(err))
	}
	heal()
	s.get(e, s.value(key))
}
