package page

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

// us tells our own subjects.
func us(name string) bool { return strings.HasPrefix(name, "lambdacache") }

// Duration writes nanoseconds with three digits.
func Duration(ns float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= unit.size*0.9995 {
			return digits(ns/unit.size) + " " + unit.name
		}
	}
	return digits(ns) + " ns"
}

// digits writes v with three digits, two of them after the point at most.
func digits(v float64) string {
	switch {
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	case v < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	return group(int(math.Round(v)))
}

// group writes 12345 as 12,345.
func group(n int) string {
	s := fmt.Sprint(n)
	if len(s) <= 3 {
		return s
	}
	return group(n/1000) + "," + s[len(s)-3:]
}

// ratio is how far a subject is above its floor: the median of the ratios of the
// samples that were taken in the same round, which what drifts does not change.
func ratio(m *result.Measurement, s *result.Subject) float64 {
	floor := m.Find(s.Floor)
	if floor == nil || floor == s {
		return 1
	}
	var list []float64
	for i, ns := range s.NS {
		if i < len(floor.NS) && floor.NS[i] > 0 {
			list = append(list, ns/floor.NS[i])
		}
	}
	return result.Quantile(list, 0.5)
}

// times writes a ratio.
func times(r float64) string { return digits(r) + " ×" }

// counts writes what was counted: one number if it is mostly the same, else from the
// lower to the upper tenth.
func counts(list []int) string {
	if len(list) == 0 {
		return "–"
	}
	low, mid, high := result.Quantile(list, 0.1), result.Quantile(list, 0.5), result.Quantile(list, 0.9)
	if low == high {
		return group(mid)
	}
	return group(low) + " to " + group(high)
}

// megabytes writes bytes.
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// ranked are the subjects by their medians, the floor of all before them.
func ranked(m *result.Measurement) []*result.Subject {
	list := slices.Clone(m.Subjects)
	slices.SortStableFunc(list, func(a, b *result.Subject) int {
		switch fa, fb := a.Name == a.Floor, b.Name == b.Floor; {
		case fa != fb && fa:
			return -1
		case fa != fb:
			return 1
		case a.Median() < b.Median():
			return -1
		case a.Median() > b.Median():
			return 1
		}
		return 0
	})
	return list
}
