package lambdacache_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

type event struct{ n int }

var errOwn = &ownError{"own"}

type ownError struct{ text string }

func (e *ownError) Error() string { return e.text }

func TestWrapAnyShapes(t *testing.T) {
	e := constant("e")
	ctx := context.Background()
	seen := ""
	see := func(ctx context.Context) { seen += e.Value(ctx) }
	takes := func(t *testing.T, what string, v event) { t.Helper(); want(t, what, v.n, 7) }

	f1 := lc.WrapAny(func(ctx context.Context, v event) (string, error) { see(ctx); takes(t, "event", v); return "r", errOwn }, e).(func(context.Context, event) (string, error))
	r, err := f1(ctx, event{7})
	want(t, "result", r, "r")
	want(t, "own error", err, error(errOwn))

	f2 := lc.WrapAny(func(ctx context.Context, v event) error { see(ctx); takes(t, "event", v); return errOwn }, e).(func(context.Context, event) error)
	want(t, "own error", f2(ctx, event{7}), error(errOwn))

	f3 := lc.WrapAny(func(ctx context.Context, v event) { see(ctx); takes(t, "event", v) }, e).(func(context.Context, event) error)
	want(t, "no error", f3(ctx, event{7}), nil)

	f4 := lc.WrapAny(func(ctx context.Context) (string, error) { see(ctx); return "r", nil }, e).(func(context.Context) (string, error))
	want(t, "result", must(f4(ctx))(t), "r")

	f5 := lc.WrapAny(func(ctx context.Context) error { see(ctx); return nil }, e).(func(context.Context) error)
	want(t, "no error", f5(ctx), nil)

	f6 := lc.WrapAny(func(ctx context.Context) { see(ctx) }, e).(func(context.Context) error)
	want(t, "no error", f6(ctx), nil)

	want(t, "entries were read", seen, strings.Repeat("value", 6))
}

// Events and results may be of any type: those that lambda.Start treats specially
// arrive as they are.
func TestWrapAnyTypesAreKept(t *testing.T) {
	f := lc.WrapAny(func(_ context.Context, v any) (io.Reader, error) {
		if v == nil {
			return nil, nil
		}
		return strings.NewReader("streamed"), nil
	}).(func(context.Context, any) (io.Reader, error))
	r := must(f(context.Background(), 1))(t)
	want(t, "result", string(must(io.ReadAll(r))(t)), "streamed")
	want(t, "nil event, nil result", must(f(context.Background(), nil))(t), nil)

	type handler func(context.Context, *event) (*event, error)
	g := lc.WrapAny(handler(func(_ context.Context, v *event) (*event, error) { return v, nil })).(func(context.Context, *event) (*event, error))
	v := &event{7}
	want(t, "pointer", must(g(context.Background(), v))(t), v)
	want(t, "method value", reflect.TypeOf(lc.WrapAny(holder{}.handle)), reflect.TypeFor[func(context.Context, event) (string, error)]())
}

type holder struct{}

func (holder) handle(context.Context, event) (string, error) { return "", nil }

// The type of what Wrap and WrapAny return is what Lambda shows as errorType.
func TestWrapAnyFails(t *testing.T) {
	s := newScripted(1, map[string]string{"k": "v"})
	s.fail = down
	e := declare(lc.NewOrigin("scripted", s), "k")
	ran := 0
	ctx := context.Background()
	check := func(what string, err error) {
		t.Helper()
		want(t, what, reflect.TypeOf(err), reflect.TypeFor[*lc.LoadError]())
		want(t, what+": cause", errors.Is(err, errDown), true)
	}
	r, err := lc.WrapAny(func(context.Context, event) (string, error) { ran++; return "r", nil }, e).(func(context.Context, event) (string, error))(ctx, event{})
	check("result and error", err)
	want(t, "result", r, "")
	check("error", lc.WrapAny(func(context.Context, event) error { ran++; return nil }, e).(func(context.Context, event) error)(ctx, event{}))
	check("nothing", lc.WrapAny(func(context.Context, event) { ran++ }, e).(func(context.Context, event) error)(ctx, event{}))
	_, err = lc.WrapAny(func(context.Context) (*event, error) { ran++; return nil, nil }, e).(func(context.Context) (*event, error))(ctx)
	check("no event", err)
	check("no event, only error", lc.WrapAny(func(context.Context) error { ran++; return nil }, e).(func(context.Context) error)(ctx))
	check("no event, nothing", lc.WrapAny(func(context.Context) { ran++ }, e).(func(context.Context) error)(ctx))
	want(t, "handlers ran", ran, 0)
}

