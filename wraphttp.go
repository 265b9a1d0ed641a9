package lambdacache

import (
	"context"
	"net/http"
	"reflect"
)

// WrapHTTP is [Wrap] for a function that is an http.Handler: one that lambdaurl serves
// behind a function URL, one behind the Lambda Web Adapter, or a server in a container.
// Each request is an invocation: h reads entries with [Entry.Value] and the request's
// context.
//
//	lambdaurl.Start(lambdacache.WrapHTTP(mux, apiKey, db))
//
// If an entry cannot be loaded h does not run, and the answer is 503 Service
// Unavailable without a word of why: the error may name accounts and roles, which are
// no client's business. Nobody else is told either, but by [Observe]: set it. Early loads
// ([RefreshAhead]) are joined when h has returned, which is when it has written its
// answer. A nil handler panics, also one that is a nil pointer or function.
func WrapHTTP(h http.Handler, entries ...Cached) http.Handler {
	if v := reflect.ValueOf(h); h == nil || (v.Kind() == reflect.Func || v.Kind() == reflect.Pointer) && v.IsNil() {
		panic("lambdacache: WrapHTTP: the handler is nil")
	}
	w := newWrapper(entries)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		inv, early, err := w.begin(ctx, !ofServer(ctx))
		if err != nil {
			http.Error(rw, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		defer inv.end(early)
		h.ServeHTTP(rw, r.WithContext(inv))
		if early != nil {
			early.join()
		}
	})
}

// ofServer reports whether a request came over a connection of net/http's server, as from
// the web adapter: its deadline is its route's, or its client's. What lambdaurl makes has
// the invocation's own.
func ofServer(ctx context.Context) bool { return ctx.Value(http.ServerContextKey) != nil }
