// Package guest is what the functions under test share with the tests that run them.
package guest

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/flight"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Marker is a part of every value that a source holds. The functions answer with
// generations, never with values, so nothing that leaves one may contain four bytes of
// it in a row.
const Marker = "hU7qTz2~kX9w"

// Value is the value that a source holds in the given generation.
func Value(generation int) string { return Marker + "-" + strconv.Itoa(generation) }

// Generation is that of a value, -1 for anything else.
func Generation(value string) int {
	digits, ok := strings.CutPrefix(value, Marker+"-")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return -1
	}
	return n
}

// The variables that tell a function what a test wants of it.
const (
	MaxAgeVariable  = "E2E_MAX_AGE" // of its entries; 60 s without it
	ModeVariable    = "E2E_MODE"    // what else it should do
	PatientVariable = "E2E_PATIENT" // anything: only what hangs meets a limit of the library's own
)

func init() { // before an entry takes its limits
	if os.Getenv(PatientVariable) != "" {
		testhook.Patient()
	}
}

// MaxAge is that of the function's entries.
func MaxAge() lambdacache.Option {
	text := os.Getenv(MaxAgeVariable)
	if text == "" {
		return lambdacache.MaxAge(lambdacache.DefaultMaxAge)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return lambdacache.MaxAge(d)
}

// LogEvents logs every event with all that fmt finds in it.
func LogEvents() {
	lambdacache.Observe(func(e lambdacache.Event) { log.Printf("event: %+v err=%v", e, e.Err) })
}

// Running is what the library has running in this process.
type Running struct {
	Flights    int // loads whose work has not returned
	Goroutines int // with a frame of the library, but for the one that asks
	All        int // goroutines of the process
}

// Idle waits until nothing of the library runs, or ctx is done, and gives what runs
// then. On Managed Instances the goroutine of a load may end after the invocation
// that waited for the load.
func Idle(ctx context.Context) Running {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		now := CountRunning()
		if now.Flights == 0 && now.Goroutines == 0 {
			return now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return now
		}
	}
}

// CountRunning tells what runs at this moment.
func CountRunning() Running {
	stacks := make([]byte, 1<<20)
	for n := runtime.Stack(stacks, true); ; n = runtime.Stack(stacks, true) {
		if n < len(stacks) {
			stacks = stacks[:n]
			break
		}
		stacks = make([]byte, 2*len(stacks))
	}
	ours := 0
	all := strings.Split(string(stacks), "\n\n")
	for _, stack := range all[1:] { // the first is the one that asks
		if runsLibrary(stack) {
			ours++
		}
	}
	return Running{Flights: Flights(), Goroutines: ours, All: len(all)}
}

// Flights is the number of loads whose work has not returned.
func Flights() int { return flight.Running() }

const library = "github.com/lambda-cache/lambdacache"

// runsLibrary reports whether a frame of a stack is the library's: a line such as
// "….lambdacache/internal/flight.Go.func1()". The goroutine of another handler that
// waits inside Wrap counts as well; one of net/http that waits on a connection kept
// for the next request does not.
func runsLibrary(stack string) bool {
	if strings.Contains(stack, "net/http.(*persistConn).readLoop") {
		return false
	}
	for line := range strings.Lines(stack) {
		frame := strings.TrimPrefix(line, "created by ")
		if strings.HasPrefix(frame, library) && !strings.HasPrefix(frame, library+"/e2e") {
			return true
		}
	}
	return false
}

// ReadGeneration is that of the first line of a file.
func ReadGeneration(path string) (int, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read the file of an entry: %w", err)
	}
	line, _, _ := strings.Cut(string(body), "\n")
	return Generation(line), nil
}
