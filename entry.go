package lambdacache

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// Entry is a declared, typed, cached value. Entries are made by the constructors of
// the source packages, by [New], [Declare] and [Derive], usually as package
// variables. All methods may be called from any goroutine.
//
// An entry lives as long as the process: declare each once, never in the handler.
type Entry[T any] struct{ core }

// Cached is any entry, whatever its type. Only entries implement it.
type Cached interface {
	// Name is the entry's label.
	Name() string
	untyped() *core
}

// Value gives the entry's value in the invocation of ctx. It was loaded at most max
// age before the invocation began and stays the same until its end. ctx is the
// handler's context or one made from it; the entry must be listed in the handler's
// [Wrap]. With any other context Value panics and says what to write. It never waits.
//
// The value is shared by all invocations: maps, slices and what pointers point to
// are read-only.
func (e *Entry[T]) Value(ctx context.Context) T { return *e.shared(ctx) }

// shared is where the value is. Value is so small that it is inlined, and a large struct
// is copied once.
func (e *Entry[T]) shared(ctx context.Context) *T {
	inv := invocationOf(ctx)
	if inv != nil {
		if value := inv.view.hinted(&e.core); value != nil {
			return value.(*T)
		}
	}
	return e.in(ctx, inv).(*T)
}

// Get gives the value as of now: the held one if it is younger than its max age,
// else that of a load, which it shares with everyone who asks for the same key at
// the same time. It works with any context, wrapped or not, and waits no longer than
// ctx allows. The error is a [*LoadError], and the value is then T's zero value.
//
// The value is shared: maps, slices and what pointers point to are read-only.
func (e *Entry[T]) Get(ctx context.Context) (T, error) {
	if fixed.From(ctx) == nil {
		if p := e.held(); p != nil { // without a call: it is what most hits go through
			if p.fresh(clock.Now()) {
				return *p.value.(*T), nil
			}
		} else if value := e.fresh(clock.Now()); value != nil {
			return *value.(*T), nil
		}
	}
	return read[T](ctx, e, asking(clock.Now()))
}

// Refresh asks the source, whatever is held, and gives what it answers; later
// invocations see it too. A load that started before the call does not count; one
// that started since is shared. The error is a [*LoadError]; the held value and its
// age are then what they were.
//
// The value is shared: maps, slices and what pointers point to are read-only.
func (e *Entry[T]) Refresh(ctx context.Context) (T, error) {
	a := asking(clock.Now())
	a.anew = true
	return read[T](ctx, e, a)
}

// Version is the source's name for the value held now: a parameter's version, a
// secret's version id, an ETag; of an entry built from others their versions, joined
// by commas. It is "" before the first load and where the source knows no versions.
func (e *Entry[T]) Version() string { return e.version() }

// Name is the entry's label: what [Name] or the constructor said, else the part of
// the key after the last slash.
func (e *Entry[T]) Name() string { return e.name }

// Stats tells what happened to the entry since the process started; for one that is
// built from others, what happened to those.
func (e *Entry[T]) Stats() Stats {
	stats := Stats{Age: e.age(clock.Now())}
	e.leaves(func(leaf *core) {
		stats.Loads += leaf.stats.loads.Load()
		stats.Unchanged += leaf.stats.unchanged.Load()
		stats.Failures += leaf.stats.failures.Load()
		stats.Stale += leaf.stats.stale.Load()
	})
	return stats
}

// String names the entry, never its value.
func (e *Entry[T]) String() string {
	return fmt.Sprintf("lambdacache.Entry[%v](%q)", reflect.TypeFor[T](), e.name)
}

func (e *Entry[T]) untyped() *core {
	if e == nil {
		return nil
	}
	return &e.core
}

// read is the slow half of Get and Refresh.
func read[T any](ctx context.Context, e *Entry[T], a ask) (T, error) {
	v, err := e.look(ctx, a)
	if err != nil {
		var zero T
		return zero, err
	}
	return *v.values[0].(*T), nil
}

// look gives a view of the entry alone.
func (c *core) look(ctx context.Context, a ask) (*view, error) {
	if inv := invocationOf(ctx); inv != nil {
		inv.waits(1)
		defer inv.waits(-1)
	}
	return resolve(ctx, a, []*core{c})
}

// Value gives, by name, the value of an entry in the invocation of ctx, as
// [Entry.Value] does: lambdacache.Value[string](ctx, "var"). It panics if no entry of
// the handler's Wrap has the name, if several have it without one of them being
// named so by [Name], and if the entry is not a T. Reading through the entry is
// checked by the compiler; prefer it. The value is shared: it is read-only.
func Value[T any](ctx context.Context, name string) T {
	c, value := named(ctx, name)
	if c == nil {
		panic(nobodyNamed(ctx, name))
	}
	p, ok := value.(*T)
	if !ok {
		is := reflect.TypeOf(value).Elem()
		panic(misuse(fmt.Sprintf("lambdacache: entry %q is of type %v, not %v: write lambdacache.Value[%v](ctx, %q)",
			name, is, reflect.TypeFor[T](), is, name)))
	}
	return *p
}

// misuse is what reading panics with: a message that is worth passing on.
type misuse string

func (m misuse) Error() string { return string(m) }

// nobodyNamed tells which names there are instead.
func nobodyNamed(ctx context.Context, name string) misuse {
	var names []string
	for inv := invocationOf(ctx); inv != nil; inv = inv.outer {
		for _, c := range inv.view.entries {
			names = append(names, strconv.Quote(c.name))
		}
	}
	if names == nil {
		return notWrapped(name)
	}
	slices.Sort(names)
	return misuse(fmt.Sprintf("lambdacache: no entry that the handler's Wrap lists is named %q: there is %s; list the entry too, or read it with Get(ctx)",
		name, strings.Join(slices.Compact(names), ", ")))
}

func notWrapped(name string) misuse {
	return misuse(fmt.Sprintf("lambdacache: the value of %q was read outside a Wrap that lists it: "+
		"list the entry in lambdacache.Wrap(handler, …) and pass on the handler's context, or read it with Get(ctx)", name))
}
