package cachetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

var errDown = errors.New("the source is down")

// An entry that a test lets fail does so by every road that loads, whatever is held, and
// its neighbours do not.
func TestFailing(t *testing.T) {
	good := lambdacache.New("good", func(context.Context) (string, error) { return "held", nil })
	bad := lambdacache.New("bad", func(context.Context) (string, error) { return "held", nil })
	both := lambdacache.Derive("both", func(ctx context.Context) (string, error) { return good.Value(ctx) + bad.Value(ctx), nil },
		[]lambdacache.Cached{good, bad})
	if err := lambdacache.Prefetch(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	ctx := cachetest.Context(t, cachetest.Failing(bad, errDown))
	const text = `lambdacache: load "bad" from func: the source is down`

	ran := false
	handler := lambdacache.Wrap(func(context.Context, int) (int, error) { ran = true; return 0, nil }, good, bad, both)
	query := func(context.Context, string) (int, error) { ran = true; return 0, nil }
	for road, load := range map[string]func() error{
		"Wrap":             func() error { _, err := handler(ctx, 0); return err },
		"Get":              func() error { _, err := bad.Get(ctx); return err },
		"Get of a derived": func() error { _, err := both.Get(ctx); return err },
		"Refresh":          func() error { _, err := bad.Refresh(ctx); return err },
		"Prefetch":         func() error { return lambdacache.Prefetch(ctx, good, bad) },
		"Retry": func() error {
			_, err := lambdacache.Retry(ctx, bad, query, func(error) bool { return true })
			return err
		},
	} {
		err := load()
		if failed := new(lambdacache.LoadError); !errors.As(err, &failed) || len(failed.Failures) != 1 || !errors.Is(err, errDown) || err.Error() != text {
			t.Errorf("%s: %v", road, err)
		}
	}
	if ran {
		t.Error("a handler, or a function of Retry, ran without the value")
	}
	broken := lambdacache.Derive("broken", func(ctx context.Context) (string, error) { return "", fmt.Errorf("of %s", good.Value(ctx)) }, []lambdacache.Cached{good})
	if text := fmt.Sprint(panics(func() { broken.Value(cachetest.Context(t, cachetest.Fixed(good, "secret"))) })); text != `lambdacache: load "broken" from derived: cannot decode: the decoder into string failed with a *errors.errorString` {
		t.Error("what cannot be built of a fixed value panics with", text)
	}
	for road, read := range map[string]func(){
		"Value":              func() { bad.Value(ctx) },
		"Value of a derived": func() { both.Value(cachetest.Context(t, cachetest.Fixed(good, ""), cachetest.Failing(bad, errDown))) },
		"Value by name":      func() { lambdacache.Value[string](ctx, "bad") },
	} {
		if text := fmt.Sprint(panics(read)); !strings.Contains(text, `load "bad" from func: the source is down`) {
			t.Errorf("%s outside a Wrap panics with %s", road, text)
		}
	}

	if v, err := good.Get(ctx); v != "held" || err != nil {
		t.Error(v, err)
	}
	if v, err := bad.Get(t.Context()); v != "held" || err != nil {
		t.Error("elsewhere:", v, err)
	}
	if v, err := bad.Get(cachetest.Context(t, cachetest.Failing(bad, errDown), cachetest.Fixed(bad, "later"))); v != "later" || err != nil {
		t.Error("the later of two does not count:", v, err)
	}
}

func TestFailingKey(t *testing.T) {
	loads := 0
	f := lambdacache.NewFamily("tenants", func(_ context.Context, key string) (string, error) { loads++; return "value of " + key, nil })
	ctx := cachetest.Context(t, cachetest.FailingKey(f, "a", lambdacache.ErrNotFound))
	for _, get := range []func(context.Context, string) (string, error){f.Get, f.Refresh} {
		_, err := get(ctx, "a")
		if !errors.Is(err, lambdacache.ErrNotFound) || err.Error() != `lambdacache: load "tenants" from func a: not found` {
			t.Error(err)
		}
	}
	if v, err := f.Get(ctx, "b"); v != "value of b" || err != nil || loads != 1 {
		t.Error(v, err, loads)
	}
	if err := f.Prefetch(ctx, "a", "b"); !errors.Is(err, lambdacache.ErrNotFound) || loads != 1 {
		t.Error(err, loads)
	}
}

func TestFixedRefuses(t *testing.T) {
	e := lambdacache.New("e", func(context.Context) (int, error) { return 0, nil })
	f := lambdacache.NewFamily("f", func(context.Context, string) (int, error) { return 0, nil })
	const entry, key = "cachetest: Failing: an entry and an error are required", "cachetest: FailingKey: a family and an error are required"
	for _, test := range []struct {
		want string
		call func()
	}{
		{"cachetest: Fixed: the entry is nil", func() { cachetest.Fixed[int](nil, 0) }},
		{"cachetest: FixedKey: the family is nil", func() { cachetest.FixedKey[string, int](nil, "", 0) }},
		{entry, func() { cachetest.Failing[int](nil, errDown) }},
		{entry, func() { cachetest.Failing(e, nil) }},
		{key, func() { cachetest.FailingKey[string, int](nil, "", errDown) }},
		{key, func() { cachetest.FailingKey(f, "", nil) }},
	} {
		if got := fmt.Sprint(panics(test.call)); got != test.want {
			t.Errorf("panics with %s, want %s", got, test.want)
		}
	}
}

func panics(f func()) (text any) {
	defer func() { text = recover() }()
	f()
	return nil
}
