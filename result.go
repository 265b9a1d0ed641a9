package lambdacache

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// String tells everything of a result but its value: a source's log must not hold it.
func (r Result[R]) String() string {
	parts := []string{redacted}
	if r.Version != "" {
		parts = append(parts, "version "+strconv.Quote(r.Version))
	}
	if r.Unchanged {
		parts = append(parts, "unchanged")
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"age", r.Age}, {"within", r.Within}, {"not before", r.NotBefore}} {
		if d.d != 0 {
			parts = append(parts, d.name+" "+d.d.String())
		}
	}
	if r.Err != nil {
		parts = append(parts, "error "+r.Err.Error())
	}
	return "lambdacache.Result(" + strings.Join(parts, ", ") + ")"
}

// Format prints what String gives, for every verb.
func (r Result[R]) Format(f fmt.State, _ rune) { fmt.Fprint(f, r.String()) }

// LogValue gives what String gives.
func (r Result[R]) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON refuses: a log would hold the value. Who wants to store a result encodes
// its fields.
func (r Result[R]) MarshalJSON() ([]byte, error) {
	return nil, errors.New("lambdacache: a Result is not encoded as JSON, because it holds a value: encode its fields")
}
