//go:build linux

package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

const nameWidth = 30 // of the summary's first column

// totals is what the invocations of a function come to.
type totals struct {
	invocations int
	calls       int           // retries included
	waited      time.Duration // the sum of the times to an answer
	hits        []time.Duration
	others      []time.Duration // the times of invocations that made calls
}

func (t *totals) add(o outcome) {
	t.invocations++
	t.calls += len(o.services)
	t.waited += o.took
	if len(o.services) == 0 {
		t.hits = append(t.hits, o.took)
	} else {
		t.others = append(t.others, o.took)
	}
}

// summary compares the function with one that went through the same without the cache.
func (s *screen) summary(with, without totals) {
	hit, uncached := median(with.hits), median(without.others)
	s.printf("\n     %-*s %14s %14s\n", nameWidth, strconv.Itoa(with.invocations)+" invocations", "with the cache", "without")
	s.row("calls to AWS", strconv.Itoa(with.calls), strconv.Itoa(without.calls), ratio(without.calls, with.calls))
	s.row("time to answer, sum", milliseconds(with.waited), milliseconds(without.waited), ratio(without.waited, with.waited))
	s.row("time to answer, hit (median)", milliseconds(hit), milliseconds(uncached), ratio(uncached, hit))
	s.note("Without: examples/demo/plain gives the same answers by four calls, one after the other. It has just")
	s.note("gone through the same scenes on a fake AWS of its own; a hit is compared with its median invocation.")
}

func (s *screen) row(name, with, without, ratio string) {
	s.printf("     %-*s %s %14s %9s\n", nameWidth, name, s.paint(green, fmt.Sprintf("%14s", with)), without, ratio)
}

// ratio says how often the second goes into the first.
func ratio[N int | time.Duration](a, b N) string {
	if b == 0 {
		return ""
	}
	decimals, r := 1, float64(a)/float64(b)
	if r >= 10 {
		decimals = 0
	}
	return fmt.Sprintf("%.*f ×", decimals, r)
}

// median is the middle of the times, 0 if there are none.
func median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
