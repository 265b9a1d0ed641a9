// Package awsfault turns an error of the AWS SDK into one that says in a line what
// failed, that a caller can decide on (not found, denied, throttled), and that still
// holds the service's own error for errors.As.
//
// Decisions rest on error codes and HTTP status, never on messages, which services
// change. A response that cannot be read is the one error that is replaced and not
// wrapped: its cause quotes the response, and the response may be a secret.
package awsfault

import (
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
)

// Denial is what to grant if the call was refused.
type Denial struct {
	Action   string // the IAM action, such as "ssm:GetParameters"
	Resource string // the resource it is needed on: an ARN, with * where it is not known

	// Decrypts says that the call may need kms:Decrypt as well. Services answer
	// both refusals with the same code, so that the error then names both actions.
	Decrypts bool
}

// Classify returns err in its short form, marked as [lambdacache.ErrNotFound],
// [lambdacache.ErrThrottled], [lambdacache.ErrDenied] with what to grant, or
// [lambdacache.ErrDecode] where it is one of these. A context's error stays
// reachable with errors.Is, the service's with errors.As. Nil stays nil.
func Classify(err error, d Denial) error {
	if err == nil {
		return nil
	}
	bad, isBad := errors.AsType[*smithy.DeserializationError](err)
	if isBad {
		err = withoutResponse(err, bad)
	}
	op := operationsOf(err)
	if isBad && status(err)/100 == 2 && !isTransport(err) && !op.forCredentials() {
		return lambdacache.Undecodable("the response to " + op.name() + requestID(err))
	}
	return mark(err, &fault{text: describe(err, op), err: err}, op, d)
}

func mark(err error, short *fault, op operations, d Denial) error {
	code := Code(err)
	switch {
	case isThrottled(err, op):
		return lambdacache.Throttled(short)
	case op.forCredentials() && isDenied(code) && op.last().ServiceID == "STS":
		return lambdacache.Denied(short, "sts:"+op.last().OperationName, "the role to assume")
	case op.forCredentials():
		return short
	case isNotFound(code):
		return lambdacache.NotFound(short)
	case isKeyDenied(code):
		return lambdacache.Denied(short, "kms:Decrypt", keyOf(d.Resource))
	case isDenied(code):
		denied := lambdacache.Denied(short, d.Action, d.Resource)
		if d.Decrypts {
			return &alsoDecrypt{denied}
		}
		return denied
	}
	return short
}

// Code is the service's error code, such as "AccessDeniedException"; "" if the
// service did not answer with one.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// CanSplit reports whether a call for several keys that failed with err may succeed
// for some of them when each is asked for alone: one key is denied, malformed,
// missing or encrypted under a key that cannot be used. Throttling, a broken network
// and bad credentials hit every key alike.
func CanSplit(err error) bool {
	if operationsOf(err).forCredentials() {
		return false
	}
	code := Code(err)
	return isDenied(code) || isNotFound(code) || isKeyDenied(code) || isMalformed(code)
}

// alsoDecrypt is a refusal that may be the KMS key's.
type alsoDecrypt struct{ denied error }

func (e *alsoDecrypt) Error() string { return e.denied.Error() + ", or kms:Decrypt on its key" }
func (e *alsoDecrypt) Unwrap() error { return e.denied }

func isThrottled(err error, op operations) bool {
	if retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary {
		return true
	}
	switch status(err) {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable: // S3 answers a HEAD without a body, hence without a code
		return len(op) == 1 && op[0].ServiceID == "S3"
	}
	return false
}
