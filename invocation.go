package lambdacache

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// invocation is the context of one invocation. It holds the invocation's snapshot
// and stays valid after Wrap has returned, for a response that is streamed.
type invocation struct {
	context.Context
	view  *view
	outer *invocation   // of an enclosing Wrap, nil for none
	began clock.Reading // the outermost's beginning
	ended atomic.Bool   // the handler has returned
}

// invocationKey finds the invocation in a context: a nil pointer of a type of our
// own, because pointers compare fastest.
type invocationKey struct{ _ byte }

func (inv *invocation) Value(key any) any {
	if key == (*invocationKey)(nil) {
		return inv
	}
	return inv.Context.Value(key)
}

// String keeps fmt from looking into the snapshot.
func (inv *invocation) String() string { return "lambdacache.Wrap" }

func invocationOf(ctx context.Context) *invocation {
	inv, ok := ctx.(*invocation)
	if !ok {
		inv, _ = ctx.Value((*invocationKey)(nil)).(*invocation)
	}
	return inv
}

// value gives c's value in the invocation, the innermost Wrap's first; nil if no
// Wrap lists c.
func (inv *invocation) value(c *core) any {
	for ; inv != nil; inv = inv.outer {
		if value := inv.view.value(c); value != nil {
			return value
		}
	}
	return nil
}

// part gives c's part of the version that the invocation reads other entries of the
// same key from; nil if there is none, or it was due when the invocation began and c
// may not be read from an old version as they are.
func (inv *invocation) part(c *core) any {
	for ; inv != nil; inv = inv.outer {
		for _, h := range inv.view.held {
			if p := h.v.part(c.part); h.slot == c.slot && p.err == nil && (p.fresh(inv.began) || h.stale && p.value != nil && !p.limit.Passed(inv.began)) {
				return p.value
			}
		}
	}
	return nil
}

// in gives c's value in an invocation, or the one that a test has fixed in its
// context; it panics if there is none.
func (c *core) in(ctx context.Context, inv *invocation) any {
	if value := inv.value(c); value != nil {
		return value
	}
	if value := c.fixedIn(ctx); value != nil {
		return value
	}
	if fixed.From(ctx) != nil {
		panic(notWrapped(c.name) + "; or, in this test, give it a value with cachetest.Fixed")
	}
	panic(notWrapped(c.name))
}

// fixedIn gives the value that a test has fixed for c in ctx, or for what c is built
// from; nil if there is none.
func (c *core) fixedIn(ctx context.Context) any {
	values := fixed.From(ctx)
	if value, ok := values[c.entry]; ok || values == nil || c.derived == nil {
		return c.readable(value)
	}
	from := make([]any, len(c.derived.children))
	for i, child := range c.derived.children {
		if from[i] = child.fixedIn(ctx); from[i] == nil {
			return nil
		}
	}
	value, err := c.derived.of(from)
	if err != nil {
		return c.readable(fixed.Failure{Err: err})
	}
	return value
}

// readable gives a fixed value; it panics where a test has fixed that there is none.
func (c *core) readable(value any) any {
	if failed, ok := value.(fixed.Failure); ok {
		panic(misuse("lambdacache: " + (&Failure{Entry: c.name, Source: c.source, Key: c.key, Err: failed.Err}).Error()))
	}
	return value
}

// named gives the entry called name in the invocation of ctx, and its value.
func named(ctx context.Context, name string) (*core, any) {
	for inv := invocationOf(ctx); inv != nil; inv = inv.outer {
		if c, value := inv.view.named(name); c != nil {
			return c, value
		}
	}
	if values := fixed.From(ctx); values != nil {
		v := new(view)
		for entry, value := range values {
			if e, ok := entry.(Cached); ok { // not a family's key
				v.entries, v.values = append(v.entries, e.untyped()), append(v.values, value)
			}
		}
		if c, value := v.named(name); c != nil {
			return c, c.readable(value)
		}
	}
	return nil, nil
}

// view is a snapshot: the values of a list of entries. Invocations share it until
// something in it is due or was loaded anew; it is never changed.
type view struct {
	entries []*core
	values  []any     // by entry: *T
	wake    clock.Due // the sooner of these two:
	due     clock.Due // it may not be used any longer
	ahead   clock.Due // something in it may be loaded early
	held    []held
	changes uint64 // of the Wrap's keys, when held was the newest there was
}

// held is a version that values of a view are parts of.
type held struct {
	slot    *slot
	entries []*core // that the view reads from it
	v       *version
	stale   bool // v was due, and as good as it got
	ahead   clock.Due
}

// newest reports whether nothing newer is held of any key, or being held just now.
func (v *view) newest() bool {
	return !slices.ContainsFunc(v.held, func(h held) bool {
		h.slot.origin.mu.Lock()
		defer h.slot.origin.mu.Unlock()
		return h.slot.cur.Load() != h.v
	})
}

// hinted gives c's value if it is where the Wrap that listed c last keeps it.
func (v *view) hinted(c *core) any {
	if i := int(c.hint.Load()); i < len(v.entries) && v.entries[i] == c {
		return v.values[i]
	}
	return nil
}

// value gives c's value wherever it is, nil if the view has none.
func (v *view) value(c *core) any {
	for i, e := range v.entries {
		if e == c {
			return v.values[i]
		}
	}
	return nil
}

// named finds the entry called name: the one that was named so, else the only one
// whose key gives that name.
func (v *view) named(name string) (*core, any) {
	var found []int
	for i, c := range v.entries {
		if c.name == name && c.named {
			return c, v.values[i]
		}
		if c.name == name {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return v.entries[found[0]], v.values[found[0]]
	}
	panic(ambiguous(name, v.entries[found[0]], v.entries[found[1]]))
}
