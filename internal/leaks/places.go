package leaks

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"sync/atomic"
)

// What printing treats differently.
type (
	open[T any]       struct{ Value T }
	hidden[T any]     struct{ value T }
	openPtr[T any]    struct{ Value *T }
	hiddenPtr[T any]  struct{ value *T }
	openAny           struct{ Value any }
	hiddenAny         struct{ value any }
	openMap[T any]    struct{ Value map[string]T }
	hiddenMap[T any]  struct{ value map[string]T }
	openList[T any]   struct{ Value []T }
	hiddenList[T any] struct{ value []T }
	hiddenRow[T any]  struct{ value [2]T }
	embedding[T any]  struct {
		hidden[T]
		deeper struct{ deepest hidden[T] }
	}
	named[T any] struct {
		Value T `json:"value" xml:"value,attr"`
	}
)

// Places puts v into everything that printing treats differently, each with its name.
func Places[T any](v T) iter.Seq2[string, any] {
	p := &v
	places := []struct {
		name string
		v    any
	}{
		{"itself", v},
		{"a pointer", p},
		{"a pointer to a pointer", &p},
		{"an exported field", open[T]{v}},
		{"an unexported field", hidden[T]{v}},
		{"an unexported field behind a pointer", &hidden[T]{v}},
		{"an exported pointer", openPtr[T]{p}},
		{"an unexported pointer", hiddenPtr[T]{p}},
		{"an exported interface", openAny{v}},
		{"an unexported interface", hiddenAny{v}},
		{"an unexported interface with a pointer", &hiddenAny{p}},
		{"an embedded field", embedding[T]{hidden: hidden[T]{v}}},
		{"deep inside", &open[embedding[T]]{embedding[T]{deeper: struct{ deepest hidden[T] }{hidden[T]{v}}}}},
		{"a named field", named[T]{v}},
		{"a map", map[string]T{"k": v}},
		{"a map of pointers", map[string]*T{"k": p}},
		{"a map of anything", map[any]any{"k": v, 1: p}},
		{"an exported map", openMap[T]{map[string]T{"k": v}}},
		{"an unexported map", hiddenMap[T]{map[string]T{"k": v}}},
		{"a slice", []T{v}},
		{"a slice of pointers", []*T{p}},
		{"a slice of anything", []any{v, p}},
		{"an exported slice", openList[T]{[]T{v}}},
		{"an unexported slice", &hiddenList[T]{[]T{v}}},
		{"an array", [2]T{v, v}},
		{"an unexported array", hiddenRow[T]{[2]T{v, v}}},
		{"a channel", full(v)},
		{"a function", func() T { return v }},
		{"reflection", reflect.ValueOf(v)},
		{"reflection of an unexported field", reflect.ValueOf(hidden[T]{v}).Field(0)},
		{"an addressable reflection", reflect.ValueOf(p).Elem()},
		{"an atomic pointer", atomicOf(p)},
		{"a map of package sync", mapOf(v)},
		{"a context", context.WithValue(context.Background(), hiddenAny{}, v)},
		{"a context with the key", context.WithValue(context.Background(), openPtr[T]{p}, 1)},
		{"an error", fmt.Errorf("failed with %v and %v", v, p)},
	}
	return func(yield func(string, any) bool) {
		for _, place := range places {
			if !yield(place.name, place.v) {
				return
			}
		}
		for name, v := range keyed(v) {
			if !yield(name, v) {
				return
			}
		}
	}
}

// keyed makes v a map's key, if it can be one.
func keyed[T any](v T) map[string]any {
	all := map[string]any{"a key behind a pointer": map[*T]int{&v: 1}}
	if r := reflect.ValueOf(v); r.IsValid() && r.Comparable() {
		m := reflect.MakeMap(reflect.MapOf(r.Type(), reflect.TypeFor[int]()))
		m.SetMapIndex(r, reflect.ValueOf(1))
		all["a key"] = m.Interface()
		all["a key in an unexported field"] = hiddenAny{m.Interface()}
	}
	return all
}

func full[T any](v T) chan T {
	c := make(chan T, 1)
	c <- v
	return c
}

func atomicOf[T any](p *T) *atomic.Pointer[T] {
	a := new(atomic.Pointer[T])
	a.Store(p)
	return a
}

func mapOf(v any) *sync.Map {
	m := new(sync.Map)
	m.Store("k", v)
	return m
}

// Everywhere names the first place of v, and the way of printing it, that shows a
// value; "" if none does.
func Everywhere[T any](s Search, v T) string {
	for place, v := range Places(v) {
		if way := s.Shown(v); way != "" {
			return place + ", " + way
		}
	}
	return ""
}
