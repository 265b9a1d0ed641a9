package lambdacache

import (
	"context"
	"fmt"
	"reflect"
)

// WrapAny is [Wrap] for the other shapes of handler that lambda.Start takes:
//
//	func(context.Context, E) (R, error)    func(context.Context) (R, error)
//	func(context.Context, E) error         func(context.Context) error
//	func(context.Context, E)               func(context.Context)
//
// The result has the same type, so lambda.Start sees the same event and response; a
// handler without results gets an error as its result, for entries that cannot be
// loaded. Anything else panics: a handler without a context could not read an entry,
// and a lambda.Handler (lambda.NewHandler(…)) reuses its response buffer while other
// invocations run and drops the options of lambda.StartWithOptions, so wrap the
// function and give the result to lambda.NewHandler instead.
func WrapAny(h any, entries ...Cached) any {
	f := reflect.ValueOf(h)
	outs := checkShape(h, f)
	w := newWrapper(entries)
	return reflect.MakeFunc(signature(f.Type(), outs), func(args []reflect.Value) []reflect.Value {
		ctx, _ := args[0].Interface().(context.Context)
		inv, early, err := w.begin(ctx, true)
		if err != nil {
			return failed(outs, err)
		}
		defer inv.end(early)
		results := f.Call(append([]reflect.Value{reflect.ValueOf(inv)}, args[1:]...))
		if early != nil {
			early.join()
		}
		if len(results) == 0 {
			return []reflect.Value{reflect.Zero(errorType)}
		}
		return results
	}).Interface()
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// checkShape panics unless h is a handler that WrapAny takes, and gives the results
// of the wrapped one: those of h, and an error where h has none.
func checkShape(h any, f reflect.Value) (outs []reflect.Type) {
	refuse := func(why string) {
		panic(fmt.Sprintf("lambdacache: WrapAny: a %T %s", h, why))
	}
	if _, ok := h.(interface {
		Invoke(ctx context.Context, payload []byte) ([]byte, error)
	}); ok {
		refuse("is a lambda.Handler: wrap the function first, lambda.NewHandler(lambdacache.WrapAny(f, …))")
	}
	if f.Kind() != reflect.Func || f.IsNil() {
		refuse("is no handler: give it a function that takes a context.Context")
	}
	t := f.Type()
	switch {
	case t.IsVariadic() || t.NumIn() > 2 || t.NumOut() > 2:
		refuse("is no handler: write func(context.Context, E) (R, error)")
	case t.NumIn() == 0 || t.In(0) != contextType:
		refuse("takes no context.Context as its first argument, so it could not read an entry: add one")
	case t.NumOut() > 0 && t.Out(t.NumOut()-1) != errorType:
		refuse("must have an error as its last result")
	}
	for o := range t.Outs() {
		outs = append(outs, o)
	}
	if outs == nil {
		outs = []reflect.Type{errorType}
	}
	return outs
}

func signature(t reflect.Type, outs []reflect.Type) reflect.Type {
	var ins []reflect.Type
	for in := range t.Ins() {
		ins = append(ins, in)
	}
	return reflect.FuncOf(ins, outs, false)
}

// failed are a handler's results when err kept it from running.
func failed(outs []reflect.Type, err error) []reflect.Value {
	results := make([]reflect.Value, len(outs))
	for i, t := range outs {
		results[i] = reflect.Zero(t)
	}
	results[len(results)-1] = reflect.ValueOf(&err).Elem()
	return results
}
