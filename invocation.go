package lambdacache

import (
	"context"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// invocation is the context of one invocation. It holds the invocation's snapshot
// and stays valid after Wrap has returned, for a response that is streamed.
type invocation struct {
	context.Context
	view  *view
	outer *invocation // of an enclosing Wrap, nil for none
}

// invocationKey is a pointer because those compare fastest.
var invocationKey any = new(byte)

func (inv *invocation) Value(key any) any {
	if key == invocationKey {
		return inv
	}
	return inv.Context.Value(key)
}

// String keeps fmt from looking into the snapshot.
func (inv *invocation) String() string { return "lambdacache.Wrap" }

func invocationOf(ctx context.Context) *invocation {
	inv, ok := ctx.(*invocation)
	if !ok {
		inv, _ = ctx.Value(invocationKey).(*invocation)
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

// in gives c's value in the invocation of ctx, nil if there is none.
func (c *core) in(ctx context.Context) any { return invocationOf(ctx).value(c) }

// named gives the entry called name in the invocation of ctx, and its value.
func named(ctx context.Context, name string) (*core, any) {
	for inv := invocationOf(ctx); inv != nil; inv = inv.outer {
		if i := inv.view.named(name); i >= 0 {
			return inv.view.entries[i], inv.view.values[i]
		}
	}
	return nil, nil
}

// view is a snapshot: the values of a list of entries, and what they were read from.
// Invocations share it for as long as it is fresh; it is never changed.
type view struct {
	entries []*core
	values  []any // by entry: *T
	due     clock.Due
	held    []held
}

type held struct {
	slot *slot
	v    *version
}

// current reports whether the view may serve an invocation that begins now: nothing
// in it is due, and nothing newer has been loaded since.
func (v *view) current(now clock.Reading) bool {
	if v == nil || v.due.Passed(now) {
		return false
	}
	for i := range v.held {
		if h := &v.held[i]; h.slot.cur.Load() != h.v {
			return false
		}
	}
	return true
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
func (v *view) named(name string) int {
	found := -1
	for i, c := range v.entries {
		switch {
		case c.name != name:
		case c.named:
			return i
		case found >= 0:
			panic(ambiguous(name, v.entries[found], c))
		default:
			found = i
		}
	}
	return found
}
