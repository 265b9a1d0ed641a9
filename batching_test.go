package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

func TestDueEntriesShareCalls(t *testing.T) {
	guest := newTimes(t)
	keys, values := many(25)
	s := newScripted(10, values)
	o := lc.NewOrigin("scripted", s)
	entries := declareAll(o, keys)
	entries = append(entries, declareAll(o, keys)...) // the same keys again
	h := lc.Wrap(func(context.Context, int) (int, error) { return 1, nil }, entries...)
	must(h(context.Background(), 0))(t)
	calls := s.took()
	want(t, "calls", len(calls), 3)
	all := slices.Sorted(slices.Values(slices.Concat(calls...)))
	want(t, "keys asked", strings.Join(all, " "), strings.Join(keys, " "))

	guest.both(time.Minute)
	must(h(context.Background(), 0))(t)
	want(t, "calls of a refresh", len(s.took()), 3)
}

func TestCallsRunSideBySide(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(25)
		s, s2 := newScripted(10, values), newScripted(1, values)
		s.gate, s2.gate = make(chan struct{}), make(chan struct{})
		entries := append(declareAll(lc.NewOrigin("a", s), keys), declareAll(lc.NewOrigin("b", s2), keys[:2])...)
		go func() { _ = lc.Prefetch(t.Context(), entries...) }()
		synctest.Wait()
		want(t, "calls waiting for an answer", len(s.took())+len(s2.took()), 5)
		close(s.gate)
		close(s2.gate)
	})
}

var errAccess = errors.New("AccessDeniedException")

// denying fails every call that has one of the keys in it.
func denying(culprits ...string) func([]string) error {
	return func(keys []string) error {
		for _, c := range culprits {
			if slices.Contains(keys, c) {
				return lc.Blame(lc.Denied(errAccess, "svc:GetMany", "arn:"+c))
			}
		}
		return nil
	}
}

func TestOneDeniedKeyOfTen(t *testing.T) {
	guest := newTimes(t)
	events := observe(t)
	keys, values := many(10)
	s := newScripted(10, values)
	s.fail = denying("/app/k03")
	o := lc.NewOrigin("scripted", s)
	var entries []*lc.Entry[string]
	var list []lc.Cached
	for _, k := range keys {
		e := declare(o, k)
		entries, list = append(entries, e), append(list, e)
	}
	err := lc.Prefetch(context.Background(), list...)
	want(t, "calls", len(s.took()), 11)
	var failed *lc.LoadError
	if !errors.As(err, &failed) || len(failed.Failures) != 1 {
		t.Fatal(err)
	}
	wantError(t, err, `lambdacache: load "k03" from scripted /app/k03: AccessDeniedException; allow svc:GetMany on arn:/app/k03`)
	want(t, "is denied", errors.Is(err, lc.ErrDenied), true)
	want(t, "cause reachable", errors.Is(err, errAccess), true)
	for i, e := range entries {
		if _, err := e.Get(context.Background()); (err != nil) != (i == 3) {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
	want(t, "calls of Get: the culprit's only", sorted(s.took()), "/app/k03")

	guest.both(time.Minute)
	_ = lc.Prefetch(context.Background(), list...)
	want(t, "calls from then on", len(s.took()), 2)
	want(t, "isolated", events.count(lc.EventIsolated), 1)

	s.failing(nil) // granted: it rejoins its neighbours
	guest.both(time.Minute)
	must(0, lc.Prefetch(context.Background(), list...))(t)
	s.took()
	guest.both(time.Minute)
	must(0, lc.Prefetch(context.Background(), list...))(t)
	want(t, "calls after the grant", len(s.took()), 1)
}

// A handler that does not use the denied key does not notice it.
func TestOthersAreNotSpoiled(t *testing.T) {
	keys, values := many(10)
	s := newScripted(10, values)
	s.fail = denying("/app/k03")
	entries := declareAll(lc.NewOrigin("scripted", s), keys)
	if err := lc.Prefetch(context.Background(), entries...); err == nil {
		t.Fatal("no error for the denied key")
	}
	s.took()
	h := lc.Wrap(func(context.Context, int) (int, error) { return 1, nil }, slices.Delete(slices.Clone(entries), 3, 4)...)
	must(h(context.Background(), 0))(t)
	want(t, "calls", len(s.took()), 0)
}

// Neighbours that succeed alone go on before the culprit has an answer.
func TestCulpritKeepsNobodyWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys, values := many(3)
		s := newScripted(10, values)
		deny := denying(keys[0])
		slow := make(chan struct{})
		s.fail = func(keys []string) error {
			err := deny(keys)
			if err != nil && len(keys) == 1 {
				<-slow
			}
			return err
		}
		o := lc.NewOrigin("scripted", s)
		a, b := declare(o, keys[0]), declare(o, keys[1])
		go func() { _ = lc.Prefetch(t.Context(), a, b) }()
		synctest.Wait()
		want(t, "neighbour", must(b.Get(t.Context()))(t), values[keys[1]])
		want(t, "calls", len(s.took()), 3)
		close(slow)
	})
}

