// Package peer has the libraries that the benchmarks compare, each used as its
// documentation says to use it, in a file of its own.
package peer

import (
	"context"
	"fmt"
	"time"
)

// Names of measures: what one operation is.
const (
	Hit              = "hit"                     // one value out of memory
	Invoke1          = "invoke-1"                // one invocation that reads its 1 entry
	Invoke30         = "invoke-30"               // one invocation that reads its 30 entries
	RefreshParameter = "refresh-1-parameter"     // one parameter, for the dead connection
	Refresh30        = "refresh-30-parameters"   // all that a function has is due at once
	Refresh20        = "refresh-20-secrets"      //
	RefreshMix       = "refresh-20-and-10"       // 20 parameters and 10 secrets
	Stampede         = "stampede"                // 1,000 readers of one due entry
	Value1           = "value-1"                 // Value, the context 1 deep; and so on:
	Value3           = "value-3"                 // the rows of the aims, with …
	Wrap1            = "wrap-1"                  //
	Wrap30           = "wrap-30"                 //
	Optioned         = "-with-every-option"      // … this at the end for every option set
	HitWithValue     = Hit + "-in-an-invocation" // Value, where Hit is Get
)

// Peer is one library. It has a setup for each measure that makes sense for it.
type Peer struct {
	ID     string // for the command line of a child process
	Name   string // for the tables
	Module string // whose version is reported: a Go module or npm:package; empty for what is not a library
	Setups map[string]Setup
}

// Setup makes a measure ready in a process of its own: it reads the environment for
// where AWS is, and loads what a running function would already hold.
type Setup func(ctx context.Context) (Op, error)

// Op does the operation so often as the request says and checks what it got. The
// time is that of the operations alone.
type Op func(ctx context.Context, r Request) (time.Duration, error)

// Request is what one sample is.
type Request struct {
	N       int           `json:"n"`       // how many operations
	Want    string        `json:"want"`    // the value that each key has
	Readers int           `json:"readers"` // how many read at once in a [Stampede]
	Advance time.Duration `json:"advance"` // lets so much time pass before, on our age clock
}

// check is what stands between a measurement and a fast wrong answer.
func check(got, want string) error {
	if got != want {
		return fmt.Errorf("read %q, want %q", got, want)
	}
	return nil
}

// checkAll checks a whole refresh.
func checkAll(got map[string]string, keys []string, want string) error {
	if len(got) != len(keys) {
		return fmt.Errorf("%d values, want %d", len(got), len(keys))
	}
	for _, k := range keys {
		if err := check(got[k], want); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
	}
	return nil
}

// repeat is the measure of something that costs nanoseconds: read does it n times by
// a loop of its own, because calling a function for each would be most of the time,
// and gives what it read last.
func repeat(read func(n int) string) Op {
	return func(_ context.Context, r Request) (time.Duration, error) {
		start := time.Now()
		got := read(r.N)
		took := time.Since(start)
		return took, check(got, r.Want)
	}
}

// refreshing is the measure of a refresh. forget, which may be nil, makes everything
// due, outside of the time.
func refreshing(keys []string, forget func(), load func(context.Context) (map[string]string, error)) Op {
	return func(ctx context.Context, r Request) (time.Duration, error) {
		var total time.Duration
		for range r.N {
			if forget != nil {
				forget()
			}
			start := time.Now()
			got, err := load(ctx)
			total += time.Since(start)
			if err != nil {
				return 0, err
			}
			if err := checkAll(got, keys, r.Want); err != nil {
				return 0, err
			}
		}
		return total, nil
	}
}

// stampede is the measure of many readers of one due key: from the moment that all of
// them are let go until the last has its value.
func stampede(forget func(), read func(context.Context) (string, error)) Op {
	return func(ctx context.Context, r Request) (time.Duration, error) {
		var total time.Duration
		for range r.N {
			forget()
			took, err := together(ctx, r.Readers, func(int) error {
				got, err := read(ctx)
				if err != nil {
					return err
				}
				return check(got, r.Want)
			})
			if err != nil {
				return 0, err
			}
			total += took
		}
		return total, nil
	}
}
