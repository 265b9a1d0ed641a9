package s3cache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// One stream of S3 brings some tens of megabytes a second, whatever the function could
// take. A large object comes in several: the answer to the request for the object goes
// on from its begin, and ranges are asked for from its end, until they meet. So a load
// of an object that is small, or has not changed, stays one request, no connection is
// given up before its time, and where ranges cannot be had the first answer brings all.
//
// A request for a range has the condition that the object is the version of the first
// answer (If-Match). The last byte comes first. That it comes shows that there are
// ranges and that the announced length is one, before anything is asked of memory or
// disk; and in a file nothing ends behind it: see fill.

// Sizes of objects and ranges. Tests have smaller ones.
var (
	large      int64 = 16 << 20 // an object that is worth several streams
	leastRange int64 = 4 << 20  // what is asked for at once, or more: a request takes a while to begin
)

// proofLimit is how long the last byte may take. A client that has no connection to
// spare would wait for it for ever: the first answer has one, and is read afterwards.
var proofLimit = time.Second

// ranges are an object that comes in several streams.
type ranges struct {
	*attempt
	first *body  // the answer to the request for the object
	last  []byte // its last byte
	sums  sums

	mu          sync.Mutex
	front, back int64 // between them is what nobody has asked for yet
}

// divide makes ranges of an object that is large enough, and gets its last byte. If that
// cannot be had there are none, and the object comes in one stream. It is an error only
// if there is another version by now.
func (a *attempt) divide(b *body) (*ranges, error) {
	if a.streams < 2 || b.length < large || b.etag == "" || strings.HasPrefix(b.etag, "W/") {
		return nil, nil
	}
	r := &ranges{attempt: a, first: b, sums: sums{of: b.checksum}, back: b.length - 1}
	ctx, cancel := context.WithTimeout(a.ctx, proofLimit)
	defer cancel()
	proof, err := r.get(ctx, piece{r.back, b.length})
	if err == nil {
		defer proof.Close()
		r.last, err = proof.readAll()
	}
	switch {
	case overwritten(err):
		return nil, err
	case err != nil:
		return nil, nil
	}
	return r, nil
}

// readAll gets the object into memory.
func (r *ranges) readAll() ([]byte, error) {
	data := make(memory, r.first.length)
	if err := r.fill(data); err != nil {
		return nil, err
	}
	return data, nil
}

// fill gets the object. Its last byte is written first and not again: if somebody cuts
// a file that is being written, nothing that is written later gives it back its size.
// When fill returns no stream runs any more.
func (r *ranges) fill(into target) error {
	if _, err := into.WriteAt(r.last, r.back); err != nil {
		return err
	}
	r.sums.add(r.back, r.last)
	c := &crew{stop: r.stop}
	for _, s := range r.begin(into) {
		c.run(s.run)
	}
	if err := c.wait(); err != nil {
		return err
	}
	same, err := r.sums.match(into, r.first.length)
	if err == nil && !same {
		err = r.first.changed()
	}
	return err
}

// begin gives each stream its first piece.
func (r *ranges) begin(into target) []*stream {
	all := make([]*stream, min(int64(r.streams), (r.back+leastRange-1)/leastRange))
	for i := range all {
		all[i] = &stream{ranges: r, into: into}
		if i == 0 {
			all[i].open = r.first
		}
		all[i].next = all[i].claim()
	}
	return all
}

// get asks for a piece. What it returns must be closed.
func (r *ranges) get(ctx context.Context, p piece) (*body, error) {
	in := r.loc.input()
	in.IfMatch = aws.String(r.first.etag)
	in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", p.from, p.to-1))
	out, err := r.call(ctx, in, func(o *s3.Options) {
		o.DisableLogOutputChecksumValidationSkipped = true // a range has none
	})
	switch code := status(err); {
	case code == http.StatusPreconditionFailed, code == http.StatusNotFound:
		return nil, errOverwritten
	case err != nil:
		return nil, err
	}
	b := newBody(ctx, out)
	b.part = &p
	if err := r.check(b, aws.ToString(out.ContentRange)); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// check compares an answer with what was asked for.
func (r *ranges) check(b *body, got string) error {
	p, length := *b.part, r.first.length
	switch want := fmt.Sprintf("bytes %d-%d/%d", p.from, p.to-1, length); {
	case b.etag != "" && b.etag != r.first.etag:
		return errOverwritten
	case got != want:
		return fmt.Errorf("asked for %s of the object, the answer has %q", want, got)
	}
	b.length = p.to - p.from
	return nil
}

// errOverwritten is what is found of another version than that of the first answer.
var errOverwritten = errors.New("the object was overwritten while it was loaded")

func overwritten(err error) bool { return errors.Is(err, errOverwritten) }
