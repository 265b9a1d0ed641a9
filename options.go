package lambdacache

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

const (
	// DefaultMaxAge is the max age of an entry declared without [MaxAge].
	DefaultMaxAge = 60 * time.Second
	// DefaultMaxEntries is how many keys a [Family] holds that is declared without
	// [MaxEntries].
	DefaultMaxEntries = 1000
	// DefaultLoadTimeout is the time a load may take unless [LoadTimeout] says otherwise.
	DefaultLoadTimeout = 3 * time.Second
	// Forever as a max age means that a value, once loaded, is never due.
	Forever time.Duration = math.MaxInt64
)

// Option changes how one entry is declared. The options of this package serve every
// source; a source package has more of its own. An option given twice counts as
// given last. An option that is not for the source it is given to panics at the
// declaration and says so.
type Option struct {
	name  string
	core  func(*settings) // an option of this package
	kind  any             // or of a source package: its *OptionKind[V] …
	value any             // … and a func() V, into which no verb of fmt looks: it may hold a client's keys
}

type settings struct {
	policy
	loadTimeout time.Duration
	name        string

	// Of a family only.
	limit     int           // how many members it may have
	missesFor time.Duration // how long their misses are remembered
	familial  string        // an option that was given for one
}

// MaxAge sets the oldest a value may be when an invocation begins, 60 s by default.
// 0 loads anew for every invocation and every Get, though those that begin before a
// load starts share it; [Forever] loads once. A negative age panics.
func MaxAge(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("lambdacache: MaxAge(%v): an age cannot be negative; write MaxAge(0) to load for every invocation", d))
	}
	return Option{name: "lambdacache.MaxAge", core: func(s *settings) { s.maxAge = d }}
}

// Name sets the entry's name: a label for [Value], errors and events. Without it the
// name is the part of the key after the last slash. Names given with Name, and those
// that constructors take ([New], [Derive]), must differ within one Wrap. An empty name
// panics.
func Name(name string) Option {
	if name == "" {
		panic("lambdacache: Name(\"\"): a name cannot be empty; leave the option out to name the entry after its key")
	}
	return Option{name: "lambdacache.Name", core: func(s *settings) { s.name = name }}
}

// LoadTimeout sets how long one load of the entry may take with all its retries, 3 s
// by default (S3 objects: as long as bytes arrive). Loads that share a call share
// the longest of their timeouts. 0 and less panic.
func LoadTimeout(d time.Duration) Option {
	if d <= 0 {
		panic(fmt.Sprintf("lambdacache: LoadTimeout(%v): a load needs time; leave the option out for the default", d))
	}
	return Option{name: "lambdacache.LoadTimeout", core: func(s *settings) { s.loadTimeout = d }}
}

// MaxEntries sets how many keys a [Family] holds, [DefaultMaxEntries] unless it is
// given. The one that was read least recently makes room: exactly so for fewer than
// eight; of more, reads within 2 µs for each eighth key, at most 1 ms, may count as at the
// same time. 0 and less panic, and so does a declaration that is not a family's.
func MaxEntries(n int) Option {
	if n <= 0 {
		panic(fmt.Sprintf("lambdacache: MaxEntries(%d): a family without room keeps nothing; leave the option out for %d", n, DefaultMaxEntries))
	}
	return Option{name: "lambdacache.MaxEntries", core: func(s *settings) { s.limit, s.familial = n, "lambdacache.MaxEntries" }}
}

// RememberMisses makes a [Family] answer with the same error for d, without a call, when
// the source has said that a key is not there ([ErrNotFound]) or may not be read
// ([ErrDenied]). A key that appears meanwhile is seen that much later; Refresh asks all
// the same, and Invalidate forgets the miss. As many misses as [MaxEntries] are
// remembered beside the values, whose room they do not take. Other errors are not
// remembered, and an old value that [StaleIfError] allows is given instead. Without it d
// is 0; 0 and less panic, and so does a declaration that is not a family's.
func RememberMisses(d time.Duration) Option {
	if d <= 0 {
		panic(fmt.Sprintf("lambdacache: RememberMisses(%v): say how long; leave the option out for not at all", d))
	}
	return Option{name: "lambdacache.RememberMisses", core: func(s *settings) { s.missesFor, s.familial = d, "lambdacache.RememberMisses" }}
}

// OptionKind makes the options of a source package. Declare one as a package
// variable for each option, give it to users with [OptionKind.With], and read it in
// the source's constructors with [OptionKind.Take].
type OptionKind[V any] struct{ name string }

// NewOptionKind names an option as users write it, "secretcache.Stage".
func NewOptionKind[V any](name string) *OptionKind[V] { return &OptionKind[V]{name} }

// Name is the option as users write it.
func (k *OptionKind[V]) Name() string { return k.name }

// With is the option with its value.
func (k *OptionKind[V]) With(v V) Option {
	return Option{name: k.name, kind: k, value: func() V { return v }}
}

// Take gives the value of this option among opts, whether there was one, and opts
// without it.
func (k *OptionKind[V]) Take(opts []Option) (v V, given bool, rest []Option) {
	for _, o := range opts {
		if o.kind == any(k) {
			v, given = o.value.(func() V)(), true
		} else {
			rest = append(rest, o)
		}
	}
	return v, given, rest
}

// apply lays opts over the defaults of an origin, for an entry.
func apply(where string, defaults settings, opts []Option) settings {
	s := applyToFamily(where, defaults, opts)
	if s.familial != "" {
		panic(fmt.Sprintf("lambdacache: %s: %s is an option of families, which hold many entries; leave it out", where, s.familial))
	}
	return s
}

// applyToFamily is apply for a family. What nobody took by now was meant for another
// source.
func applyToFamily(where string, defaults settings, opts []Option) settings {
	s := defaults
	for _, o := range opts {
		if o.core == nil {
			panic(fmt.Sprintf("lambdacache: %s: %s is not an option of this source", where, cmp.Or(o.name, "a zero lambdacache.Option")))
		}
		o.core(&s)
	}
	s.check(where)
	return s
}

// shortName is the default name of an entry: what stands after the last slash of
// its key, without :version or :label. Of an ARN only the resource's own name counts.
func shortName(key string) string {
	name := key
	if parts := strings.SplitN(key, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		name = parts[5]
		if !strings.Contains(name, "/") { // secret:name-AbCdEf
			_, name, _ = strings.Cut(name, ":")
		}
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	return cmp.Or(name, key)
}
