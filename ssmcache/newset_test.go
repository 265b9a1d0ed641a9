package ssmcache_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestNewSetForAFixedEntry(t *testing.T) {
	config := ssmcache.Parameters("config", []string{"/fixed/key", "/fixed/hosts"})
	ctx := cachetest.Context(t, cachetest.Fixed(config, ssmcache.NewSet(
		map[string]string{"key": "k"}, map[string][]string{"hosts": {"a", "b"}},
	)))
	set := config.Value(ctx)
	if got := fmt.Sprint(set.Text("key"), set.List("hosts"), set.IsList("hosts"), slices.Collect(set.Names())); got != "k[a b] true [hosts key]" {
		t.Error(got)
	}
}
