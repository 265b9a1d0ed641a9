//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/lambdahost"
)

func TestTotals(t *testing.T) {
	var with totals
	with.add(outcome{services: []string{"ssm", "s3"}, took: 50 * time.Millisecond})
	with.add(outcome{took: 3 * time.Millisecond})
	with.add(outcome{took: time.Millisecond})
	with.add(outcome{took: 2 * time.Millisecond})
	with.add(outcome{services: []string{"ssm"}, took: 44 * time.Millisecond, err: &lambdahost.FunctionError{}})
	if with.invocations != 5 || with.calls != 3 || with.waited != 100*time.Millisecond || median(with.hits) != 2*time.Millisecond {
		t.Errorf("%+v", with)
	}
	var without totals
	for _, took := range []time.Duration{210, 200, 190, 200, 200} {
		without.add(outcome{services: make([]string, 4), took: took * time.Millisecond})
	}
	got := shown(&screen{}, func(s *screen) { s.summary(with, without) })
	equal(t, "summary", got, `
     5 invocations                  with the cache        without
     calls to AWS                                3             20     6.7 ×
     time to answer, sum                  100.0 ms      1000.0 ms      10 ×
     time to answer, hit (median)           2.0 ms       200.0 ms     100 ×
     Without: examples/demo/plain gives the same answers by four calls, one after the other. It has just
     gone through the same scenes on a fake AWS of its own; a hit is compared with its median invocation.
`)
}

func TestMedian(t *testing.T) {
	for want, times := range map[time.Duration][]time.Duration{0: nil, 1: {1}, 2: {3, 2, 1}} {
		if got := median(times); got != want {
			t.Errorf("median of %v: %v", times, got)
		}
	}
}

func TestRatio(t *testing.T) {
	for want, pair := range map[string][2]int{"": {1, 0}, "1.0 ×": {1, 1}, "2.5 ×": {5, 2}, "10 ×": {20, 2}, "333 ×": {1000, 3}} {
		equal(t, "ratio", ratio(pair[0], pair[1]), want)
	}
}
