package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/httpcache"
)

// kinds are the kinds of events, in the order of their numbers.
func kinds(events []lambdacache.Event) string {
	var list []lambdacache.EventKind
	for _, e := range events {
		list = append(list, e.Kind)
	}
	slices.Sort(list)
	var names []string
	for _, k := range slices.Compact(list) {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

// class is what a caller can decide on, or the service's code, or what the network
// did; "undefined" for what has no name here.
func class(err error) string {
	var api smithy.APIError
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	var response *http.ResponseError
	var failed *lambdacache.LoadError
	var status *httpcache.StatusError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &failed):
		return "undefined"
	case errors.Is(err, lambdacache.ErrDenied):
		return "`ErrDenied`"
	case errors.Is(err, lambdacache.ErrThrottled):
		return "`ErrThrottled`"
	case errors.Is(err, lambdacache.ErrNotFound):
		return "`ErrNotFound`"
	case errors.Is(err, lambdacache.ErrDecode):
		return "`ErrDecode`"
	case errors.As(err, &status):
		return fmt.Sprintf("`*httpcache.StatusError`, status %d", status.Status)
	case errors.As(err, &api):
		return "`" + api.ErrorCode() + "`"
	case errors.As(err, &dns):
		return "`*net.DNSError`"
	case errors.Is(err, context.DeadlineExceeded):
		return "`context.DeadlineExceeded`"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(*net.OpError)), errors.Is(err, io.EOF):
		return "connection broken"
	case errors.As(err, &response):
		return fmt.Sprintf("`*http.ResponseError`, status %d", response.HTTPStatusCode())
	}
	return "undefined: " + err.Error()
}
