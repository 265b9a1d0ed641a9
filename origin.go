package lambdacache

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Origin is one source with one client, Region and role. It holds a slot for every
// key declared on it: entries with the same key on the same origin share one load
// and one version.
type Origin[R any] struct{ *origin }

// origin is all of an Origin that does not depend on R.
type origin struct {
	name        string
	loadTimeout time.Duration
	maxKeys     int
	maxCalls    int
	ask         func(ctx context.Context, reqs []Request) []answer
	askOne      func(ctx context.Context, req Request) []answer // nil if the source has no second operation
	released    func(key string)                                // nil if the source keeps nothing of its keys

	mu       sync.Mutex
	slots    map[string]*slot
	inFlight int      // calls that have a place …
	waiting  []*batch // … and those that wait for one
	families []weak.Pointer[family]
	culprits map[string]bool // keys without a slot that are asked for alone
	proven   bool            // the batched operation has worked
	fallback error           // why it is not permitted, nil if it is: askOne has taken its place
	missing  map[string]bool // the permissions told to be
}

// answer is a Result whose value has lost its type; the entries' decoders know it.
type answer struct {
	value any
	Result[struct{}]
}

// OriginOption changes how an origin is made.
type OriginOption func(*origin)

// OriginLoadTimeout sets how long a load from this origin may take unless an
// entry's [LoadTimeout] says otherwise; 0 leaves it to the source to give up. The
// default is [DefaultLoadTimeout]. A negative one panics.
func OriginLoadTimeout(d time.Duration) OriginOption {
	if d < 0 {
		panic(fmt.Sprintf("lambdacache: OriginLoadTimeout(%v): a timeout cannot be negative; 0 means none", d))
	}
	return func(o *origin) { o.loadTimeout = d }
}

// OriginMaxCalls sets how many calls of an origin may be in flight at once, 16 by
// default. What is due beyond that waits for one of them to end. Keys of a [Batcher] that
// somebody else asks for while a quarter of them is in flight wait as well, so that those
// who wait share the next call. A call that is split, because of one of its keys, counts
// as one, and one whose source reads entries as none while these wait in a line. A load's
// time counts from when it has its place; whoever waits for it waits that much longer. 0
// and less panic.
func OriginMaxCalls(n int) OriginOption {
	if n <= 0 {
		panic(fmt.Sprintf("lambdacache: OriginMaxCalls(%d): an origin that may make no call loads nothing", n))
	}
	return func(o *origin) { o.maxCalls = n }
}

// NewOrigin makes an origin of a source. The name is what errors and events call the
// source: "ssm". An empty name and a nil source panic.
func NewOrigin[R any](name string, s Source[R], opts ...OriginOption) *Origin[R] {
	if name == "" || s == nil {
		panic("lambdacache: NewOrigin: an origin needs a name and a source")
	}
	o := &origin{name: name, loadTimeout: testhook.Limit(DefaultLoadTimeout), maxKeys: 1, maxCalls: defaultMaxCalls, slots: make(map[string]*slot), culprits: make(map[string]bool)}
	o.ask = func(ctx context.Context, reqs []Request) []answer { return untyped(s.Load(ctx, reqs)) }
	if b, ok := s.(Batcher); ok {
		if o.maxKeys = b.MaxKeys(); o.maxKeys < 1 {
			panic(fmt.Sprintf("lambdacache: NewOrigin(%q): MaxKeys is %d; a call takes at least one key", name, o.maxKeys))
		}
	}
	if one, ok := s.(Singler[R]); ok {
		o.askOne = func(ctx context.Context, req Request) []answer {
			return untyped([]Result[R]{one.LoadOne(ctx, req)})
		}
	}
	if r, ok := s.(Releaser); ok {
		o.released = r.Release
	}
	for _, opt := range opts {
		opt(o)
	}
	origins.add(o)
	return &Origin[R]{o}
}

func untyped[R any](results []Result[R]) []answer {
	answers := make([]answer, len(results))
	for i, r := range results {
		answers[i] = answer{r.Value, Result[struct{}]{
			Version: r.Version, Unchanged: r.Unchanged,
			Age: r.Age, Within: r.Within, NotBefore: r.NotBefore,
			Calls: r.Calls, Missing: r.Missing, Err: r.Err,
		}}
	}
	return answers
}

// feed makes c one of the entries that key feeds, for ever.
func (o *origin) feed(key string, c *core) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.feeds(key, c)
}

// feeds is feed for who holds the lock.
func (o *origin) feeds(key string, c *core) {
	s := o.slots[key]
	if s == nil {
		s = &slot{origin: o, key: key, alone: o.culprits[key]}
		o.slots[key] = s
		delete(o.culprits, key)
	}
	c.slot, c.part = s, len(s.fed)
	s.fed = append(s.fed, c)
	s.users++
}

// reset puts the origin back to where it was when it was made, but for its slots.
func (o *origin) reset() {
	o.mu.Lock()
	families := slices.Clone(o.families)
	o.mu.Unlock()
	for _, w := range families {
		if f := w.Value(); f != nil {
			f.clear()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.families = slices.DeleteFunc(o.families, func(w weak.Pointer[family]) bool { return w.Value() == nil })
	o.proven, o.fallback, o.missing = false, nil, nil
	clear(o.culprits)
	for _, s := range o.slots {
		s.alone = false
		s.invalidate()
	}
}

// registry knows the origins of the process, for cachetest.Reset, without keeping
// those alive that no entry uses any more.
type registry struct {
	mu   sync.Mutex
	list []weak.Pointer[origin]
}

var origins registry

func (r *registry) add(o *origin) {
	r.mu.Lock()
	r.list = append(r.list, weak.Make(o))
	r.mu.Unlock()
}

func (r *registry) all() []*origin {
	r.mu.Lock()
	defer r.mu.Unlock()
	var live []*origin
	for _, w := range r.list {
		if o := w.Value(); o != nil {
			live = append(live, o)
		}
	}
	return live
}

func init() {
	testhook.OnReset(func() {
		Observe(nil)
		clock.Forget()
		for _, o := range origins.all() {
			o.reset()
		}
	})
}
