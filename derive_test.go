package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// pairOf derives "left+right" and counts how often it was built.
func pairOf(name string, built *int, left, right *lc.Entry[string], opts ...lc.Option) *lc.Entry[string] {
	return lc.Derive(name, func(ctx context.Context) (string, error) {
		*built++
		return left.Value(ctx) + "+" + right.Value(ctx), nil
	}, []lc.Cached{left, right}, opts...)
}

func TestDerivedIsBuiltWhenAChildHasChanged(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"l": "l1", "r": "r1"})
	o := lc.NewOrigin("scripted", s)
	left, right := declare(o, "l"), declare(o, "r", lc.MaxAge(20*time.Second))
	built := 0
	d := pairOf("pair", &built, left, right)
	read, ctx := reading(d), context.Background()

	step := func(what, value string, builds, calls int) {
		t.Helper()
		want(t, what, must(read(ctx))(t), value)
		want(t, what+": Get", must(d.Get(ctx))(t), value)
		want(t, what+": builds", built, builds)
		want(t, what+": calls", len(s.took()), calls)
	}
	step("first", "l1+r1", 1, 1)
	step("again", "l1+r1", 1, 0)
	guest.both(20 * time.Second)
	step("one is due, and unchanged", "l1+r1", 1, 1)
	guest.both(20 * time.Second)
	s.set("r", "r2")
	s.set("l", "l2")
	step("one is due, and changed; the other is fresh", "l1+r2", 2, 1)
	guest.both(20 * time.Second)
	step("both are due, one has changed", "l2+r2", 3, 1)
	must(left.Refresh(ctx))(t)
	s.took()
	step("refreshed, and unchanged", "l2+r2", 3, 0)
	s.set("l", "l3")
	must(left.Refresh(ctx))(t)
	s.took()
	step("a child was refreshed", "l3+r2", 4, 0)
	lc.Invalidate(right)
	step("a child was forgotten", "l3+r2", 5, 1)
	s.set("l", "l4")
	must(left.Refresh(ctx))(t)
	want(t, "Get, before any Wrap", must(d.Get(ctx))(t), "l4+r2")
	want(t, "builds", built, 6)
	want(t, "name", d.Name(), "pair")
	want(t, "version", d.Version(), "v:l4,v:r2")
}

func TestDerivedIsOneRoadWithItsChildren(t *testing.T) {
	guest := newTimes(t)
	keys, values := many(10)
	s := newScripted(10, values)
	o := lc.NewOrigin("scripted", s)
	first, second := declare(o, keys[0]), declare(o, keys[1])
	built := 0
	d := pairOf("pair", &built, first, second)
	h := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		return d.Value(ctx) + "=" + first.Value(ctx), nil
	}, append(declareAll(o, keys[2:]), d, first)...)
	want(t, "values", must(h(context.Background(), 0))(t), "value of /app/k00+value of /app/k01=value of /app/k00")
	want(t, "calls", len(s.took()), 1)
	want(t, "keys", len(s.reqs), 10)
	guest.both(time.Minute)
	must(h(context.Background(), 0))(t)
	want(t, "calls of a refresh", len(s.took()), 1)

	// Children that are not listed themselves are not readable.
	_, _ = lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		wantPanic(t, `the value of "k00" was read outside`, func() { first.Value(ctx) })
		return 0, nil
	}, d)(context.Background(), 0)
}

func TestDerivedRefreshPrefetchInvalidate(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"l": "l1", "r": "r1"})
	o := lc.NewOrigin("scripted", s)
	left, right := declare(o, "l"), declare(o, "r")
	built := 0
	d, ctx := pairOf("pair", &built, left, right), context.Background()
	want(t, "age of nothing", d.Stats().Age, 0)
	want(t, "version of nothing", d.Version(), "")

	must(0, lc.Prefetch(ctx, d))(t)
	want(t, "calls of Prefetch", sorted(s.took()), "l+r")
	guest.both(10 * time.Second)
	for _, child := range []*lc.Entry[string]{left, right} {
		must(child.Refresh(ctx))(t)
		guest.both(5 * time.Second)
		want(t, "age: that of the oldest", d.Stats().Age, max(left.Stats().Age, right.Stats().Age))
	}
	want(t, "age", d.Stats().Age, 10*time.Second)
	s.took()
	s.set("l", "l2")
	s.set("r", "r2")
	want(t, "Get", must(d.Get(ctx))(t), "l1+r1")
	want(t, "Refresh", must(d.Refresh(ctx))(t), "l2+r2")
	want(t, "calls of Refresh", sorted(s.took()), "l+r")
	want(t, "child", must(left.Get(ctx))(t), "l2")
	want(t, "age", d.Stats().Age, 0)

	lc.Invalidate(d)
	want(t, "version after Invalidate", left.Version()+right.Version(), "")
	want(t, "read after Invalidate", must(reading(d)(ctx))(t), "l2+r2")
	want(t, "calls after Invalidate", sorted(s.took()), "l+r")

	guest.both(time.Minute)
	s.failing(down)
	_, err := d.Refresh(ctx)
	want(t, "fails", errors.Is(err, errDown), true)
	want(t, "age after a failure", d.Stats().Age, time.Minute)
}

