package peer

import (
	"context"
	"fmt"
	"os"
)

// childFlag is the first argument of a child process; its peer and measure follow.
const childFlag = "-serve"

// ChildArgs are the arguments that make a program which calls [Child] first of all a
// child process.
func ChildArgs(id, measure string) []string { return []string{childFlag, id, measure} }

// Child is the whole life of a child process, and nothing in any other.
func Child() {
	if len(os.Args) != 4 || os.Args[1] != childFlag {
		return
	}
	if err := Serve(context.Background(), os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
