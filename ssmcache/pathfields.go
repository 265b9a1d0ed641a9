package ssmcache

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache"
)

// fill makes a value of a path's parameters, and gives what is wrong with those that
// do not fit: all of it, because who corrects one wants to know of the others.
type fill func(t *tree, dst reflect.Value) (wrong []string)

// into fills dst.
func (t *tree) into(f fill, dst reflect.Value) error {
	if wrong := f(t, dst); len(wrong) > 0 {
		return lambdacache.Undecodable(strings.Join(wrong, "; "))
	}
	return nil
}

// below gives the names of the parameters below a prefix, "" for all, in alphabetical
// order.
func (t *tree) below(prefix string) []string {
	var names []string
	for name := range t.parameters {
		if len(name) > len(prefix) && strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var setType = reflect.TypeFor[Set]()

// binder works out how a type is filled.
type binder struct {
	flat   bool              // there is one level only
	fields map[string]string // which field has a name
}

// place is where a value stands: below a prefix of the parameters' names, in a field.
type place struct {
	prefix string // "" or with a slash at its end
	field  string // "DB.Host", "" for T itself
}

// of works out how a value of type t takes all parameters below a place.
func (b binder) of(t reflect.Type, at place) (fill, error) {
	switch {
	case t == setType:
		return at.set, nil
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		return at.mapOf(t)
	case t.Kind() == reflect.Struct:
		if !tagged(t) {
			return nil, fmt.Errorf("no field of %v has a tag: write such as `ssm:\"db/host\"` behind each that is to be filled", t)
		}
		return b.structOf(t, at)
	}
	return nil, fmt.Errorf("a %v cannot hold the parameters of a path: use ssmcache.Set, map[string]string or a struct whose fields have ssm tags", t)
}

func (at place) set(t *tree, dst reflect.Value) []string {
	values := make(map[string]*parameter)
	for _, name := range t.below(at.prefix) {
		values[strings.TrimPrefix(name, at.prefix)] = t.parameters[name]
	}
	dst.Set(reflect.ValueOf(Set{func() map[string]*parameter { return values }}))
	return nil
}

func (at place) mapOf(m reflect.Type) (fill, error) {
	into, err := decoder(m.Elem())
	if err != nil {
		return nil, err
	}
	return func(t *tree, dst reflect.Value) (wrong []string) {
		dst.Set(reflect.MakeMap(m))
		for _, name := range t.below(at.prefix) {
			v := reflect.New(m.Elem()).Elem()
			if err := into(t.parameters[name], v); err != nil {
				wrong = append(wrong, t.wrong(name, at.field, err))
				continue
			}
			dst.SetMapIndex(reflect.ValueOf(strings.TrimPrefix(name, at.prefix)).Convert(m.Key()), v)
		}
		return wrong
	}, nil
}

func (b binder) structOf(t reflect.Type, at place) (fill, error) {
	var fills []fill
	for i := range t.NumField() {
		f := t.Field(i)
		fill, err := b.field(f, at)
		if err != nil {
			return nil, at.naming(f, err)
		}
		if fill != nil {
			fills = append(fills, func(t *tree, dst reflect.Value) []string { return fill(t, dst.Field(i)) })
		}
	}
	return func(t *tree, dst reflect.Value) (wrong []string) {
		for _, f := range fills {
			wrong = append(wrong, f(t, dst)...)
		}
		return wrong
	}, nil
}

// misplaced is an error that names the field it is about.
type misplaced struct {
	field string
	err   error
}

func (e *misplaced) Error() string { return "the field " + e.field + ": " + e.err.Error() }
func (e *misplaced) Unwrap() error { return e.err }

// naming makes an error name its field, the innermost one.
func (at place) naming(f reflect.StructField, err error) error {
	if inner := new(misplaced); errors.As(err, &inner) {
		return err
	}
	return &misplaced{at.in(f), err}
}
