package cachetest

import (
	"fmt"

	"github.com/lambda-cache/lambdacache"
)

// elsewhere holds that a key of several origins is as many entries, each with a value
// of its own, which share no call.
func (s *suite) elsewhere() {
	if len(s.Elsewhere) == 0 {
		s.Skip("the source has one origin only")
	}
	keys := s.keys("place", 3)
	list, here := s.declare(keys)
	there := make([][]*lambdacache.Entry[string], len(s.Elsewhere))
	twins := make([]*lambdacache.Entry[string], len(s.Elsewhere))
	for i, place := range s.Elsewhere {
		for _, key := range keys {
			if place.Put != nil {
				place.Put(s, key, s.at(i, key))
				s.Cleanup(func() { place.Remove(s, key) })
			}
			e := place.Text(key)
			there[i], list = append(there[i], e), append(list, e)
		}
		twins[i] = place.Text(keys[0], lambdacache.Name("another"))
		list = append(list, twins[i])
	}
	origins := 1 + len(there)
	s.forget()
	for first := range 2 {
		if err := lambdacache.Prefetch(s.Context(), list...); err != nil {
			s.Fatal(s.told(err))
		}
		s.calls(origins*s.batches(len(keys))+s.opened(origins*len(keys)*(1-first)), "the same keys in each origin")
		for k, key := range keys {
			s.get(here[k], s.value(key))
			for i := range there {
				s.get(there[i][k], s.at(i, key))
				s.get(twins[i], s.at(i, keys[0]))
			}
		}
		s.clock.Advance(minute)
	}
	s.changedElsewhere(keys[0], here[0], there)
}

// changedElsewhere changes and removes a key in one origin, which another does not see.
func (s *suite) changedElsewhere(key string, here *lambdacache.Entry[string], there [][]*lambdacache.Entry[string]) {
	for i, place := range s.Elsewhere {
		if place.Put == nil {
			continue
		}
		place.Put(s, key, word+", changed elsewhere")
		s.clock.Advance(minute)
		s.get(there[i][0], word+", changed elsewhere")
		s.get(here, s.value(key))
		place.Remove(s, key)
		s.clock.Advance(minute)
		_, err := there[i][0].Get(s.Context())
		s.fails(err, key)
		s.absent(err)
		s.get(here, s.value(key))
		place.Put(s, key, s.at(i, key)) // which the test's end removes
	}
}

// at is the value of a key in another origin.
func (s *suite) at(i int, key string) string {
	if s.Elsewhere[i].Put == nil {
		return s.value(key)
	}
	return fmt.Sprintf("%s, elsewhere %d", s.value(key), i)
}
