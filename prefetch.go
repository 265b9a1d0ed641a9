package lambdacache

import (
	"context"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// Prefetch loads those of entries that are due, with as few calls as their sources
// allow and all side by side, and waits for them, no longer than ctx allows. Call it
// before lambda.Start to fetch while Lambda initialises the environment, which has
// more CPU then. Entries that could not be loaded are in the [*LoadError]; the others
// are held. The first invocation loads again what has come of age by then.
func Prefetch(ctx context.Context, entries ...Cached) error {
	_, err := resolve(ctx, asking(clock.Now()), cores("Prefetch", entries))
	return err
}

// Invalidate forgets what is held of entries, and of those that share a key with
// them: the next read loads. Invocations that run keep their snapshot, and a load in
// flight still answers those who wait for it, but its value is not held. It neither
// waits nor calls the source; use it when you know that a value has changed, or in
// an after-restore hook.
func Invalidate(entries ...Cached) {
	for _, c := range cores("Invalidate", entries) {
		c.leaves(func(leaf *core) { leaf.slot.origin.invalidate(leaf.key) })
	}
}

func (o *origin) invalidate(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.slots[key]; s != nil {
		s.invalidate()
	}
}