func TestBatchNotPermittedFallsBack(t *testing.T) {
	for _, test := range []struct {
		name  string
		mark  func(error) error
		calls int // of the first load
	}{
		{"as the source can tell", lc.BatchDenied, 1 + 10},
		{"as every key denied alone tells", lc.Blame, 1 + 10 + 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			guest := newTimes(t)
			events := observe(t)
			keys, values := many(10)
			s := &single{newScripted(10, values), func(string) error { return nil }}
			s.fail = func([]string) error { return test.mark(lc.Denied(errAccess, "svc:GetMany", "*")) }
			entries := declareAll(lc.NewOrigin[string]("scripted", s), keys)
			must(0, lc.Prefetch(context.Background(), entries...))(t)
			want(t, "calls", len(s.took()), test.calls)
			for range 2 {
				guest.both(time.Minute)
				must(0, lc.Prefetch(context.Background(), entries...))(t)
				calls := s.took()
				want(t, "calls from then on", len(calls), 10)
				want(t, "operation", calls[0][0], "one")
			}
			want(t, "reported", events.count(lc.EventFallback), 1)
			want(t, "isolated", events.count(lc.EventIsolated), 0)
			wantError(t, events.first(lc.EventFallback).Err, "allow svc:GetMany on *")
		})
	}
}

// A single key, too, is tried with the other operation, but only as long as the
// batched one has never worked, and once.
func TestSingleKeyWithoutThePermissionForBatches(t *testing.T) {
	guest := newTimes(t)
	s := &single{newScripted(10, map[string]string{"k": "v", "granted": "v"}), func(string) error { return nil }}
	s.fail = denying("k")
	must(declare(lc.NewOrigin[string]("scripted", s), "k").Get(context.Background()))(t)
	want(t, "calls", len(s.took()), 2)

	o := lc.NewOrigin[string]("scripted", s)
	must(declare(o, "granted").Get(context.Background()))(t)
	s.took()
	_, err := declare(o, "k").Get(context.Background())
	want(t, "denied", errors.Is(err, lc.ErrDenied), true)
	want(t, "calls where the batched operation has worked", len(s.took()), 1)

	s.one = func(string) error { return lc.Denied(errAccess, "svc:GetOne", "arn:k") }
	e := declare(lc.NewOrigin[string]("scripted", s), "k")
	for _, calls := range []int{2, 1, 1} {
		_, err := e.Get(context.Background())
		want(t, "denied", errors.Is(err, lc.ErrDenied), true)
		want(t, "calls where neither works", len(s.took()), calls)
		guest.both(time.Minute)
	}
}

// One suspect among several keys is asked for alone as well.
func TestOneSuspectOfABatch(t *testing.T) {
	keys, values := many(3)
	s := newScripted(10, values)
	s.tweak = func(r *lc.Result[string]) { // the batch says nothing of one of its keys
		if len(s.calls[len(s.calls)-1]) > 1 && r.Value == values[keys[1]] {
			*r = lc.Result[string]{Err: lc.Blame(errors.New("not mentioned"))}
		}
	}
	must(0, lc.Prefetch(context.Background(), declareAll(lc.NewOrigin("scripted", s), keys)...))(t)
	want(t, "calls", sorted(s.took()), "/app/k00+/app/k01+/app/k02 /app/k01")
}

// The batched operation is not permitted, nor is one of the keys.
func TestBatchAndOneKeyNotPermitted(t *testing.T) {
	guest := newTimes(t)
	keys, values := many(10)
	s := &single{newScripted(10, values), func(key string) error {
		if key == keys[7] {
			return lc.Denied(errAccess, "svc:GetOne", "arn:"+key)
		}
		return nil
	}}
	s.fail = func([]string) error { return lc.Blame(lc.Denied(errAccess, "svc:GetMany", "*")) }
	entries := declareAll(lc.NewOrigin[string]("scripted", s), keys)
	var failed *lc.LoadError
	for _, calls := range []int{1 + 10 + 10, 10, 10} {
		if err := lc.Prefetch(context.Background(), entries...); !errors.As(err, &failed) || len(failed.Failures) != 1 {
			t.Fatal(err)
		}
		want(t, "calls", len(s.took()), calls)
		guest.both(time.Minute)
	}
}

