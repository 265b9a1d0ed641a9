package httpcache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache"
)

// StatusError is an answer that is no document. errors.Is tells what a program can
// decide on: 404 and 410 are [lambdacache.ErrNotFound], 401 and 403
// [lambdacache.ErrDenied], 429 and a 503 with Retry-After [lambdacache.ErrThrottled].
type StatusError struct {
	Status int // such as 404
	text   string
	kind   error
}

func (e *StatusError) Error() string { return e.text }

// Unwrap gives the kind, nil for a status that is of none.
func (e *StatusError) Unwrap() error { return e.kind }

// refusal is what an answer without a document comes to. Nothing of its body is shown,
// nor of its headers.
func (w *walk) refusal(at *url.URL, resp *http.Response) error {
	code := resp.StatusCode
	e := &StatusError{Status: code, text: strings.TrimSpace(fmt.Sprintf("HTTP status %d %s", code, http.StatusText(code)))}
	if !sameOrigin(at, w.declared) {
		e.text += " from " + at.Host
	}
	switch code {
	case http.StatusNotFound, http.StatusGone:
		e.kind = lambdacache.ErrNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		e.kind = lambdacache.ErrDenied
		e.text += w.deniedHint(at)
	case http.StatusTooManyRequests:
		e.kind = lambdacache.ErrThrottled
		e.text += pauseHint(resp.Header)
	case http.StatusServiceUnavailable:
		if resp.Header.Get("Retry-After") != "" {
			e.kind = lambdacache.ErrThrottled
			e.text += pauseHint(resp.Header)
		}
	}
	switch {
	case isRedirect(code):
		e.text += ", without a Location"
	case code < http.StatusBadRequest:
		e.text += ": only 200 is a document"
	}
	return e
}

func (w *walk) deniedHint(at *url.URL) string {
	switch {
	case len(w.headers) == 0:
		return ": give credentials with httpcache.Header"
	case !sameOrigin(at, w.declared):
		return ": what httpcache.Header gives is not sent to another host"
	}
	return ": it does not accept what httpcache.Header gives"
}

// pauseHint says how long the server wants to be left alone, if it says so itself.
func pauseHint(h http.Header) string {
	after := h.Get("Retry-After")
	if d, ok := seconds(after); ok {
		return fmt.Sprintf("; it asks for a pause of %v", d)
	}
	until, err := http.ParseTime(after)
	sent, serr := http.ParseTime(h.Get("Date"))
	if err == nil && serr == nil && until.After(sent) {
		return fmt.Sprintf("; it asks for a pause of %v", until.Sub(sent).Round(time.Second))
	}
	return ""
}

// fault is an error in words that show nothing of the URL, which may hold a secret, and
// nothing of what was answered.
type fault struct {
	text  string
	err   error
	again bool // another try may help
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.err }

// unanswered is why no answer came.
func unanswered(ctx context.Context, at *url.URL, err error) error {
	if gone := ctx.Err(); gone != nil {
		return &fault{text: "given up: " + gone.Error(), err: gone}
	}
	if u, ok := errors.AsType[*url.Error](err); ok { // quotes the URL, and Location where it is none
		err = u.Err
	}
	text := "no answer from " + at.Host + ": "
	var bad *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.As(err, &bad):
		return &fault{text: text + bad.Error(), err: bad}
	case errors.As(err, &dns) && dns.IsNotFound:
		return &fault{text: text + dns.Error(), err: dns}
	case errors.Is(err, errProxy):
		return errProxy
	case quotes(err):
		return &fault{text: text + "what answers does not speak HTTP as it should", again: true}
	case isSilence(err):
		return &fault{text: at.Host + ": " + err.Error(), err: err, again: true}
	}
	return broken(text, err)
}

// broken keeps what broke, but for a timeout of the network or of a user's client that
// is also called a context's: nobody's context has ended.
func broken(text string, err error) error {
	f := &fault{text: text + err.Error(), again: true}
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		f.err = err
	}
	return f
}

// brokenOff is why a document is not whole.
func brokenOff(ctx context.Context, at *url.URL, got int, announced int64, err error) error {
	if gone := ctx.Err(); gone != nil {
		return &fault{text: "given up: " + gone.Error(), err: gone}
	}
	of := ""
	if announced >= 0 {
		of = fmt.Sprintf(" of its %d", announced)
	}
	text := fmt.Sprintf("the document of %s broke off after %d%s bytes: ", at.Host, got, of)
	switch inner := errors.Unwrap(err); {
	case quotes(err):
		return &fault{text: text + "what answers does not speak HTTP as it should", again: true}
	case inner != nil && !isSilence(err): // the client's words for it
		return broken(text, inner)
	}
	return broken(text, err)
}

// isSilence reports whether the client ended an attempt by itself; the network's own
// timeouts belong to the network.
func isSilence(err error) bool {
	var network net.Error
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout() && !errors.As(err, &network)
}

// quotes reports whether an error may quote what came over a connection. net/http has
// no type for that, but quotes in quotation marks. Errors of the network have types.
func quotes(err error) bool {
	var header tls.RecordHeaderError // with the first bytes of what is not TLS
	var network *net.OpError
	switch {
	case errors.As(err, &header):
		return true
	case errors.As(err, &network):
		return false
	}
	return strings.Contains(err.Error(), `"`)
}

// worthAnother reports whether another try may help.
func worthAnother(err error) bool {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.again
	}
	status, ok := errors.AsType[*StatusError](err)
	switch {
	case !ok, errors.Is(err, lambdacache.ErrThrottled):
		return false
	case status.Status == http.StatusRequestTimeout:
		return true
	}
	return status.Status >= 500 && status.Status != http.StatusNotImplemented && status.Status != http.StatusHTTPVersionNotSupported
}
