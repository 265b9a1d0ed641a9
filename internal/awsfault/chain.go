package awsfault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// operations are the calls around an error, outermost first: one, or more when the
// last was to fetch the credentials of the first.
type operations []*smithy.OperationError

func operationsOf(err error) operations {
	var ops operations
	var op *smithy.OperationError
	for errors.As(err, &op) {
		ops = append(ops, op)
		err = op.Err
	}
	return ops
}

// name is the operation that was asked for.
func (o operations) name() string {
	if len(o) == 0 {
		return "the call"
	}
	return o[0].OperationName
}

// last is the operation that failed; there must be one.
func (o operations) last() *smithy.OperationError { return o[len(o)-1] }

func (o operations) forCredentials() bool { return len(o) > 1 }

// status is the HTTP status of the answer, 0 without one.
func status(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil && r.Response.Response != nil {
		return r.Response.StatusCode
	}
	return 0
}

func idOf(err error) string {
	var r *awshttp.ResponseError
	if errors.As(err, &r) {
		return r.RequestID
	}
	return ""
}

// withoutResponse rebuilds err around bad, which quotes and holds the response, and
// keeps what may be known of it: status, request id, attempts, and the network's
// error if that is why the response is not whole.
func withoutResponse(err error, bad *smithy.DeserializationError) error {
	for errors.As(bad.Err, &bad) { // to the innermost
	}
	cause := bad.Err
	if !isTransport(bad) {
		cause = errors.New("the response cannot be read")
		if code := status(err); code != 0 {
			cause = fmt.Errorf("the response with HTTP status %d cannot be read", code)
		}
	}
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		cause = &awshttp.ResponseError{
			ResponseError: &smithyhttp.ResponseError{Response: r.Response, Err: cause},
			RequestID:     idOf(err),
		}
	}
	var m *retry.MaxAttemptsError
	if errors.As(err, &m) {
		cause = &retry.MaxAttemptsError{Attempt: m.Attempt, Err: cause}
	}
	ops := operationsOf(err)
	for i := len(ops) - 1; i >= 0; i-- {
		cause = &smithy.OperationError{ServiceID: ops[i].ServiceID, OperationName: ops[i].OperationName, Err: cause}
	}
	return cause
}

// isContext reports whether the caller's context ended the call. Some HTTP clients
// call their own timeout a context's too: only a context that the SDK saw end, or
// the bare error of one, counts.
func isContext(err error) bool {
	if errors.Is(err, context.Canceled) {
		return true
	}
	var c canceled
	if errors.As(err, &c) && c.CanceledError() {
		return true
	}
	var t timeout
	return errors.As(err, &t) && t == context.DeadlineExceeded //nolint:errorlint // the bare error: see above
}

// What errors of the SDK and of HTTP clients say of themselves.
type (
	canceled   interface{ CanceledError() bool }
	connection interface{ ConnectionError() bool }
	timeout    interface {
		error
		Timeout() bool
	}
)

// attemptTimeout is the error of an HTTP client that ended an attempt by itself; the
// network's own timeouts belong to the network.
func attemptTimeout(err error) (timeout, bool) {
	var n net.Error
	if errors.As(err, &n) {
		return nil, false
	}
	var t timeout
	ok := errors.As(err, &t) && t.Timeout()
	return t, ok
}

// isTransport reports whether the connection failed and not what came over it.
func isTransport(err error) bool {
	var n net.Error
	if errors.As(err, &n) || errors.Is(err, io.ErrUnexpectedEOF) || isContext(err) {
		return true
	}
	if _, ok := attemptTimeout(err); ok {
		return true
	}
	var c connection
	return errors.As(err, &c) && c.ConnectionError()
}