// A mark counts wherever the source's error has it.
func TestMarksInsideOfErrors(t *testing.T) {
	for name, err := range map[string]error{
		"classified": lc.NotFound(lc.Blame(errAccess)),
		"joined":     errors.Join(errors.New("one"), lc.Blame(errAccess), errors.New("two")),
		"wrapped":    fmt.Errorf("of a batch: %w", lc.Blame(errAccess)),
	} {
		keys, values := many(3)
		s := newScripted(10, values)
		s.fail = func(asked []string) error {
			if len(asked) > 1 {
				return err
			}
			return nil
		}
		must(0, lc.Prefetch(t.Context(), declareAll(lc.NewOrigin("scripted", s), keys)...))(t)
		want(t, "calls of "+name, len(s.took()), 1+3)
	}
}

func TestOtherFailuresAreNotSplit(t *testing.T) {
	keys, values := many(10)
	s := newScripted(10, values)
	s.fail = func([]string) error { return lc.Throttled(errors.New("ThrottlingException")) }
	err := lc.Prefetch(context.Background(), declareAll(lc.NewOrigin("scripted", s), keys)...)
	want(t, "calls", len(s.took()), 1)
	want(t, "is throttled", errors.Is(err, lc.ErrThrottled), true)
	wantError(t, err, "lambdacache: 10 entries could not be loaded:\n\tload \"k00\" from scripted /app/k00: ThrottlingException\n\t")
}

// What the source of an entry says of a key is for that entry's load: a function that reads
// the entry has failed, once.
func TestWhatAnotherSourceSaysIsSettled(t *testing.T) {
	for name, err := range map[string]error{
		"left over": lc.ErrLeftOver, "blamed": lc.Blame(errors.New("x")), "batch denied": lc.BatchDenied(errors.New("x")),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				inner := newScripted(10, map[string]string{"k": "v"})
				inner.tweak = func(r *lc.Result[string]) { r.Err = err }
				read := declare(lc.NewOrigin("inner", inner), "k", lc.LoadTimeout(time.Second))
				outer := &single{newScripted(10, nil), func(string) error { return errors.New("asked again") }}
				outer.fail = func([]string) error {
					_, err := read.Get(t.Context())
					return fmt.Errorf("wrapped: %w", err)
				}
				err := lc.Prefetch(t.Context(), declareAll(lc.NewOrigin[string]("outer", outer, lc.OriginLoadTimeout(time.Minute)), []string{"a", "b"})...)
				wantError(t, err, "wrapped: lambdacache: load \"k\" from inner")
				want(t, "calls", sorted(outer.took()), "a+b")
			})
		})
	}
}

func TestBadSources(t *testing.T) {
	for _, test := range []struct {
		name string
		load loader
		text string
	}{
		{"too few answers", func(context.Context, []lc.Request) []lc.Result[string] { return nil }, "the source gave 0 answers to 1 requests"},
		{"unchanged from nothing", func(context.Context, []lc.Request) []lc.Result[string] { return []lc.Result[string]{{Unchanged: true}} }, "the source answered Unchanged to a request that held no version"},
		{"panic with a value", func(context.Context, []lc.Request) []lc.Result[string] { panic("s3cret") }, "the source panicked with a string"},
		{"panic of the runtime", func(_ context.Context, r []lc.Request) []lc.Result[string] { _ = r[len(r)]; return nil }, "the source panicked: runtime error: index out of range"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := declare(lc.NewOrigin[string]("bad", test.load), "k").Get(context.Background())
			wantError(t, err, test.text)
			if strings.Contains(err.Error(), "s3cret") {
				t.Error("the error has the panic's text")
			}
		})
	}
}

type loader func(context.Context, []lc.Request) []lc.Result[string]

func (f loader) Load(ctx context.Context, r []lc.Request) []lc.Result[string] { return f(ctx, r) }

func TestGoexitInALoad(t *testing.T) {
	o := lc.NewOrigin[string]("func", loader(func(context.Context, []lc.Request) []lc.Result[string] {
		runtime.Goexit() // as t.FailNow in a test's own function does
		return nil
	}))
	_, err := declare(o, "k").Get(context.Background())
	wantError(t, err, "goroutine ended without an answer")
}