// RefreshAhead is waited for as by Wrap.
func TestWrapAnyWaitsForAnEarlyLoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		e := declare(o, keys[0], lc.RefreshAhead(0.8))
		read := lc.WrapAny(func(ctx context.Context) (string, error) { return e.Value(ctx), nil }, e).(func(context.Context) (string, error))
		must(read(t.Context()))(t)
		<-time.After(50 * time.Second)
		s.set(keys[0], "new")
		want(t, "the early load is waited for", took(func() { must(read(t.Context()))(t) }), 50*time.Millisecond)
		s.took()
		want(t, "next", must(read(t.Context()))(t), "new")
		want(t, "calls", len(s.took()), 0)
	})
}

// Nothing is in flight when it returns.
func TestWrapAnyLeavesNothingInFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Cleanup(environment.Replace(environment.Function))
		s, o, keys := slow(1)
		s.gate = make(chan struct{})
		e := declare(o, keys[0])
		h := lc.WrapAny(func(ctx context.Context) {
			go func() { _, _ = e.Get(context.WithoutCancel(ctx)) }()
			synctest.Wait()
			want(t, "in flight", flight.Running(), 1)
		}).(func(context.Context) error)
		must(0, h(t.Context()))(t)
		want(t, "in flight at the end", flight.Running(), 0)
	})
}

func TestWrapAnyPanicsPassThrough(t *testing.T) {
	f := lc.WrapAny(func(context.Context) { panic(errOwn) }, constant("e")).(func(context.Context) error)
	defer func() { want(t, "panic", recover(), any(errOwn)) }()
	_ = f(context.Background())
}

// invoker is what lambda.NewHandler returns.
type invoker struct{}

func (invoker) Invoke(context.Context, []byte) ([]byte, error) { return nil, nil }

// invokable is a function with that method.
type invokable func(context.Context) error

func (invokable) Invoke(context.Context, []byte) ([]byte, error) { return nil, nil }

func TestWrapAnyRefuses(t *testing.T) {
	type narrow interface {
		context.Context
		More()
	}
	const none = "is no handler: give it a function that takes a context.Context"
	const shape = "is no handler: write func(context.Context, E) (R, error)"
	const blind = "takes no context.Context as its first argument, so it could not read an entry: add one"
	const results = "must have an error as its last result"
	errorFirst := reflect.FuncOf([]reflect.Type{reflect.TypeFor[context.Context]()}, []reflect.Type{reflect.TypeFor[error](), reflect.TypeFor[string]()}, false)
	var missing func(context.Context) error
	for _, test := range []struct {
		name string
		h    any
		text string
	}{
		{"nil", nil, "a <nil> " + none},
		{"nil function", missing, "a func(context.Context) error " + none},
		{"no function", event{}, "a lambdacache_test.event " + none},
		{"lambda.Handler", invoker{}, "a lambdacache_test.invoker is a lambda.Handler: wrap the function first, lambda.NewHandler(lambdacache.WrapAny(f, …))"},
		{"pointer to a lambda.Handler", &invoker{}, "is a lambda.Handler"},
		{"function that is a lambda.Handler", invokable(nil), "is a lambda.Handler"},
		{"nothing at all", func() {}, blind},
		{"only an event", func(event) error { return nil }, blind},
		{"context last", func(event, context.Context) error { return nil }, blind},
		{"another context", func(narrow) error { return nil }, blind},
		{"variadic", func(context.Context, ...event) error { return nil }, shape},
		{"three arguments", func(context.Context, event, event) error { return nil }, shape},
		{"three results", func(context.Context) (int, int, error) { return 0, 0, nil }, shape},
		{"a result without an error", func(context.Context) string { return "" }, results},
		{"two results without an error", func(context.Context) (string, string) { return "", "" }, results},
		{"error first", reflect.MakeFunc(errorFirst, nil).Interface(), results},
		{"an error of its own type", func(context.Context) *ownError { return nil }, results},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantPanic(t, test.text, func() { lc.WrapAny(test.h) })
			wantPanic(t, "lambdacache: WrapAny: a ", func() { lc.WrapAny(test.h) })
		})
	}
}
