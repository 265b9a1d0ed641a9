package awsfault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// fault is an error of the SDK in few words. The SDK's own text is "operation error
// SSM: GetParameters, https response error StatusCode: 400, RequestID: …, api error
// AccessDeniedException: …".
type fault struct {
	text string
	err  error
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.err }

func describe(err error, op operations) string {
	text := reason(err, op)
	if op.forCredentials() {
		text = "no credentials from " + op.last().ServiceID + " " + op.last().OperationName + ": " + text
	}
	if len(op) > 0 {
		text = op.name() + ": " + text
	}
	return text
}

// reason says what went wrong, in the order of what tells most.
func reason(err error, op operations) string {
	if isContext(err) {
		return "given up: " + contextText(err)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return apiText(api) + attempts(err) + requestID(err)
	}
	if t, ok := attemptTimeout(err); ok {
		return timeoutText(t, err)
	}
	if isTransport(err) {
		return transportText(err, op) + attempts(err)
	}
	return plainText(err, op) + attempts(err) + requestID(err)
}

func apiText(api smithy.APIError) string {
	text := api.ErrorCode()
	if message := api.ErrorMessage(); message != "" && message != text {
		text = strings.TrimPrefix(text+": "+message, ": ")
	}
	return text + kindOf(api).hint()
}

func timeoutText(t timeout, err error) string {
	var m *retry.MaxAttemptsError
	if errors.As(err, &m) {
		return fmt.Sprintf("%v an attempt, %d attempts", t, m.Attempt)
	}
	return t.Error()
}

// transportText is the network's error with the host in place of the URL.
func transportText(err error, op operations) string {
	var u *url.Error
	if errors.As(err, &u) {
		host := u.URL
		if parsed, perr := url.Parse(u.URL); perr == nil {
			host = parsed.Host
		}
		return "no answer from " + host + ": " + u.Err.Error()
	}
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) {
		return send.Err.Error()
	}
	return plainText(err, op)
}

// plainText is err without what the SDK writes around it.
func plainText(err error, op operations) string {
	if len(op) > 0 {
		err = op.last().Err
	}
	var m *retry.MaxAttemptsError
	if errors.As(err, &m) {
		err = m.Err
	}
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		err = r.Err
	}
	return err.Error()
}

func contextText(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded.Error()
	}
	return context.Canceled.Error()
}

func attempts(err error) string {
	var m *retry.MaxAttemptsError
	if errors.As(err, &m) && m.Attempt > 1 {
		return fmt.Sprintf(", %d attempts", m.Attempt)
	}
	return ""
}

func requestID(err error) string {
	if id := idOf(err); id != "" {
		return "; request id " + id
	}
	return ""
}
