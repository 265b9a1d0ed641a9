package dynamocache_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

const (
	getItem      = "dynamodb:GetItem"
	batchGetItem = "dynamodb:BatchGetItem"
)

// round loads what is due after it was made due, and counts the calls.
func (l *lab) round(list ...lambdacache.Cached) (batches, singles int, err error) {
	l.due()
	l.ResetCounts()
	err = lambdacache.Prefetch(l.t.Context(), list...)
	return l.Calls("BatchGetItem"), l.Calls("GetItem"), err
}

// Where BatchGetItem is not permitted at all, items are read one by one: then and from
// then on. It is told once, with what to grant.
func TestBatchThatIsNotPermitted(t *testing.T) {
	l := newLab(t)
	l.table("t")
	entries, list := l.items("t", 5)
	l.Deny(batchGetItem, "")
	l.prefetch(list...)
	for _, e := range entries {
		want(t, e.Name(), get(t, e).V, "value of "+e.Name())
	}
	told := l.of(lambdacache.EventFallback)
	want(t, "events", len(told), 1)
	wantError(t, told[0].Err, "BatchGetItem: AccessDeniedException", "allow dynamodb:BatchGetItem on arn:aws:dynamodb:*:*:table/t")
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)

	batches, singles, err := l.round(list...)
	want(t, "second round", err, nil)
	want(t, "batches of the second round", batches, 1) // to see whether it is permitted by now
	want(t, "single calls of the second round", singles, 5)
	for range 2 {
		batches, singles, err = l.round(list...)
		want(t, "later", err, nil)
		want(t, "batches later", batches, 0)
		want(t, "single calls later", singles, 5)
	}
	want(t, "events", len(l.of(lambdacache.EventFallback)), 1)
}

// Nor is it once it was permitted, and is not any more.
func TestBatchThatIsNotPermittedAnyMore(t *testing.T) {
	l := newLab(t)
	l.table("t")
	_, list := l.items("t", 5)
	l.prefetch(list...)
	l.Deny(batchGetItem, "")
	for range 3 {
		_, _, err := l.round(list...)
		want(t, "error", err, nil)
	}
	for range 2 {
		batches, singles, err := l.round(list...)
		want(t, "error", err, nil)
		want(t, "batches later", batches, 0)
		want(t, "single calls later", singles, 5)
	}
	want(t, "events", len(l.of(lambdacache.EventFallback)), 1)
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
}

// The calls that are reported are those that were made.
func TestCallsOfARefusedBatchAreCounted(t *testing.T) {
	l := newLab(t)
	l.table("t")
	_, list := l.items("t", 5)
	l.Deny(batchGetItem, "")
	for range 3 {
		l.due()
		l.prefetch(list...)
	}
	want(t, "reported", l.reported(), l.Calls(""))
}

// reported is how many calls the events have told of.
func (l *lab) reported() (calls int) {
	for _, kind := range []lambdacache.EventKind{lambdacache.EventLoaded, lambdacache.EventUnchanged} {
		for _, e := range l.of(kind) {
			calls += e.Calls
		}
	}
	return calls
}

// Policies differ by table: one table that refuses the batch costs the others nothing.
func TestBatchThatIsNotPermittedOnOneTable(t *testing.T) {
	l := newLab(t)
	l.table("good")
	l.table("bad")
	_, list := l.items("good", 6)
	_, others := l.items("bad", 2)
	list = append(list, others...)
	l.Deny(batchGetItem, "bad")
	l.prefetch(list...)
	told := l.of(lambdacache.EventFallback)
	want(t, "events", len(told), 1)
	wantError(t, told[0].Err, "allow dynamodb:BatchGetItem on arn:aws:dynamodb:*:*:table/bad")
	for range 3 {
		batches, singles, err := l.round(list...)
		want(t, "error", err, nil)
		want(t, "batches", batches, 1)
		want(t, "single calls", singles, 2)
	}
	want(t, "events", len(l.of(lambdacache.EventFallback)), 1)
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
}

