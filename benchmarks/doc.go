// Package benchmarks compares whole refreshes, cold starts and more with the same
// things done by hand and by other libraries, in turn, because on a shared machine only
// the ratios of one run mean anything. docs/performance.md has what was measured;
// cmd/bench-peers measures it. What a hit costs is also measured beside its floor in
// the root module. This module is never released.
package benchmarks
