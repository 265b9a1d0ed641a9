package dynamocache_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
)

func TestItemsOfManyTablesShareCalls(t *testing.T) {
	l := newLab(t)
	var all []lambdacache.Cached
	var entries []*lambdacache.Entry[value]
	for i := range 5 {
		table := fmt.Sprint("table", i)
		l.table(table)
		some, list := l.items(table, 50)
		entries, all = append(entries, some...), append(all, list...)
	}
	gate := l.Hold("BatchGetItem")
	result := make(chan error, 1)
	go func() { result <- lambdacache.Prefetch(t.Context(), all...) }()
	gate.Wait(3) // side by side
	gate.Release()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	asked := make(map[string]int)
	for _, r := range l.Requests() {
		if len(r.Keys) > 100 {
			t.Errorf("a call for %d keys", len(r.Keys))
		}
		for _, k := range r.Keys {
			asked[k]++
		}
	}
	want(t, "different keys", len(asked), 250)
	want(t, "calls", l.Calls("BatchGetItem"), 3)
	for _, e := range entries {
		want(t, e.Name(), get(t, e).V, "value of "+e.Name())
	}
	want(t, "all calls", l.Calls(""), 3)
}

func TestAHundredItemsAreOneCall(t *testing.T) {
	l := newLab(t)
	l.table("t")
	_, list := l.items("t", 100)
	l.prefetch(list...)
	want(t, "calls", l.Calls(""), 1)
}

func TestOneItemIsGetItem(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.put("t", "a", "x")
	a, again := item("t", "a"), item("t", "a", lambdacache.Name("again"))
	l.prefetch(a, again, a)
	want(t, "value", get(t, again).V, "x")
	want(t, "calls", strings.Join(l.asked(), "; "), "GetItem t?pk=a")
}

// The same item is asked for once, however its key is written.
func TestOneItemHasOneKey(t *testing.T) {
	l := newLab(t)
	l.Dynamo.CreateTable("t", "pk", "sk:N")
	l.Dynamo.Put("t", map[string]any{"pk": "a", "sk": 7, "V": "x"})
	l.Dynamo.Put("t", map[string]any{"pk": "a", "sk": 8, "V": "y"})
	type name string
	list := []lambdacache.Cached{dynamocache.Item[value]("t", dynamocache.Key("pk", "a", "sk", 8))}
	for _, key := range []dynamocache.PrimaryKey{
		dynamocache.Key("pk", "a", "sk", 7), dynamocache.Key("sk", 7.0, "pk", "a"), dynamocache.Key("pk", name("a"), "sk", uint8(7)),
	} {
		list = append(list, dynamocache.Item[value]("t", key))
	}
	l.prefetch(list...)
	want(t, "calls", strings.Join(l.asked(), "; "), "BatchGetItem t?pk=a&sk=7,t?pk=a&sk=8")
}

// In one BatchGetItem all items of a table are read the same way, so there are two.
func TestConsistentReadsAreCallsOfTheirOwn(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.put("t", "a", "x")
	l.put("t", "b", "y")
	a, b := item("t", "a"), item("t", "b")
	ca, cb := item("t", "a", dynamocache.Consistent()), item("t", "b", dynamocache.Consistent(), lambdacache.Name("consistent b"))
	l.prefetch(a, ca, b, cb)
	asked := l.asked()
	want(t, "calls", strings.Join(asked, "; "), "BatchGetItem t?pk=a,t?pk=b; BatchGetItem t?pk=a,t?pk=b")
	l.put("t", "a", "changed")
	if _, err := ca.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "consistent", get(t, ca).V, "changed")
	want(t, "the other", get(t, a).V, "x")

	l.Dynamo.DeleteTable("t")
	_, err := ca.Refresh(t.Context())
	wantError(t, err, `load "a" from dynamodb t?pk=a&consistent: `)
}

