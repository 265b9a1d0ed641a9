package awsfault

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

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

// isUnreadable reports whether a response came and could not be understood. The SDK
// says so with an error of its own, but for S3's XML.
func isUnreadable(err error) bool {
	var bad *smithy.DeserializationError
	if errors.As(err, &bad) {
		return true
	}
	var api smithy.APIError
	return status(err) >= http.StatusBadRequest && !errors.As(err, &api) && !isTransport(err)
}

// quotesAnswer reports whether err may quote what came over a connection and is not
// HTTP.
func quotesAnswer(err error) bool {
	var u *url.Error
	switch {
	case errors.As(err, &u):
		return quotes(u.Err)
	case len(operationsOf(err)) > 0:
		return false
	}
	return quotes(err) // of a body that is being read
}

// quotes reports whether an error of a connection may quote what came over it.
// net/http has no type for that, but quotes in quotation marks. Errors of the network
// and of certificates have types.
func quotes(err error) bool {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	var header tls.RecordHeaderError // with the first bytes of what is not TLS
	switch {
	case errors.As(err, &header):
		return true
	case errors.As(err, &network), errors.As(err, &certificate):
		return false
	}
	return strings.Contains(err.Error(), `"`)
}

// withoutResponse rebuilds err around a cause, which quotes and holds the response, and
// keeps what may be known of it: status, request id, attempts, host, and the network's
// error if that is why the response is not whole.
func withoutResponse(err error) error {
	cause := harmless(err)
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

var errNotHTTP = errors.New("what answers does not speak HTTP as it should")

// harmless is what may be told of an answer that cannot be read.
func harmless(err error) error {
	var bad *smithy.DeserializationError
	for inner := err; errors.As(inner, &bad); inner = bad.Err { // to the innermost
	}
	var u *url.Error
	switch code := status(err); {
	case errors.As(err, &u) && quotes(u.Err):
		return &smithyhttp.RequestSendError{Err: &url.Error{Op: u.Op, URL: u.URL, Err: errNotHTTP}}
	case bad != nil && isTransport(bad) && quotes(bad.Err):
		return &smithyhttp.RequestSendError{Err: errNotHTTP}
	case bad != nil && isTransport(bad):
		return bad.Err
	case code != 0:
		return fmt.Errorf("the response with HTTP status %d cannot be read", code)
	}
	return errors.New("the response cannot be read")
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
