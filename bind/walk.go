package bind

import (
	"fmt"
	"reflect"
	"slices"
)

// walk declares the entries of a struct's tagged fields, and of those of the structs
// in it. path has the names of the fields that lead to t, each with a dot.
func (s *structure) walk(t reflect.Type, path string, index []int) {
	for i := range t.NumField() {
		f, at := t.Field(i), append(slices.Clone(index), i)
		inside := false
		s.at("field "+path+f.Name+": ", func() { inside = s.visit(f, path+f.Name, at) })
		if inside {
			s.walk(f.Type, path+f.Name+".", at)
		}
	}
}

// visit declares the entry of a field that has one, and reports whether there may be
// others inside the field.
func (s *structure) visit(f reflect.StructField, path string, index []int) (inside bool) {
	tags := s.parse(f.Tag)
	switch {
	case tags.leftOut:
		return false
	case tags.source != "" && !f.IsExported():
		panic("it is unexported, and nothing can set it: export it, or take its tag away")
	case tags.source != "":
		s.declare(f, path, index, tags)
		return false
	}
	if why := unreachable(f); why != "" {
		if inner := s.tagged(f.Type); inner != "" {
			panic(fmt.Sprintf(`its field %s has a tag, but cannot be set: %s, or mark it bind:"-"`, inner, why))
		}
		return false
	}
	return f.Type.Kind() == reflect.Struct
}

// kinds are those of types that lead to others without holding them.
var kinds = map[reflect.Kind]string{
	reflect.Pointer: "a pointer", reflect.Slice: "a slice", reflect.Array: "an array", reflect.Map: "a map",
}

// unreachable says what to do for fields inside f to be set, "" if they can be.
func unreachable(f reflect.StructField) string {
	switch kind := kinds[f.Type.Kind()]; {
	case kind != "":
		return fmt.Sprintf("make %s a struct instead of %s", f.Name, kind)
	case !f.IsExported() && !f.Anonymous: // what an embedded struct exports can be set, whatever its own name
		return "export " + f.Name
	}
	return ""
}

// tagged gives a field with a tag of a source inside a type whose fields cannot be set,
// "" for none.
func (s *structure) tagged(t reflect.Type) string {
	if s.closed[t] { // also where types lead to themselves
		return ""
	}
	s.closed[t] = true
	if kinds[t.Kind()] != "" {
		return s.tagged(t.Elem())
	}
	if t.Kind() != reflect.Struct {
		return ""
	}
	for i := range t.NumField() {
		f := t.Field(i)
		for name := range s.sources {
			if _, ok := f.Tag.Lookup(name); ok {
				return f.Name
			}
		}
		if inner := s.tagged(f.Type); inner != "" {
			return f.Name + "." + inner
		}
	}
	return ""
}