// Nor when its items are due without the others', as with another max age.
func TestBatchThatIsNotPermittedOnOneTableAlone(t *testing.T) {
	l := newLab(t)
	l.table("good")
	l.table("bad")
	_, list := l.items("good", 6)
	_, others := l.items("bad", 2)
	l.Deny(batchGetItem, "bad")
	l.prefetch(append(list, others...)...)
	for i, asked := range []int{1, 0, 0} { // once, to see whether it is permitted by now
		before := l.reported()
		batches, singles, err := l.round(others...)
		want(t, "error", err, nil)
		want(t, fmt.Sprint(i, " batches of the refused"), batches, asked)
		want(t, fmt.Sprint(i, " single calls of the refused"), singles, 2)
		want(t, fmt.Sprint(i, " calls reported"), l.reported()-before, asked+2)
		batches, singles, err = l.round(list...)
		want(t, "error", err, nil)
		want(t, fmt.Sprint(i, " batches of the others"), batches, 1)
		want(t, fmt.Sprint(i, " single calls of the others"), singles, 0)
	}
	want(t, "events", len(l.of(lambdacache.EventFallback)), 1)
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
}

// Granted while the function runs, a batch of that table alone is tried and used.
func TestBatchThatIsPermittedLater(t *testing.T) {
	l := newLab(t)
	l.table("good")
	l.table("bad")
	_, list := l.items("good", 3)
	_, others := l.items("bad", 3)
	l.Deny(batchGetItem, "bad")
	l.prefetch(append(list, others...)...)
	l.Allow(batchGetItem, "bad")
	batches, singles, err := l.round(others...)
	want(t, "error", err, nil)
	want(t, "batches", batches, 1)
	want(t, "single calls", singles, 0)
	batches, singles, err = l.round(append(list, others...)...)
	want(t, "error", err, nil)
	want(t, "batches", batches, 1)
	want(t, "single calls", singles, 0)
}

// A denied table or key fails alone; it is asked for alone from then on.
func TestDeniedItems(t *testing.T) {
	for name, resource := range map[string]string{"a table": "bad", "a key": "bad?pk=p00"} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.table("good")
			l.table("bad")
			_, list := l.items("good", 4)
			_, others := l.items("bad", 1)
			list = append(list, others...)
			l.Deny(getItem, resource)
			l.Deny(batchGetItem, resource)
			_, _, err := l.round(list...)
			wantError(t, err, `load "p00" from dynamodb bad?pk=p00: GetItem: AccessDeniedException: `, "; allow dynamodb:GetItem on arn:aws:dynamodb:*:*:table/bad")
			failed, _ := errors.AsType[*lambdacache.LoadError](err)
			want(t, "failures", len(failed.Failures), 1)
			want(t, "ErrDenied", errors.Is(err, lambdacache.ErrDenied), true)
			want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 1)
			want(t, "fallback", len(l.of(lambdacache.EventFallback)), 0)

			batches, _, err := l.round(list...)
			wantError(t, err, "AccessDeniedException")
			want(t, "failures", strings.Count(err.Error(), "AccessDeniedException"), 1)
			if batches > 2 { // of the others, and one that asks whether it is the key
				t.Errorf("%d batches", batches)
			}
			l.Allow(getItem, "")
			l.Allow(batchGetItem, "")
			for i, want := range [][2]int{{2, 0}, {1, 0}} { // alone once more, then with the others
				batches, singles, err := l.round(list...)
				if err != nil || batches != want[0] || singles != want[1] {
					t.Errorf("%d: %d batches, %d single calls, %v", i, batches, singles, err)
				}
			}
		})
	}
}

// With GetItem refused as well, the error is of what was tried last, and nothing is
// taken for a missing permission to batch.
func TestNothingIsPermitted(t *testing.T) {
	l := newLab(t)
	l.table("t")
	_, list := l.items("t", 3)
	l.Deny(getItem, "")
	l.Deny(batchGetItem, "")
	_, _, err := l.round(list...)
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	want(t, "failures", len(failed.Failures), 3)
	wantError(t, err, "allow dynamodb:GetItem on arn:aws:dynamodb:*:*:table/t")
	want(t, "fallback", len(l.of(lambdacache.EventFallback)), 0)
	l.Allow(getItem, "")
	l.Allow(batchGetItem, "")
	if _, _, err = l.round(list...); err != nil {
		t.Error(err)
	}
	batches, singles, err := l.round(list...)
	want(t, "error", err, nil)
	want(t, "batches", batches, 1)
	want(t, "single calls", singles, 0)
}
