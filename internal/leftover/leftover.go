// Package leftover is for the TestMain of packages of this module: no test may leave a
// goroutine of ours running.
package leftover

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests and exits, with a failure if something of ours runs on when all
// have ended.
//
//	func TestMain(m *testing.M) { leftover.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if left := Goroutines(); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "still running after all tests:\n\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// patience is for goroutines that are about to end: so many looks, a millisecond apart.
const patience = 1000

// Goroutines gives the stacks of goroutines with a frame of this module, but for the
// one that asks, after it has let them run for a while; "" for none.
func Goroutines() (left string) {
	room := make([]byte, 1<<20)
	for range patience {
		all := room[:runtime.Stack(room, true)]
		_, others, _ := strings.Cut(string(all), "\n\n") // its own stack comes first
		left = ""
		for stack := range strings.SplitSeq(others, "\n\n") {
			if strings.Contains(stack, "lambda-cache/lambdacache") && !kept(stack) {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			break
		}
		<-time.After(time.Millisecond)
	}
	return left
}

// kept reports whether a goroutine is net/http's, waiting on a connection that is kept
// for the next request, whose transport outlives its test; or the one that runs Main.
func kept(stack string) bool {
	return strings.Contains(stack, "net/http.(*persistConn)") || strings.Contains(stack, "leftover.Main(")
}
