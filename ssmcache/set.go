package ssmcache

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache"
)

// Parameters declares several parameters as one entry with a name of its own. They
// load with the same calls and the same options as if each were declared alone; max
// age, client, Region and role hold for all. Names are written as for [Parameter]; each parameter
// is read by its short name, the part after the last slash, which must differ. No
// name, no parameters, two short names alike and the option [lambdacache.Name] panic.
//
//	var config = ssmcache.Parameters("config", []string{"/app/var1", "/app/hosts"})
//	config.Value(ctx).Text("var1")
func Parameters(name string, parameters []string, opts ...lambdacache.Option) *lambdacache.Entry[Set] {
	where := fmt.Sprintf("lambdacache: ssmcache.Parameters(%q)", name)
	if name == "" || len(parameters) == 0 {
		panic(where + ": a name and at least one parameter are required")
	}
	children := make([]*lambdacache.Entry[*parameter], 0, len(parameters))
	list := make([]lambdacache.Cached, 0, len(parameters))
	taken := make(map[string]string)
	for _, p := range parameters {
		e := declare(p, func(p *parameter) (*parameter, error) { return p, nil }, opts)
		if key, _ := parse(p); e.Name() != key.shortName() {
			panic(where + ": lambdacache.Name would name every parameter: leave it out, the set has its name")
		}
		if other, twice := taken[e.Name()]; twice {
			panic(fmt.Sprintf("%s: %s and %s have the same short name %q: declare one of them alone", where, other, p, e.Name()))
		}
		taken[e.Name()] = p
		children, list = append(children, e), append(list, e)
	}
	return lambdacache.Derive(name, func(ctx context.Context) (Set, error) {
		values := make(map[string]*parameter, len(children))
		for _, e := range children {
			values[e.Name()] = e.Value(ctx)
		}
		return Set{func() map[string]*parameter { return values }}, nil
	}, list)
}

// Set is the values of several parameters: of [Parameters] by short name, of a [Path]
// by the name below it, "db/host". It prints as "[redacted]".
type Set struct {
	values func() map[string]*parameter // a function, because fmt looks into anything else
}

// NewSet makes a set for a test, to be given to cachetest.Fixed: texts and lists by
// the names that the set has.
func NewSet(texts map[string]string, lists map[string][]string) Set {
	values := make(map[string]*parameter, len(texts)+len(lists))
	for name, text := range texts {
		values[name] = &parameter{value: text}
	}
	for name, list := range lists {
		values[name] = &parameter{value: strings.Join(list, ","), list: true}
	}
	return Set{func() map[string]*parameter { return values }}
}

// Has reports whether the set has a parameter of that name. One of [Parameters] has
// those that were declared; one of a [Path] those that there were at the load.
func (s Set) Has(name string) bool {
	_, ok := s.all()[name]
	return ok
}

// Text gives a parameter's value; that of a StringList is joined by commas. A name
// that the set does not have panics: see [Set.Has].
func (s Set) Text(name string) string { return s.lookup(name).value }

// List gives the elements of a StringList, and of any other parameter its value as
// the only one. A name that the set does not have panics. The slice is the caller's.
func (s Set) List(name string) []string {
	if p := s.lookup(name); p.list {
		return strings.Split(p.value, ",")
	}
	return []string{s.lookup(name).value}
}

// IsList reports whether the parameter is a StringList. A name that the set does not
// have panics.
func (s Set) IsList(name string) bool { return s.lookup(name).list }

// Names gives the names in alphabetical order.
func (s Set) Names() iter.Seq[string] { return slices.Values(slices.Sorted(maps.Keys(s.all()))) }

func (s Set) all() map[string]*parameter {
	if s.values == nil {
		return nil
	}
	return s.values()
}

func (s Set) lookup(name string) *parameter {
	p, ok := s.all()[name]
	if !ok {
		there := strings.Join(slices.Collect(s.Names()), ", ")
		panic(fmt.Sprintf("lambdacache: the set has no parameter %q; there are %s", name, cmp.Or(there, "none")))
	}
	return p
}

const redacted = "[redacted]"

// Format prints "[redacted]" for every verb.
func (Set) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue gives "[redacted]".
func (Set) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[redacted]".
func (Set) MarshalText() ([]byte, error) { return []byte(redacted), nil }
