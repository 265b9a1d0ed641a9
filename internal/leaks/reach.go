package leaks

import (
	"reflect"
	"time"
)

// Reaches reports whether a value is in the memory that v leads to, through pointers,
// interfaces and unexported fields. What functions hold cannot be seen. A test that
// nothing shows a value proves something only of what has one.
func (s Search) Reaches(v any) bool {
	_ = time.Local.String() // made when it is first used: now, not by somebody else while it is read
	r := reacher{search: s, seen: make(map[visit]bool)}
	return r.reaches(reflect.ValueOf(v))
}

type reacher struct {
	search Search
	seen   map[visit]bool
}

type visit struct {
	at uintptr
	t  reflect.Type
}

func (r *reacher) reaches(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return r.search.In(v.String()) != ""
	case reflect.Int, reflect.Int64:
		return v.Int() == Number
	case reflect.Uint, reflect.Uint64:
		return v.Uint() == Number
	case reflect.Float64:
		return v.Float() == Number
	case reflect.Pointer, reflect.Map:
		at := visit{v.Pointer(), v.Type()}
		if v.IsNil() || r.seen[at] {
			return false
		}
		r.seen[at] = true
		if v.Kind() == reflect.Pointer {
			return r.reaches(v.Elem())
		}
		for i := v.MapRange(); i.Next(); {
			if r.reaches(i.Key()) || r.reaches(i.Value()) {
				return true
			}
		}
	case reflect.Interface:
		return r.reaches(v.Elem())
	case reflect.Struct:
		if p := v.FieldByName("v"); v.NumField() == 3 && p.Kind() == reflect.UnsafePointer { // an atomic.Pointer[T]
			return r.pointed(v, p)
		}
		for i := range v.NumField() {
			if r.reaches(v.Field(i)) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return r.search.In(string(bytesOf(v))) != ""
		}
		for i := range v.Len() {
			if r.reaches(v.Index(i)) {
				return true
			}
		}
	}
	return false
}

// pointed follows an atomic.Pointer, whose first field is an array of pointers of its
// type.
func (r *reacher) pointed(v, p reflect.Value) bool {
	t := v.Field(0).Type()
	if t.Kind() != reflect.Array || t.Elem().Kind() != reflect.Pointer || p.IsNil() {
		return false
	}
	return r.reaches(reflect.NewAt(t.Elem().Elem(), p.UnsafePointer()))
}

func bytesOf(v reflect.Value) []byte {
	all := make([]byte, v.Len())
	for i := range all {
		all[i] = byte(v.Index(i).Uint())
	}
	return all
}
