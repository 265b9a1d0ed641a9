package lambdacache

import (
	"context"
	"errors"
	"time"

	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Source is where values load from. R is the source's own raw record: a parameter
// with its type and version, the bytes of a secret, a file.
//
// Load makes one call to the service and answers reqs[i] with results[i]. It gets
// at most MaxKeys requests if the source is a [Batcher], else exactly one; no key
// twice; and it may run in several goroutines at once, never twice for one key.
// It must return soon after ctx is done: ctx carries the load's own budget and
// ends when the last caller who waits for it has left.
type Source[R any] interface {
	Load(ctx context.Context, reqs []Request) []Result[R]
}

// Batcher is implemented by a source whose Load answers several keys with one call.
type Batcher interface {
	// MaxKeys is the most keys of one Load, at least 1. It must not change.
	MaxKeys() int
}

// Singler is implemented by a [Batcher] whose service has a second operation for
// one key, with a permission of its own: GetParameter beside GetParameters. LoadOne
// takes the place of Load once the batched operation turns out not to be permitted:
// Load said so with [BatchDenied], or it was denied for every key of a batch alone.
type Singler[R any] interface {
	LoadOne(ctx context.Context, req Request) Result[R]
}

// Request asks a source for one key.
type Request struct {
	Key    string        // what Declare was given: the full key and whatever else selects what is fetched
	Have   string        // version already held, "" for none: answer Unchanged if it still stands
	MaxAge time.Duration // oldest copy accepted (a tier reads it); 0 when the caller wants it from the source itself
}

// Result answers one Request.
type Result[R any] struct {
	Value     R
	Version   string        // what names this value: an ETag, a parameter's version, a secret's version id
	Unchanged bool          // Have still stands: Value is not looked at
	Age       time.Duration // how old the value is already (a tier's copy is as old as its origin's load); negative counts as 0
	Within    time.Duration // due sooner than max age (a rotation date, Cache-Control); 0 and less for no such limit
	NotBefore time.Duration // may not be asked again before (AppConfig's poll interval); 0 and less for no such limit

	Calls   int   // made for this key besides the one of Load, to be counted in the load's event; -1 if Load made none
	Missing error // of a call that the value could do without: the first of each permission is told by an EventFallback

	// Err says why there is no value. Wrap it with Blame if it may be another key's
	// fault; use ErrLeftOver if the call answered other keys but not this one.
	Err error
}

// ErrLeftOver is the Err of a key that a batch did not get to (DynamoDB's
// UnprocessedKeys): the same load asks for it again, after a pause that grows from
// 25 to 400 ms, until its budget ends.
var ErrLeftOver = errors.New("left over by a batched call")

// Blame marks err, which a batched call failed with, as possibly the fault of one
// of its keys only: each key is then asked for alone at once, and the one that
// fails alone is asked alone from then on, until it succeeds. Without a mark every
// key of the batch fails with err: mark only what a split can help (a denied or
// malformed key), never throttling or a broken network.
func Blame(err error) error { return &marked{err: err} }

// BatchDenied marks err as the refusal of the batched operation itself, no key's
// fault: each key is then asked for alone, at once and from then on.
func BatchDenied(err error) error { return &marked{err: err, batch: true} }

type marked struct {
	err   error
	batch bool
}

func (m *marked) Error() string { return m.err.Error() }
func (m *marked) Unwrap() error { return m.err }

func splittable(err error) bool {
	_, is := errors.AsType[*marked](said(err))
	return is
}

func isBatchDenied(err error) bool {
	m, is := errors.AsType[*marked](said(err))
	return is && m.batch
}

func isLeftOver(err error) bool { return errors.Is(said(err), ErrLeftOver) }

// said is what a source's error, or one that it wraps, says of its key: a mark, or that it
// was left over; nil for nothing. What it wraps of an entry that it has read was said by
// that entry's source, and is settled.
func said(err error) error {
	switch e := err.(type) { //nolint:errorlint // it goes from link to link itself, to stop at some
	case *LoadError, *Failure:
	case *marked:
		return e
	case interface{ Unwrap() error }:
		return said(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range e.Unwrap() {
			if word := said(e); word != nil {
				return word
			}
		}
	default:
		if errors.Is(err, ErrLeftOver) {
			return err
		}
	}
	return nil
}

// The causes a caller can decide on: errors.Is(err, lambdacache.ErrNotFound).
var (
	ErrNotFound  = errors.New("not found")
	ErrDenied    = errors.New("access denied")
	ErrThrottled = errors.New("throttled")
	ErrDecode    = errors.New("cannot decode")
)

// NotFound marks err, the service's own error, as [ErrNotFound].
func NotFound(err error) error { return &classified{ErrNotFound, err} }

// Throttled marks err as [ErrThrottled].
func Throttled(err error) error { return &classified{ErrThrottled, err} }

type classified struct{ kind, err error }

func (c *classified) Error() string   { return c.err.Error() }
func (c *classified) Unwrap() []error { return []error{c.kind, c.err} }

// DeniedError is the service's refusal together with what to grant. It is
// [ErrDenied].
type DeniedError struct {
	Action   string // the IAM action, such as "ssm:GetParameters"
	Resource string // the resource it is needed on: an ARN, with * where it is not known
	Err      error  // the service's error
}

// Denied marks err as [ErrDenied] and says which IAM action on which resource
// would have allowed the call.
func Denied(err error, action, resource string) error {
	return &DeniedError{Action: action, Resource: resource, Err: err}
}

func (d *DeniedError) Error() string {
	return d.Err.Error() + "; allow " + d.Action + " on " + d.Resource
}

func (d *DeniedError) Unwrap() error { return d.Err }

// Is makes a DeniedError an ErrDenied.
func (d *DeniedError) Is(target error) bool { return target == ErrDenied }

// DecodeError says that a value cannot become what the entry was declared as. It
// names types and positions only, never a byte of the value, and it wraps no other
// error: those of strconv, encoding/json and most decoders quote their input. It
// is [ErrDecode].
type DecodeError struct{ reason string }

// Undecodable returns a [DecodeError]. The reason must not quote the value.
func Undecodable(reason string) error { return &DecodeError{reason} }

func (d *DecodeError) Error() string { return "cannot decode: " + d.reason }

func init() {
	decode.Safe = func(err error) (string, bool) {
		var known *DecodeError
		if !errors.As(err, &known) {
			return "", false
		}
		return known.reason, true
	}
}

// Is makes a DecodeError an ErrDecode.
func (d *DecodeError) Is(target error) bool { return target == ErrDecode }
