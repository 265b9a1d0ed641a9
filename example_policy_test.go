package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
)

// manualClock stands in for the time that passes between invocations.
func manualClock() (pass func(time.Duration), stop func()) {
	now := time.Hour
	restoreClock := clock.Replace(func() (mono, wall int64) { return int64(now), int64(now) })
	restoreKind := environment.Replace(environment.Function)
	return func(d time.Duration) { now += d }, func() { restoreKind(); restoreClock() }
}

// While the source is down the old value is served, up to an hour past its max age.
func ExampleStaleIfError() {
	pass, stop := manualClock()
	defer stop()
	up := true
	rates := lambdacache.New("rates", func(context.Context) (string, error) {
		if !up {
			return "", errors.New("503 Service Unavailable")
		}
		return "1 EUR = 1.08 USD", nil
	}, lambdacache.StaleIfError(time.Hour))
	lambdacache.Observe(func(e lambdacache.Event) { fmt.Println("event:", e.Kind, e.Age, e.Err) })
	defer lambdacache.Observe(nil)

	handler := lambdacache.Wrap(func(ctx context.Context, _ Event) (string, error) { return rates.Value(ctx), nil }, rates)
	fmt.Println(handler(context.Background(), Event{}))
	up = false
	pass(2 * time.Minute)
	fmt.Println(handler(context.Background(), Event{}))
	pass(time.Hour)
	_, err := handler(context.Background(), Event{})
	fmt.Println(err)
	// Output:
	// event: loaded 0s <nil>
	// 1 EUR = 1.08 USD <nil>
	// event: failed 2m0s 503 Service Unavailable
	// event: stale 2m0s 503 Service Unavailable
	// 1 EUR = 1.08 USD <nil>
	// event: failed 1h2m0s 503 Service Unavailable
	// lambdacache: load "rates" from func: 503 Service Unavailable
}

// The third invocation begins late in the max age: it loads beside its handler, and
// the fourth has the new value without waiting.
func ExampleRefreshAhead() {
	pass, stop := manualClock()
	defer stop()
	loads := 0
	rates := lambdacache.New("rates", func(context.Context) (string, error) {
		loads++
		return fmt.Sprint("load ", loads), nil
	}, lambdacache.RefreshAhead(0.8))

	handler := lambdacache.Wrap(func(ctx context.Context, _ Event) (string, error) { return rates.Value(ctx), nil }, rates)
	for range 4 {
		fmt.Println(handler(context.Background(), Event{}))
		pass(25 * time.Second)
	}
	// Output:
	// load 1 <nil>
	// load 1 <nil>
	// load 1 <nil>
	// load 2 <nil>
}

// Environments that were started together fall due at different times: this one has
// drawn 0.6, and all its entries are due after 60 s less 0.6 × 0.5 of it.
func ExampleJitter() {
	pass, stop := manualClock()
	defer stop()
	defer environment.ReplaceDraw(0.6)()
	loads := 0
	rates := lambdacache.New("rates", func(context.Context) (string, error) {
		loads++
		return fmt.Sprint("load ", loads), nil
	}, lambdacache.Jitter(0.5))

	fmt.Println(rates.Get(context.Background()))
	pass(41 * time.Second)
	fmt.Println(rates.Get(context.Background()))
	pass(time.Second)
	fmt.Println(rates.Get(context.Background()))
	// Output:
	// load 1 <nil>
	// load 1 <nil>
	// load 2 <nil>
}

// A function behind a function URL: lambdaurl.Start(handler).
func ExampleWrapHTTP() {
	greeting := lambdacache.New("greeting", func(context.Context) (string, error) { return "hello", nil })

	handler := lambdacache.WrapHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, greeting.Value(r.Context()), r.URL.Query().Get("name"))
	}), greeting)

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?name=Ada", http.NoBody))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 hello Ada
}

// In a container, which runs on between requests, entries are loaded in the background
// until the context is done.
func ExampleKeepFresh() {
	ctx, stop := context.WithCancel(context.Background())
	loaded := make(chan struct{})
	rates := lambdacache.New("rates", func(context.Context) (string, error) {
		close(loaded)
		return "1 EUR = 1.08 USD", nil
	})
	stopped := make(chan struct{})
	go func() { lambdacache.KeepFresh(ctx, rates); close(stopped) }()

	<-loaded
	fmt.Println(rates.Get(ctx))
	stop() // when the server shuts down
	<-stopped
	// Output: 1 EUR = 1.08 USD <nil>
}
