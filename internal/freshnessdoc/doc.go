// Package freshnessdoc proves docs/freshness.md: its tests let an entry live, find the
// ages at which what happens to it changes, and compare the page's table and drawing
// with that. go test ./internal/freshnessdoc -update writes them.
package freshnessdoc
