package dynamocache_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/dynamocache"
)

func tenantKey(id string) dynamocache.PrimaryKey { return dynamocache.Key("pk", id) }

func TestFamily(t *testing.T) {
	l := newLab(t)
	l.table("family")
	type item struct {
		V string `dynamodbav:"v"`
	}
	var keys []string
	for i := range 150 {
		keys = append(keys, fmt.Sprint("t", i))
		l.put("family", keys[i], keys[i])
	}
	tenants := dynamocache.Family[item]("family", tenantKey, dynamocache.Consistent())
	if err := tenants.Prefetch(t.Context(), keys...); err != nil {
		t.Fatal(err)
	}
	want(t, "calls", l.Calls("BatchGetItem"), 2)
	for _, k := range keys {
		if i, err := tenants.Get(t.Context(), k); err != nil || i.V != k {
			t.Error(i, err)
		}
	}
	// A program would panic for such a key at its start; here it is somebody's input.
	long := strings.Repeat("k", 3000)
	_, err := tenants.Get(t.Context(), long)
	wantError(t, err, `load "dynamodb" from dynamodb `+long+`: attribute "pk": the value has more than 2048 bytes`)
	_, err = dynamocache.Family[item]("family", func(string) (none dynamocache.PrimaryKey) { return none }).Get(t.Context(), "x")
	wantError(t, err, "the key is empty: write dynamocache.Key")
	wantPanic(t, "the function's own", func() {
		_, _ = dynamocache.Family[item]("family", func(string) dynamocache.PrimaryKey { panic("the function's own") }).Get(t.Context(), "x")
	})
	wantPanic(t, `lambdacache: dynamocache.Family("family"): the function for the keys is nil`, func() { dynamocache.Family[item, string]("family", nil) })
	wantPanic(t, `lambdacache: dynamocache.Family(""): the name is empty: write the table's name or ARN`, func() { dynamocache.Family[item]("", tenantKey) })
}
