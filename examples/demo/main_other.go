//go:build !linux

// Demo runs the function of examples/quickstart in a local Lambda, which exists for
// Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "demo: the local Lambda runs on Linux only: it stops and continues processes as Linux does")
	os.Exit(1)
}
