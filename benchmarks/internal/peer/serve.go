package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Reply is what a child process says of a request, and once of its setup.
type Reply struct {
	Took  time.Duration `json:"took"` // nanoseconds
	Error string        `json:"error,omitempty"`
}

// Serve is a child process: it makes one measure of one peer ready, says so, and
// answers each request on a line of r by a line on w until r ends. Each peer has a
// process of its own, as in Lambda, so that none feels another's goroutines, memory or
// Wraps.
func Serve(ctx context.Context, id, measure string, r io.Reader, w io.Writer) error {
	p, ok := Find(id)
	if !ok {
		return fmt.Errorf("no peer is called %q", id)
	}
	setup := p.Setups[measure]
	if setup == nil {
		return fmt.Errorf("%s has no measure %q", id, measure)
	}
	answer := json.NewEncoder(w)
	op, err := setup(ctx)
	if err != nil {
		return errors.Join(err, answer.Encode(Reply{Error: err.Error()}))
	}
	if err := answer.Encode(Reply{}); err != nil {
		return err
	}
	for in := json.NewDecoder(r); ; {
		var req Request
		if err := in.Decode(&req); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var reply Reply
		if reply.Took, err = op(ctx, req); err != nil {
			reply.Error = err.Error()
		}
		if err := answer.Encode(reply); err != nil {
			return err
		}
	}
}