// What a busy table leaves over is asked for again within the same load.
func TestUnprocessedKeys(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.table("u")
	entries, list := l.items("t", 10)
	more, others := l.items("u", 5)
	list = append(list, others...)
	l.Dynamo.ProcessAtMost(4)
	l.prefetch(list...)
	for _, e := range slices.Concat(entries, more) {
		want(t, e.Name(), get(t, e).V, "value of "+e.Name())
	}
	var sizes []int
	for _, r := range l.Requests() {
		sizes = append(sizes, len(r.Keys))
	}
	if !slices.Equal(sizes, []int{15, 11, 7, 3}) {
		t.Errorf("calls of %v keys", sizes)
	}
	reported := 0
	for _, e := range l.of(lambdacache.EventLoaded) {
		reported += e.Calls
	}
	want(t, "reported calls", reported, 4)
}

func TestAnItemThatIsNotThere(t *testing.T) {
	l := newLab(t)
	l.table("t")
	l.put("t", "there", "x")
	there, missing := item("t", "there"), item("t", "missing")
	err := lambdacache.Prefetch(t.Context(), there, missing)
	want(t, "error", err.Error(), `lambdacache: load "missing" from dynamodb t?pk=missing: the table has no item with this key`)
	want(t, "ErrNotFound", errors.Is(err, lambdacache.ErrNotFound), true)
	want(t, "calls", strings.Join(l.asked(), "; "), "BatchGetItem t?pk=missing,t?pk=there")
	want(t, "neighbour", get(t, there).V, "x")
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
	fails(t, missing, "no item with this key")
	want(t, "alone", l.Calls("GetItem"), 1)
}

// A missing table, and a key that is not as the schema says, fail a call for others as
// well; they are asked for alone from then on.
func TestOneBadKeyOfSeveral(t *testing.T) {
	for name, test := range map[string]struct {
		bad  func() *lambdacache.Entry[value]
		is   error
		text string
		mend func(*lab)
	}{
		"no table": {
			func() *lambdacache.Entry[value] { return item("nowhere", "a") }, lambdacache.ErrNotFound,
			`load "a" from dynamodb nowhere?pk=a: GetItem: ResourceNotFoundException: Requested resource not found; request id `,
			func(l *lab) { l.table("nowhere"); l.put("nowhere", "a", "mended") },
		},
		"a number for a string": {
			func() *lambdacache.Entry[value] { return dynamocache.Item[value]("t", dynamocache.Key("pk", 7)) }, nil,
			`load "7" from dynamodb t?pk=7: GetItem: ValidationException: The provided key element does not match the schema; request id `,
			func(l *lab) {
				l.Dynamo.DeleteTable("t")
				l.Dynamo.CreateTable("t", "pk:N")
				l.Dynamo.Put("t", map[string]any{"pk": 7, "V": "mended"})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.table("t")
			entries, list := l.items("t", 4)
			bad := test.bad()
			for range 2 {
				err := lambdacache.Prefetch(t.Context(), append(list, bad)...)
				wantError(t, err, test.text)
				failed, _ := errors.AsType[*lambdacache.LoadError](err)
				want(t, "failures", len(failed.Failures), 1)
				if test.is != nil {
					want(t, "kind", errors.Is(err, test.is), true)
				}
				for _, e := range entries {
					want(t, e.Name(), get(t, e).V, "value of "+e.Name())
				}
				l.due()
			}
			// The batch and five alone, then the batch beside the culprit.
			want(t, "batches", l.Calls("BatchGetItem"), 2)
			want(t, "alone", l.Calls("GetItem"), 6)
			want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 1)
			test.mend(l)
			want(t, "mended", get(t, bad).V, "mended")
		})
	}
}

func TestAThrottledTable(t *testing.T) {
	l := newLab(t)
	l.table("t")
	entries, list := l.items("t", 3)
	l.Fail(cachetest.Fault{Operation: "BatchGetItem", Times: 2, Do: cachetest.Throttle()})
	l.prefetch(list...)
	want(t, "calls", l.Calls("BatchGetItem"), 3)
	l.due()
	l.Dynamo.ProcessAtMost(0)
	err := lambdacache.Prefetch(t.Context(), list...)
	wantError(t, err, "ProvisionedThroughputExceededException", "3 attempts")
	want(t, "ErrThrottled", errors.Is(err, lambdacache.ErrThrottled), true)
	want(t, "calls", l.Calls(""), 6)
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
	l.Dynamo.ProcessAtMost(100)
	want(t, "healed", get(t, entries[0]).V, "value of p00")
}
