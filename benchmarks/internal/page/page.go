// Package page makes docs/performance.md.
package page

import "fmt"

func Update(results, docs string) error { return nil }
func Duration(ns float64) string        { return fmt.Sprint(ns) }
