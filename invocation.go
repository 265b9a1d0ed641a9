package lambdacache

import (
	"context"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/fixed"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// invocation is the context of one invocation. It holds the invocation's snapshot
// and stays valid after Wrap has returned, for a response that is streamed.
type invocation struct {
	context.Context
	view    *view
	outer   *invocation // of an enclosing Wrap, nil for none
	counted atomic.Bool // among the loading ones
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

// loading counts the running invocations that have waited for a load, in environments
// that freeze. Those that only found fresh values are spared two atomic writes: they
// have nothing in flight that another's end could cancel.
var loading atomic.Int64

// count makes the invocation one of those that another's end must not disturb.
func (inv *invocation) count() {
	if environment.Freezes() && inv.counted.CompareAndSwap(false, true) {
		loading.Add(1)
	}
}

// end cancels and awaits the loads that still run when the last invocation ends,
// because the environment may be frozen next.
func (inv *invocation) end() {
	if !environment.Freezes() {
		return
	}
	others := loading.Load()
	if inv.counted.Load() {
		others = loading.Add(-1)
	}
	if others == 0 && inv.outer == nil && flight.Running() > 0 {
		flight.CancelAll(inv.Context)
	}
}

// in gives c's value in the invocation of ctx, nil if there is none.
func (c *core) in(ctx context.Context) any { return invocationOf(ctx).value(c) }

// fixedIn gives the value that a test has fixed for c in ctx, or for what c is built
// from; nil if there is none.
func (c *core) fixedIn(ctx context.Context) any {
	values := fixed.From(ctx)
	if value, ok := values[c.entry]; ok || values == nil || c.derived == nil {
		return value
	}
	from := make([]any, len(c.derived.children))
	for i, child := range c.derived.children {
		if from[i] = child.fixedIn(ctx); from[i] == nil {
			return nil
		}
	}
	value, err := c.derived.of(from)
	if err != nil {
		return nil
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
			v.entries, v.values = append(v.entries, entry.(Cached).untyped()), append(v.values, value)
		}
		return v.named(name)
	}
	return nil, nil
}

// view is a snapshot: the values of a list of entries. Invocations share it until
// something in it is due or was loaded anew; it is never changed.
type view struct {
	entries []*core
	values  []any // by entry: *T
	due     clock.Due
	changes uint64 // of the Wrap's keys, counted before the values were read
}

func (v *view) value(c *core) any {
	if i := int(c.hint.Load()); i < len(v.entries) && v.entries[i] == c {
		return v.values[i]
	}
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
	found := -1
	for i, c := range v.entries {
		switch {
		case c.name != name:
		case c.named:
			return c, v.values[i]
		case found >= 0:
			panic(ambiguous(name, v.entries[found], c))
		default:
			found = i
		}
	}
	if found < 0 {
		return nil, nil
	}
	return v.entries[found], v.values[found]
}
