// Package faults breaks what is between a source and its service in every way that
// docs/faults.md lists, with and without an old value, and writes that page.
package faults
