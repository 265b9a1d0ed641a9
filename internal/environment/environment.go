// Package environment tells which kind of Lambda execution environment, if any,
// the process runs in.
package environment

import (
	"math/rand/v2"
	"os"
	"sync/atomic"
)

// Kind is a kind of environment.
type Kind int32

const (
	Elsewhere Kind = iota // not Lambda: a test, a container, a laptop
	Function              // frozen between invocations, one invocation at a time
	Managed               // Managed Instances: never frozen, many invocations at once
)

var kind atomic.Int32

func init() { kind.Store(int32(Detect(os.Getenv))) }

// Detect finds the kind by the variables Lambda sets. Managed Instances announce
// themselves by their initialization type; more than one invocation at a time is
// possible nowhere else.
func Detect(getenv func(string) string) Kind {
	switch n := getenv("AWS_LAMBDA_MAX_CONCURRENCY"); {
	case getenv("AWS_LAMBDA_RUNTIME_API") == "" && getenv("AWS_LAMBDA_FUNCTION_NAME") == "":
		return Elsewhere
	case getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "lambda-managed-instances", n != "" && n != "1":
		return Managed
	}
	return Function
}

// Freezes reports whether the environment stands still between invocations.
func Freezes() bool { return Kind(kind.Load()) == Function }

// NeverFreezes reports whether the environment is known never to stand still. Outside
// Lambda nothing is known: a test wants nothing left behind.
func NeverFreezes() bool { return Kind(kind.Load()) == Managed }

// HasHostDeadlines reports whether two deadlines are as far apart as their
// invocations: not on Managed Instances, where the timeout is each invocation's own,
// and not outside Lambda, where it is anybody's.
func HasHostDeadlines() bool { return Kind(kind.Load()) == Function }

// Replace makes the process believe in k until restore is called. For tests only.
func Replace(k Kind) (restore func()) {
	old := kind.Swap(int32(k))
	return func() { kind.Store(old) }
}

// draw is the one number that this environment has drawn.
var draw atomic.Pointer[float64]

func init() { ReplaceDraw(rand.Float64()) }

// Draw is a number from 0 up to but not 1 that tells this environment from the others of
// its fleet: it is drawn once for each process.
func Draw() float64 { return *draw.Load() }

// ReplaceDraw makes Draw give n until restore is called. For tests only.
func ReplaceDraw(n float64) (restore func()) {
	old := draw.Swap(&n)
	return func() { draw.Store(old) }
}
