package ssmcache_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestTwentyFiveParametersAreThreeCalls(t *testing.T) {
	l := newLab(t)
	entries, list := l.parameters(25, l.SSM.PutSecure)
	gate := l.Hold("GetParameters")
	result := make(chan error, 1)
	go func() { result <- lambdacache.Prefetch(t.Context(), list...) }()
	gate.Wait(3) // side by side
	gate.Release()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	var sizes []int
	asked := make(map[string]int)
	for _, r := range l.Requests() {
		sizes = append(sizes, len(r.Keys))
		for _, k := range r.Keys {
			asked[k]++
		}
	}
	slices.Sort(sizes)
	if !slices.Equal(sizes, []int{5, 10, 10}) || len(asked) != 25 {
		t.Errorf("calls of %v names, %d different ones", sizes, len(asked))
	}
	want(t, "connections", l.Connections(), 3)
	for _, e := range entries {
		want(t, e.Name(), get(t, e), "value of /app/"+e.Name())
	}
	want(t, "calls", l.Calls(""), 3)

	l.due()
	l.prefetch(list...)
	want(t, "calls of a refresh", l.Calls(""), 6)
}

func TestOneParameterIsOneCall(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "value")
	e, again := ssmcache.Parameter[string]("/app/key"), ssmcache.Parameter[string]("/app/key", lambdacache.Name("again"))
	l.prefetch(e, again, e)
	want(t, "value", get(t, again), "value")
	want(t, "calls", l.Calls("GetParameters"), 1)
	want(t, "all calls", l.Calls(""), 1)
}

// Connections are kept from one refresh to the next, but none that has been idle for
// ten seconds: the service may have hung up while the environment was frozen.
func TestWarmRefreshOpensNoConnection(t *testing.T) {
	l := newLab(t)
	_, list := l.parameters(25, l.SSM.Put, lambdacache.MaxAge(5*time.Second))
	load := func() {
		t.Helper()
		gate := l.Hold("GetParameters") // three calls need three connections
		result := make(chan error, 1)
		go func() { result <- lambdacache.Prefetch(t.Context(), list...) }()
		gate.Wait(3)
		gate.Release()
		if err := <-result; err != nil {
			t.Fatal(err)
		}
	}
	load()
	want(t, "connections of the first load", l.Connections(), 3)
	l.ResetCounts()
	for range 3 {
		l.clock.Advance(5 * time.Second)
		load()
	}
	want(t, "calls of three refreshes", l.Calls(""), 9)
	want(t, "connections of three refreshes", l.Connections(), 0)

	l.clock.Advance(10 * time.Second)
	load()
	want(t, "connections after a long pause", l.Connections(), 3)
}

// A handler finds every value, and what is due is loaded before it runs.
func TestWrappedHandler(t *testing.T) {
	l := newLab(t)
	entries, list := l.parameters(12, l.SSM.Put)
	read := reading(entries[3], list...)
	want(t, "first", read(t), "value of /app/p03")
	l.SSM.Put("/app/p03", "changed")
	want(t, "fresh", read(t), "value of /app/p03")
	want(t, "calls", l.Calls(""), 2)
	l.due()
	want(t, "after the max age", read(t), "changed")
	want(t, "version", entries[3].Version(), "2")
	want(t, "calls", l.Calls(""), 4)
}