func TestDerivedNamesTheChildrenThatFail(t *testing.T) {
	keys, values := many(3)
	s := newScripted(10, values)
	s.fail = denying(keys[0], keys[1])
	o := lc.NewOrigin("scripted", s)
	a, b, c := declare(o, keys[0]), declare(o, keys[1]), declare(o, keys[2])
	built := 0
	d := pairOf("pair", &built, a, c)
	outer := pairOf("outer", &built, d, b)
	ran := 0
	h := lc.Wrap(func(context.Context, int) (int, error) { ran++; return 0, nil }, outer, b, a)
	_, err := h(context.Background(), 0)
	var failed *lc.LoadError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	var list []string
	for _, f := range failed.Failures {
		list = append(list, f.Entry+" "+f.Source+" "+f.Key)
	}
	want(t, "failures, each once", strings.Join(list, "; "), "k00 scripted /app/k00; k01 scripted /app/k01")
	want(t, "handler ran", ran, 0)
	want(t, "built", built, 0)
	_, err = outer.Get(context.Background())
	wantError(t, err, `load "k00" from scripted /app/k00: AccessDeniedException`)
}

func TestDerivedCannotBeBuilt(t *testing.T) {
	const secret = "hunter2hunter2"
	s := newScripted(10, map[string]string{"k": secret})
	o := lc.NewOrigin("scripted", s)
	for _, test := range []struct {
		name  string
		build func(value string) (int, error)
		text  string
	}{
		{"an error", func(v string) (int, error) { return 0, errors.New("cannot use " + v) }, "the decoder into int failed with a *errors.errorString"},
		{"a panic", func(v string) (int, error) { panic("cannot use " + v) }, "the decoder into int panicked with a string"},
		{"a panic of the runtime", func(v string) (int, error) { return int(v[len(v)]), nil }, "the decoder into int panicked with a runtime.boundsError"},
		{"an error of ours", func(string) (int, error) { return 0, lc.Undecodable("a port is missing") }, "a port is missing"},
		{"an error of ours, quoted", func(v string) (int, error) {
			return 0, fmt.Errorf("cannot use %s: %w", v, lc.Undecodable("a port is missing"))
		}, "a port is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := declare(o, "k")
			built := 0
			d := lc.Derive("port", func(ctx context.Context) (int, error) { built++; return test.build(k.Value(ctx)) }, []lc.Cached{k})
			for range 2 {
				_, err := d.Get(context.Background())
				want(t, "error", fmt.Sprint(err), `lambdacache: load "port" from derived: cannot decode: `+test.text)
				want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
				if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
					t.Error("the error quotes")
				}
			}
			want(t, "built", built, 1)
			if _, err := reading(d)(context.Background()); !errors.Is(err, lc.ErrDecode) {
				t.Errorf("handler ran in spite of it: %v", err)
			}
			want(t, "the child is untouched", must(k.Get(context.Background()))(t), secret)
		})
	}
}

// Reading an entry that it is not built from is a mistake in the program, and worth
// its whole text.
func TestDerivedReadsAStranger(t *testing.T) {
	k, stranger := constant("k"), constant("stranger")
	d := lc.Derive("d", func(ctx context.Context) (string, error) { return stranger.Value(ctx), nil }, []lc.Cached{k})
	_, err := d.Get(context.Background())
	wantError(t, err, `load "d" from derived: cannot decode: lambdacache: the value of "stranger" was read outside a Wrap that lists it`)
}

