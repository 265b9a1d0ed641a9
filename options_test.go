package lambdacache_test

import (
	"context"
	"math"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

func TestOptionsRefuse(t *testing.T) {
	wantPanic(t, "lambdacache: MaxAge(-1s): an age cannot be negative; write MaxAge(0) to load for every invocation", func() { lc.MaxAge(-time.Second) })
	wantPanic(t, "lambdacache: MaxAge(-1ns): an age cannot be negative", func() { lc.MaxAge(-1) })
	wantPanic(t, "a name cannot be empty; leave the option out to name the entry after its key", func() { lc.Name("") })
	wantPanic(t, "lambdacache: LoadTimeout(0s): a load needs time; leave the option out for the default", func() { lc.LoadTimeout(0) })
	wantPanic(t, "lambdacache: LoadTimeout(-1s): a load needs time", func() { lc.LoadTimeout(-time.Second) })
	wantPanic(t, "lambdacache: OriginLoadTimeout(-1s): a timeout cannot be negative; 0 means none", func() { lc.OriginLoadTimeout(-time.Second) })
}

func TestOptionsOfAnotherSource(t *testing.T) {
	o := lc.NewOrigin("ssm", newScripted(1, nil))
	stage := lc.NewOptionKind[string]("secretcache.Stage")
	const refused = `secretcache.Stage is not an option of this source`
	wantPanic(t, `lambdacache: the entry for "/a/k" from ssm: `+refused, func() { declare(o, "/a/k", lc.MaxAge(0), stage.With("x")) })
	wantPanic(t, refused, func() {
		lc.New("f", func(context.Context) (int, error) { return 0, nil }, stage.With("x"))
	})
	wantPanic(t, "a zero lambdacache.Option is not an option of this source", func() { declare(o, "k", lc.Option{}) })
}

func TestDeclareRefuses(t *testing.T) {
	s := newScripted(1, nil)
	o := lc.NewOrigin("ssm", s)
	keep := func(s string) (string, error) { return s, nil }
	const required = "a key and a decoder are required"
	wantPanic(t, `the entry for "" from ssm: `+required, func() { lc.Declare(o, "", "name", keep) })
	wantPanic(t, `the entry for "k" from ssm: `+required, func() { lc.Declare[string](o, "k", "", nil) })
	load := func(context.Context) (int, error) { return 0, nil }
	wantPanic(t, "lambdacache: New: a name and a function are required", func() { lc.New("", load) })
	wantPanic(t, "lambdacache: New: a name and a function are required", func() { lc.New[int]("f", nil) })
	wantPanic(t, "lambdacache: NewOrigin: an origin needs a name and a source", func() { lc.NewOrigin("", s) })
	wantPanic(t, "lambdacache: NewOrigin: an origin needs a name and a source", func() { lc.NewOrigin[string]("ssm", nil) })
	wantPanic(t, `lambdacache: NewOrigin("ssm"): MaxKeys is 0; a call takes at least one key`, func() { lc.NewOrigin("ssm", newScripted(0, nil)) })
	wantPanic(t, `lambdacache: NewOrigin("ssm"): MaxKeys is -1`, func() { lc.NewOrigin("ssm", newScripted(-1, nil)) })
}

func TestTheLastOptionCounts(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v"})
	e := declare(lc.NewOrigin("scripted", s), "k",
		lc.Name("a"), lc.MaxAge(lc.Forever), lc.Name("b"), lc.MaxAge(10*time.Second))
	want(t, "name", e.Name(), "b")
	must(e.Get(context.Background()))(t)
	want(t, "asked with", s.reqs[0].MaxAge, 10*time.Second)
	guest.both(10 * time.Second)
	must(e.Get(context.Background()))(t)
	want(t, "loads", len(s.took()), 2)
}

func TestDefaults(t *testing.T) {
	want(t, "max age", lc.DefaultMaxAge, time.Minute)
	want(t, "load timeout", lc.DefaultLoadTimeout, 3*time.Second)
	want(t, "forever", lc.Forever, time.Duration(math.MaxInt64))
}

// Of the timeouts of a key's entries, and of the keys that share a call, the longest
// counts; no timeout is longer than any.
func TestTimeoutsAreShared(t *testing.T) {
	for _, test := range []struct {
		name     string
		origin   time.Duration
		timeouts map[string][]time.Duration // by key; 0: as the origin says
		want     time.Duration
	}{
		{"the origin's", 5 * time.Second, map[string][]time.Duration{"a": {0}, "b": {0}}, 5 * time.Second},
		{"an entry's own, shorter", 5 * time.Second, map[string][]time.Duration{"a": {time.Second}}, time.Second},
		{"of two entries of a key", 5 * time.Second, map[string][]time.Duration{"a": {2 * time.Second, time.Second}}, 2 * time.Second},
		{"of two keys", 5 * time.Second, map[string][]time.Duration{"a": {time.Second}, "b": {8 * time.Second}, "c": {0}}, 8 * time.Second},
		{"none for one entry of a key", 0, map[string][]time.Duration{"a": {0, time.Second}}, 40 * time.Second},
		{"none of the origin's", 0, map[string][]time.Duration{"a": {time.Second}, "b": {0}, "c": {time.Second}}, 40 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScripted(10, map[string]string{})
				s.gate = make(chan struct{})
				o := lc.NewOrigin("scripted", s, lc.OriginLoadTimeout(test.origin))
				var entries []lc.Cached
				for _, key := range []string{"a", "b", "c"} {
					for _, d := range test.timeouts[key] {
						if d == 0 {
							entries = append(entries, declare(o, key))
						} else {
							entries = append(entries, declare(o, key, lc.LoadTimeout(d)))
						}
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
				defer cancel()
				start := time.Now()
				if err := lc.Prefetch(ctx, entries...); err == nil {
					t.Error("no error")
				}
				want(t, "ended after", time.Since(start), test.want)
			})
		})
	}
}

func TestOptionKinds(t *testing.T) {
	stage, twin := lc.NewOptionKind[string]("secretcache.Stage"), lc.NewOptionKind[string]("secretcache.Stage")
	version := lc.NewOptionKind[int]("secretcache.Version")
	opts := []lc.Option{stage.With("first"), lc.Name("n"), version.With(0), stage.With("last"), twin.With("other"), lc.MaxAge(0)}

	got, given, rest := stage.Take(opts)
	want(t, "value: the last one", got, "last")
	want(t, "given", given, true)
	want(t, "rest", len(rest), 4)
	got, given, _ = stage.Take(rest)
	want(t, "value of what was taken", got, "")
	want(t, "given twice", given, false)

	number, given, rest := version.Take(rest)
	want(t, "zero value", number, 0)
	want(t, "zero value given", given, true)
	got, given, rest = twin.Take(rest)
	want(t, "a kind is more than its name", got, "other")
	want(t, "given", given, true)

	e := declare(lc.NewOrigin("scripted", newScripted(1, nil)), "k", rest...)
	want(t, "the rest is for Declare", e.Name(), "n")
	got, _, rest = stage.Take(opts)
	want(t, "opts are as they were", got == "last" && len(rest) == 4, true)
	_, given, rest = stage.Take(nil)
	if given || rest != nil {
		t.Errorf("of nothing: %v, %v", given, rest)
	}
}
