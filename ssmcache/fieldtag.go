package ssmcache

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// fieldTag is what stands in a field's tag: `ssm:"db/host,optional"`.
type fieldTag struct {
	name     string // relative; one with a slash at its end takes what is below it
	optional bool
}

func (t fieldTag) group() bool { return strings.HasSuffix(t.name, "/") }

func parseTag(s string) (fieldTag, error) {
	name, option, more := strings.Cut(s, ",")
	switch {
	case more && option != "optional":
		return fieldTag{}, fmt.Errorf(`its tag has the option %q: there is "optional" only`, option)
	case name == "":
		return fieldTag{}, errors.New("its tag names no parameter: write the name below the path, or leave the tag out")
	case strings.HasPrefix(name, "/"):
		return fieldTag{}, fmt.Errorf("its tag's name %q is not relative to the path: leave out the slash at its beginning", name)
	case strings.Contains(name, ":"):
		return fieldTag{}, fmt.Errorf("its tag's name %q has a :version or :label: write ssmcache.Label for the path", name)
	case strings.ContainsFunc(name, foreignInPath) || strings.Contains(name, "//"):
		return fieldTag{}, fmt.Errorf("its tag's name %q can be no parameter's: there are letters, digits and the characters . - _ and single slashes", name)
	}
	return fieldTag{name: name, optional: more}, nil
}

const tagKey = "ssm"

// tagged reports whether a struct has fields that a path fills.
func tagged(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		text, ok := f.Tag.Lookup(tagKey)
		if ok && text != "-" || !ok && f.Anonymous && tagged(f.Type) {
			return true
		}
	}
	return false
}

// in is a field's name, with those of the fields that it is in.
func (at place) in(f reflect.StructField) string {
	if at.field == "" {
		return f.Name
	}
	return at.field + "." + f.Name
}

// field works out how a field is filled: nil if it is left alone.
func (b binder) field(f reflect.StructField, at place) (fill, error) {
	text, ok := f.Tag.Lookup(tagKey)
	switch {
	case text == "-":
		return nil, nil
	case !ok:
		return b.untagged(f, at)
	case !f.IsExported():
		return nil, errors.New("it has a tag and is not exported: write its name with a capital letter")
	}
	tag, err := parseTag(text)
	if err != nil {
		return nil, err
	}
	at = place{at.prefix + tag.name, at.in(f)}
	if other, twice := b.fields[at.prefix]; twice {
		return nil, fmt.Errorf("%q is the field %s already", at.prefix, other)
	}
	b.fields[at.prefix] = at.field
	if b.flat && strings.Contains(at.prefix, "/") {
		return nil, fmt.Errorf("%q is on a deeper level: leave ssmcache.NotRecursive out", at.prefix)
	}
	if tag.group() {
		return b.group(f.Type, at, tag.optional)
	}
	return at.leaf(f.Type, tag)
}

// untagged is a field without a tag. An embedded struct's fields are filled as if
// they were the outer one's, as encoding/json does.
func (b binder) untagged(f reflect.StructField, at place) (fill, error) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case !tagged(t):
		return nil, nil
	case !f.Anonymous:
		return nil, fmt.Errorf("it has no tag, but the fields of %v have: write such as `ssm:\"db/\"` behind it, or `ssm:\"-\"` to leave it alone", t)
	case t != f.Type:
		return nil, errors.New("a pointer is embedded: embed the struct itself")
	}
	return b.structOf(t, at)
}

// group is a field that takes all below its name.
func (b binder) group(t reflect.Type, at place, optional bool) (fill, error) {
	f, err := b.of(t, at)
	switch {
	case err != nil || !optional:
		return f, err
	case t.Kind() == reflect.Map || t == setType:
		return nil, fmt.Errorf("a %v may be empty in any case: leave out \"optional\"", t)
	}
	return func(t *tree, dst reflect.Value) []string {
		if len(t.below(at.prefix)) == 0 {
			return nil
		}
		return f(t, dst)
	}, nil
}

// leaf is a field that takes one parameter.
func (at place) leaf(t reflect.Type, tag fieldTag) (fill, error) {
	if t == setType || tagged(t) {
		return nil, fmt.Errorf("a %v takes all parameters below a name: write `ssm:\"%s/\"`", t, tag.name)
	}
	into, err := decoder(t)
	if err != nil {
		return nil, err
	}
	return func(t *tree, dst reflect.Value) []string {
		p := t.parameters[at.prefix]
		switch {
		case p == nil && tag.optional:
			return nil
		case p == nil:
			return []string{t.wrong(at.prefix, at.field, t.missing())}
		}
		if err := into(p, dst); err != nil {
			return []string{t.wrong(at.prefix, at.field, err)}
		}
		return nil
	}, nil
}

func (t *tree) missing() error {
	with := ""
	if t.key.label != "" {
		with = " with the label " + t.key.label
	}
	return fmt.Errorf("there is no such parameter%s: put one there, or mark the field as optional", with)
}

// wrong says what is wrong with a parameter. The error quotes no value.
func (t *tree) wrong(name, field string, err error) string {
	if field != "" {
		field = " (field " + field + ")"
	}
	return fmt.Sprintf("%s%s%s: %s", t.key.path, name, field, strings.TrimPrefix(err.Error(), "cannot decode: "))
}
