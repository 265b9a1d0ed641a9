package lambdacache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// core is an entry without its type: everything that loads, scans and snapshots
// works on cores, so that entries of different types share one road.
type core struct {
	entry  any // the *Entry[T] it is the core of, or the *Family[K, T]; in a test also a fixed.Key
	name   string
	named  bool   // by Name, or by a constructor that takes a name
	source string // of the origin, or "derived"
	key    string

	policy
	loadTimeout time.Duration
	missesFor   time.Duration              // how long a miss is remembered
	decode      func(raw any) (any, error) // R -> *T

	told uint64 // the last of the slot's loads in whose place an old value was told to be served; the origin's mutex guards it
	slot *slot  // where a loaded entry is held …
	part int    // … and which part of its versions it is

	derived *derived // of an entry built from others; slot is then nil

	hint  atomic.Int32 // where the Wrap that listed the entry last keeps its value
	stats *stats       // nil for a derived entry; a family's for all its members
}

// Declare makes an entry for one key of an origin; decode makes a T of the source's
// record, once per load. The entry's name is what the [Name] option says, else name,
// else the part of key after the last slash, without :version or :label. An empty
// key, a nil decode and an option of another source panic.
//
// If decode fails the entry keeps its old value. Its error is not passed on, because
// most decoders quote their input; return [Undecodable] to say what is wrong.
func Declare[T, R any](o *Origin[R], key, name string, decode func(R) (T, error), opts ...Option) *Entry[T] {
	e := new(Entry[T])
	e.decode = untypedDecoder(decode)
	e.declare(e, o.origin, key, name, opts)
	return e
}

// declare is all of Declare that does not depend on T and R: what does is linked once
// for each type of a program's entries.
func (c *core) declare(entry any, o *origin, key, name string, opts []Option) {
	where := fmt.Sprintf("the entry for %q from %s", key, o.name)
	if key == "" || c.decode == nil {
		panic("lambdacache: " + where + ": a key and a decoder are required")
	}
	s := apply(where, settings{policy: policy{maxAge: DefaultMaxAge}, loadTimeout: o.loadTimeout}, opts)
	c.entry, c.source, c.key, c.stats = entry, o.name, key, new(stats)
	c.policy, c.loadTimeout = s.policy, s.loadTimeout
	c.named = s.name != ""
	if c.name = cmp.Or(s.name, name); c.name == "" {
		c.name = shortName(key)
	}
	o.feed(key, c)
}

// untypedDecoder is a decoder without its types, nil if it is nil.
func untypedDecoder[T, R any](decode func(R) (T, error)) func(raw any) (any, error) {
	if decode == nil {
		return nil
	}
	return func(raw any) (any, error) {
		value := new(T)
		err := decoding(value, func() (err error) { r, _ := raw.(R); *value, err = decode(r); return err })
		return value, err
	}
}

// New makes an entry of any function: its result is cached like a parameter or a
// secret. load runs at most once at a time and must return soon after ctx is done:
// if it does not, those who wait get an error after [LoadTimeout] all the same, but it
// may still run when the environment is frozen. It may Get other entries, never itself
// in a circle. ctx carries the values of the context of whoever asked first. An empty
// name and a nil load panic.
func New[T any](name string, load func(ctx context.Context) (T, error), opts ...Option) *Entry[T] {
	if name == "" || load == nil {
		panic("lambdacache: New: a name and a function are required")
	}
	o := NewOrigin("func", function(func(ctx context.Context) (any, error) { return load(ctx) }))
	e := Declare(o, name, name, func(v any) (T, error) { t, _ := v.(T); return t, nil }, opts...)
	e.named = true
	return e
}

// function is a user's function as a source.
type function func(ctx context.Context) (any, error)

func (f function) Load(ctx context.Context, _ []Request) []Result[any] {
	v, err := f(ctx)
	return []Result[any]{{Value: v, Err: err}}
}

// decoding runs a decoder and lets nothing out that could quote the value: of its
// errors only our own, of a panic not even the text. value points to what is decoded.
func decoding(value any, run func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case misuse: // our own words
			err = Undecodable(r.Error())
		default:
			err = Undecodable(fmt.Sprintf("the decoder into %v panicked with a %T", reflect.TypeOf(value).Elem(), r))
		}
	}()
	err = run()
	var known *DecodeError
	var safe *decode.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &safe):
		return Undecodable(safe.Error())
	}
	return Undecodable(fmt.Sprintf("the decoder into %v failed with a %T", reflect.TypeOf(value).Elem(), err))
}

// held is a loaded entry's part of the version held now, nil if there is none.
func (c *core) held() *part {
	if c.slot == nil {
		return nil
	}
	if v := c.slot.cur.Load(); v != nil && c.part < len(v.parts) {
		return &v.parts[c.part]
	}
	return nil
}

// fresh gives the held value if it is younger than its max age, else nil.
func (c *core) fresh(now clock.Reading) any {
	if c.derived != nil {
		return c.derived.fresh(now)
	}
	if p := c.held(); p != nil && p.fresh(now) {
		return p.value
	}
	return nil
}

func (c *core) version() string {
	if c.derived != nil {
		return c.derived.version()
	}
	return c.slot.cur.Load().part(c.part).id
}

// age is how old the held value is, 0 if there is none; of a derived entry, the
// oldest that it is built from.
func (c *core) age(now clock.Reading) (oldest time.Duration) {
	c.leaves(func(l *core) {
		if p := l.slot.cur.Load().part(l.part); p.value != nil {
			oldest = max(oldest, now.Since(p.at))
		}
	})
	return oldest
}

// leaves calls f with every loaded entry that c is built from, or with c itself.
func (c *core) leaves(f func(*core)) {
	if c.derived == nil {
		f(c)
		return
	}
	for _, child := range c.derived.children {
		child.leaves(f)
	}
}
