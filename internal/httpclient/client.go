package httpclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// Client bounds one attempt. For the AWS SDK, as its HTTPClient, the bound is here and
// not in a middleware because the SDK takes the end of a context it handed out for the
// caller's wish and does not try again, while an error of the HTTP client is
// retried.
type Client struct {
	HTTP      *http.Client
	Before    func() // runs before each request; may be nil
	Silent    func() // runs when an attempt has met silence; may be nil
	Limit     time.Duration
	Streaming bool // Limit ends with the headers and then bounds each read of the body
}

// Do sends one attempt. The answer's body must be closed or read to its end.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if c.Before != nil {
		c.Before()
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	req = req.WithContext(ctx)
	if err := inOnePiece(req); err != nil {
		cancel(nil)
		return nil, err
	}
	timer := time.AfterFunc(c.Limit, func() { cancel(&timeoutError{c.Limit, "no answer within "}) })
	resp, err := c.HTTP.Do(req)
	if err != nil {
		timer.Stop()
		err = c.causeOf(ctx, err)
		cancel(nil)
		return nil, err
	}
	if c.Streaming {
		timer.Stop()
		timer = time.AfterFunc(c.Limit, func() { cancel(&timeoutError{c.Limit, "no more of the answer for "}) })
		timer.Stop() // until the first read
	}
	resp.Body = &body{rest: resp.Body, client: c, ctx: ctx, cancel: cancel, timer: timer}
	return resp, nil
}

// inOnePiece gives net/http a small body in a form it knows to be in memory. It
// then sends headers and body in one packet, can send them again when a kept
// connection turns out to be dead, and does not lose the connection when the answer
// overtakes its last look at the body: the SDK has closed its own form of the body by
// then, which counts as a failed write.
func inOnePiece(req *http.Request) error {
	const small = 64 << 10
	if req.Body == nil || req.ContentLength <= 0 || req.ContentLength > small {
		return nil
	}
	// Without values this is not sent. It tells net/http to send the request again at
	// once when a kept connection ends before the first byte of an answer, whatever
	// the method. The SDK would do the same, after a pause and as one of its attempts.
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	req.Header["Idempotency-Key"] = nil
	whole := make([]byte, req.ContentLength)
	_, err := io.ReadFull(req.Body, whole)
	if closeErr := req.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(whole)), nil }
	req.Body, err = req.GetBody()
	return err
}

// body is the answer while its attempt is still bounded.
type body struct {
	rest   io.ReadCloser
	client *Client
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func (b *body) Read(p []byte) (int, error) {
	if b.client.Streaming {
		// Only the wait for bytes counts, not what the reader does between reads.
		b.timer.Reset(b.client.Limit)
	}
	n, err := b.rest.Read(p)
	if b.client.Streaming {
		b.timer.Stop()
	}
	switch {
	case err == nil:
	case err == io.EOF: //nolint:errorlint // readers do not wrap it
		b.end()
	case b.ctx.Err() != nil:
		err = b.client.causeOf(b.ctx, err)
	default:
		err = &brokenError{err}
	}
	return n, err
}

// Close gives the connection back if the body was read to its end.
func (b *body) Close() error {
	err := b.rest.Close()
	b.end()
	return err
}

func (b *body) end() {
	b.timer.Stop()
	b.cancel(nil)
}

// causeOf is our own timeout if that is what ended ctx, else err.
func (c *Client) causeOf(ctx context.Context, err error) error {
	var timeout *timeoutError
	if !errors.As(context.Cause(ctx), &timeout) {
		return err
	}
	if c.Silent != nil {
		c.Silent()
	}
	return timeout
}

// timeoutError ends one attempt. It is not [context.DeadlineExceeded]: no caller's
// deadline has passed.
type timeoutError struct {
	after time.Duration
	text  string
}

func (e *timeoutError) Error() string { return e.text + e.after.String() }

// Timeout makes the SDK's retryer try again.
func (e *timeoutError) Timeout() bool { return true }

// brokenError is a connection that broke while the answer was read. The SDK takes
// the bare error for an answer it cannot understand and gives up.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return "the answer broke off: " + e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// ConnectionError makes the SDK's retryer try again.
func (e *brokenError) ConnectionError() bool { return true }
