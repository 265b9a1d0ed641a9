// Package benchmarks measures whole refreshes and cold starts beside the same things
// written by hand, in pairs, because on a shared machine only the ratios of one run
// mean anything. What a hit costs is measured beside its floor in the root module.
// This module is never released.
package benchmarks