func TestDerivedOfDerived(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"a": "a1", "b": "b1", "c": "c1"})
	o := lc.NewOrigin("scripted", s)
	a, b, c := declare(o, "a"), declare(o, "b", lc.MaxAge(20*time.Second)), declare(o, "c")
	inners, outers := 0, 0
	inner := pairOf("inner", &inners, a, b)
	outer := pairOf("outer", &outers, inner, c, lc.Name("whole"))
	read, ctx := reading(outer), context.Background()
	want(t, "name", outer.Name(), "whole")
	want(t, "first", must(read(ctx))(t), "a1+b1+c1")
	want(t, "calls", sorted(s.took()), "a+b+c")
	s.set("b", "b2")
	guest.both(20 * time.Second)
	want(t, "a grandchild has changed", must(read(ctx))(t), "a1+b2+c1")
	want(t, "calls", sorted(s.took()), "b")
	want(t, "inner builds", inners, 2)
	want(t, "outer builds", outers, 2)
	s.set("c", "c2")
	guest.both(time.Minute)
	want(t, "Get", must(outer.Get(ctx))(t), "a1+b2+c2")
	want(t, "inner builds", inners, 2)
	want(t, "outer builds", outers, 3)
	want(t, "version", outer.Version(), "v:a1,v:b2,v:c2")
	guest.both(5 * time.Second)
	want(t, "age", outer.Stats().Age, 5*time.Second)
}

// Running invocations keep what they were given, built from what they were given.
func TestDerivedStaysInAnInvocation(t *testing.T) {
	s := newScripted(10, map[string]string{"l": "l1", "r": "r1"})
	o := lc.NewOrigin("scripted", s)
	left, right := declare(o, "l"), declare(o, "r")
	built := 0
	d := pairOf("pair", &built, left, right)
	h := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		s.set("l", "l2")
		want(t, "Refresh", must(d.Refresh(ctx))(t), "l2+r1")
		want(t, "Value", d.Value(ctx), "l1+r1")
		want(t, "by name", lc.Value[string](ctx, "pair"), "l1+r1")
		return 0, nil
	}, d)
	must(h(context.Background(), 0))(t)
}

// Many at once never see a value built from two versions of one key.
func TestDerivedAtOnce(t *testing.T) {
	s := newScripted(10, map[string]string{"k": "1"})
	o := lc.NewOrigin("scripted", s)
	a, b := declare(o, "k", lc.MaxAge(0)), declare(o, "k", lc.Name("b"))
	d := lc.Derive("d", func(ctx context.Context) (string, error) {
		if a.Value(ctx) != b.Value(ctx) {
			return "", lc.Undecodable("two versions")
		}
		return a.Value(ctx), nil
	}, []lc.Cached{a, b})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			read := reading(d, a)
			for j := range 200 {
				s.set("k", fmt.Sprint(i, j))
				if _, err := read(context.Background()); err != nil {
					t.Error(err)
				}
				if _, err := d.Get(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestDeriveRefuses(t *testing.T) {
	k := constant("k")
	build := func(context.Context) (int, error) { return 0, nil }
	from := []lc.Cached{k}
	const required = "a name, a function and entries to build from are required"
	wantPanic(t, `the derived entry "": `+required, func() { lc.Derive("", build, from) })
	wantPanic(t, `the derived entry "d": `+required, func() { lc.Derive[int]("d", nil, from) })
	wantPanic(t, `the derived entry "d": `+required, func() { lc.Derive("d", build, nil) })
	const theirs = `the derived entry "d": MaxAge, LoadTimeout, StaleIfError, RefreshAhead and Jitter belong to the entries it is built from`
	wantPanic(t, theirs, func() { lc.Derive("d", build, from, lc.MaxAge(time.Minute)) })
	wantPanic(t, theirs, func() { lc.Derive("d", build, from, lc.MaxAge(0)) })
	wantPanic(t, theirs, func() { lc.Derive("d", build, from, lc.LoadTimeout(time.Minute)) })
	stage := lc.NewOptionKind[string]("secretcache.Stage")
	wantPanic(t, `the derived entry "d": secretcache.Stage is not an option of this source`, func() { lc.Derive("d", build, from, stage.With("x")) })
	wantPanic(t, `the derived entry "d": entry 2 is nil`, func() { lc.Derive("d", build, []lc.Cached{k, nil}) })
}
