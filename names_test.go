package lambdacache_test

import (
	"context"
	"testing"

	lc "github.com/lambda-cache/lambdacache"
)

func TestDefaultNames(t *testing.T) {
	for key, name := range map[string]string{
		"/production/app/var":                   "var",
		"/production/app/var:3":                 "var",
		"/production/app/var:live":              "var",
		"var":                                   "var",
		"var:3":                                 "var",
		"prod/db":                               "db",
		"s3://models/eu/fraud.bin":              "fraud.bin",
		"/only":                                 "only",
		"/ends/with/a/slash/":                   "/ends/with/a/slash/",
		":3":                                    ":3",
		"a.b-c_d":                               "a.b-c_d",
		"/aws/reference/secretsmanager/prod/db": "db",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/production/app/var":      "var",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/var":                     "var",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/production/app/var:3":    "var",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/var:live":                "var",
		"arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:prod/db-AbC": "db-AbC",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf":       "db-AbCdEf",
		"arn:aws:s3:::models/fraud.bin":                                        "fraud.bin",
		"arn:aws:x:y:z:lonely":                                                 "arn:aws:x:y:z:lonely",
		"arn:too:short":                                                        "arn",
	} {
		e := declare(lc.NewOrigin("scripted", newScripted(1, nil)), key)
		want(t, "name of "+key, e.Name(), name)
		named := declare(lc.NewOrigin("scripted", newScripted(1, nil)), key, lc.Name("own"))
		want(t, "own name of "+key, named.Name(), "own")
	}
}

func TestNameOfAConstructor(t *testing.T) {
	o := lc.NewOrigin("scripted", newScripted(1, map[string]string{"/a/k?stage=x": "1"}))
	keep := func(s string) (string, error) { return s, nil }
	e := lc.Declare(o, "/a/k?stage=x", "short", keep)
	want(t, "name", e.Name(), "short")
	want(t, "string", e.String(), `lambdacache.Entry[string]("short")`)
	_, err := lc.Declare(o, "/a/missing", "short", keep, lc.Name("own")).Get(context.Background())
	wantError(t, err, `load "own" from scripted /a/missing: NoSuchThing`)
}

// inWrap runs f with the context of an invocation.
func inWrap(t *testing.T, f func(ctx context.Context), entries ...lc.Cached) {
	t.Helper()
	must(lc.Wrap(func(ctx context.Context, _ int) (int, error) { f(ctx); return 0, nil }, entries...)(context.Background(), 0))(t)
}

func number(name string, n int) *lc.Entry[int] {
	return lc.New(name, func(context.Context) (int, error) { return n, nil })
}

func TestValueByName(t *testing.T) {
	type tags []string
	list := lc.New("list", func(context.Context) (tags, error) { return tags{"t"}, nil })
	inWrap(t, func(ctx context.Context) {
		want(t, "string", lc.Value[string](ctx, "text"), "value")
		want(t, "int", lc.Value[int](ctx, "number"), 7)
		want(t, "slice", lc.Value[tags](ctx, "list")[0], "t")
		wantPanic(t, `lambdacache: entry "number" is of type int, not string: write lambdacache.Value[int](ctx, "number")`, func() { lc.Value[string](ctx, "number") })
		wantPanic(t, `lambdacache: entry "list" is of type lambdacache_test.tags, not []string: write lambdacache.Value[lambdacache_test.tags](ctx, "list")`,
			func() { lc.Value[[]string](ctx, "list") })
		wantPanic(t, `entry "number" is of type int, not interface {}`, func() { lc.Value[any](ctx, "number") })
		wantPanic(t, `lambdacache: no entry that the handler's Wrap lists is named "missing": there is "list", "number", "text"; list the entry too, or read it with Get(ctx)`,
			func() { lc.Value[int](ctx, "missing") })
		wantPanic(t, `is named "": there is`, func() { lc.Value[int](ctx, "") })
	}, constant("text"), number("number", 7), list)
	wantPanic(t, `the value of "text" was read outside a Wrap that lists it`, func() { lc.Value[string](t.Context(), "text") })
}

func TestImplicitNamesAlike(t *testing.T) {
	s := newScripted(10, map[string]string{"/a/x": "a", "/b/x": "b", "/c/x": "c"})
	o := lc.NewOrigin("scripted", s)
	a, b := declare(o, "/a/x"), declare(o, "/b/x")
	inWrap(t, func(ctx context.Context) {
		want(t, "typed", a.Value(ctx)+b.Value(ctx), "ab")
		wantPanic(t, `lambdacache: two entries are named "x": scripted /a/x and scripted /b/x; give one of them another name with lambdacache.Name`,
			func() { lc.Value[string](ctx, "x") })
	}, a, b)
	inWrap(t, func(ctx context.Context) {
		want(t, "listed twice is not two", lc.Value[string](ctx, "x"), "a")
	}, a, a)
	c := declare(o, "/c/x", lc.Name("x"))
	for _, list := range [][]lc.Cached{{a, c}, {c, a}, {c, a, b}} {
		inWrap(t, func(ctx context.Context) { want(t, "the one that was named", lc.Value[string](ctx, "x"), "c") }, list...)
	}
}

func TestExplicitNamesAlike(t *testing.T) {
	s := newScripted(10, map[string]string{"/a/x": "a", "/b/y": "b"})
	o := lc.NewOrigin("scripted", s)
	a, b := declare(o, "/a/x", lc.Name("same")), declare(o, "/b/y", lc.Name("same"))
	handler := func(context.Context, int) (int, error) { return 0, nil }
	const text = `lambdacache: two entries are named "same": scripted /a/x and scripted /b/y; give one of them another name with lambdacache.Name`
	wantPanic(t, text, func() { lc.Wrap(handler, a, constant("other"), b) })
	wantPanic(t, text, func() { lc.WrapAny(handler, a, b) })
	wantPanic(t, `two entries are named "n": func n and func n`, func() { lc.Wrap(handler, number("n", 1), number("n", 2)) })
	lc.Wrap(handler, a, a) // listed twice is not two
	lc.Wrap(lc.Wrap(handler, a), b)
}

// The innermost Wrap that knows the name decides.
func TestNamesInNestedWraps(t *testing.T) {
	in := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		return lc.Value[int](ctx, "n")*100 + lc.Value[int](ctx, "outer"), nil
	}, number("n", 2))
	out := lc.Wrap(func(ctx context.Context, _ int) (int, error) {
		n, err := in(ctx, 0)
		return n + 1000*lc.Value[int](ctx, "n"), err
	}, number("n", 1), number("outer", 3))
	want(t, "value", must(out(context.Background(), 0))(t), 1203)
}

func TestEntriesThatAreNone(t *testing.T) {
	handler := func(context.Context, int) (int, error) { return 0, nil }
	var none *lc.Entry[string]
	for _, list := range [][]lc.Cached{{constant("k"), nil}, {constant("k"), none}, {constant("k"), new(lc.Entry[int])}} {
		const text = "entry 2 is nil or was not made by a constructor"
		wantPanic(t, "lambdacache: Wrap: "+text, func() { lc.Wrap(handler, list...) })
		wantPanic(t, "lambdacache: Wrap: "+text, func() { lc.WrapAny(handler, list...) })
		wantPanic(t, "lambdacache: Prefetch: "+text, func() { _ = lc.Prefetch(context.Background(), list...) })
		wantPanic(t, "lambdacache: Invalidate: "+text, func() { lc.Invalidate(list...) })
	}
	wantPanic(t, "lambdacache: Wrap: the handler is nil", func() { lc.Wrap[int, int](nil) })
}
