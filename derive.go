package lambdacache

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// Derive makes an entry whose value is built from other entries: several parameters
// as one struct. The entries it is built from are loaded like any other, on the same
// road, with their own max ages; build runs only when one of their values has
// changed. It reads them with [Entry.Value] and the context it is given, which is
// good for nothing else, and must not wait for anything. A failure of build is a
// [DecodeError]: see [Declare]. Of the options only [Name] applies; others panic.
func Derive[T any](name string, build func(ctx context.Context) (T, error), from []Cached, opts ...Option) *Entry[T] {
	where := fmt.Sprintf("the derived entry %q", name)
	if name == "" || build == nil || len(from) == 0 {
		panic("lambdacache: " + where + ": a name, a function and entries to build from are required")
	}
	unset := settings{policy: policy{maxAge: -1}, loadTimeout: -1}
	s := apply(where, unset, opts)
	if s.policy != unset.policy || s.loadTimeout != unset.loadTimeout {
		panic("lambdacache: " + where + ": MaxAge, LoadTimeout, StaleIfError, RefreshAhead and Jitter belong to the entries it is built from")
	}
	e := &Entry[T]{core{name: name, named: true, source: "derived", key: name, derived: &derived{
		children: cores(where, from),
		build: func(ctx context.Context) (any, error) {
			value := new(T)
			err := decoding(value, func() (err error) { *value, err = build(ctx); return err })
			return value, err
		},
	}}}
	if s.name != "" {
		e.core.name = s.name
	}
	e.entry = e
	return e
}

// derived is what an entry built from others has in place of a slot.
type derived struct {
	children []*core
	build    func(ctx context.Context) (any, error)
	memo     atomic.Pointer[built] // the newest
}

// built is one value of a derived entry with what it was built from.
type built struct {
	from  []any // the children's values: the same pointers give the same result
	value any
	err   error
}

// of gives the value built from the children's values, the memorised one if they
// are the same.
func (d *derived) of(from []any) (any, error) {
	if m := d.memo.Load(); m != nil && slices.Equal(m.from, from) {
		return m.value, m.err
	}
	m := &built{from: slices.Clone(from)}
	m.value, m.err = d.build(&invocation{Context: context.Background(), view: &view{entries: d.children, values: m.from}})
	d.memo.Store(m)
	return m.value, m.err
}

// fresh gives the memorised value if every child is fresh and still has the value
// it was built from.
func (d *derived) fresh(now clock.Reading) any {
	m := d.memo.Load()
	if m == nil || m.err != nil {
		return nil
	}
	for i, child := range d.children {
		if v := child.fresh(now); v == nil || v != m.from[i] {
			return nil
		}
	}
	return m.value
}

func (d *derived) version() string {
	versions := make([]string, len(d.children))
	for i, child := range d.children {
		versions[i] = child.version()
	}
	if strings.Join(versions, "") == "" {
		return "" // nothing is held, or the sources know no versions
	}
	return strings.Join(versions, ",")
}

// cores checks a list of entries and takes those listed twice only once.
func cores(where string, entries []Cached) []*core {
	list := make([]*core, 0, len(entries))
	for i, e := range entries {
		var c *core
		if e != nil {
			c = e.untyped()
		}
		if c == nil || c.entry == nil {
			panic(fmt.Sprintf("lambdacache: %s: entry %d is nil or was not made by a constructor", where, i+1))
		}
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}
