// Package awsfault turns an error of the AWS SDK into one that says in a line what
// failed, that a caller can decide on (not found, denied, throttled), and that still
// holds the service's own error for errors.As.
//
// Decisions rest on error codes and HTTP status, never on messages, which services
// change. An answer that cannot be read, as a response or as HTTP, is the one error that
// is replaced and not wrapped: its cause quotes the answer, and that may be a secret.
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
	isBad := isUnreadable(err)
	if isBad || quotesAnswer(err) {
		err = withoutResponse(err)
	}
	op := operationsOf(err)
	if isBad && status(err)/100 == 2 && !isTransport(err) && !op.forCredentials() {
		return lambdacache.Undecodable("the response to " + op.name() + requestID(err))
	}
	return mark(err, &fault{text: describe(err, op), err: err}, op, d)
}

func mark(err error, short *fault, op operations, d Denial) error {
	k := kindOf(err)
	switch {
	case isThrottled(err, op):
		return lambdacache.Throttled(short)
	case op.forCredentials():
		if k != denied || op.last().ServiceID != "STS" {
			return short
		}
		return refusedRole(err, short, "sts:"+op.last().OperationName)
	case k == notFound:
		return lambdacache.NotFound(short)
	case k == keyDenied:
		d = Denial{Action: "kms:Decrypt", Resource: keyOf(d.Resource)}
	case k != denied:
		return short
	}
	refusal := lambdacache.Denied(short, d.Action, d.Resource)
	if d.Decrypts {
		return &alsoDecrypt{refusal}
	}
	return refusal
}

// Code is the service's error code, such as "AccessDeniedException"; "" if the
// service did not answer with one.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// CanSplit reports whether a call for several keys that failed with err may succeed
// for some of them when each is asked for alone: one key is denied, malformed,
// missing or encrypted under a key that cannot be used. Throttling, a broken network
// and bad credentials hit every key alike.
func CanSplit(err error) bool {
	switch kindOf(err) {
	case denied, notFound, keyDenied, malformed:
		return !operationsOf(err).forCredentials()
	}
	return false
}

// CredentialsExpired reports whether a service answered that the credentials have ended.
func CredentialsExpired(err error) bool { return kindOf(err) == expired }

// CredentialsRejected reports whether a service answered that it does not accept the
// credentials. Another one, or the same in another Region, may.
func CredentialsRejected(err error) bool { return kindOf(err) == rejected }

// IsDenied reports whether a service answered that a policy withholds what was asked for.
func IsDenied(err error) bool { return kindOf(err) == denied }

// alsoDecrypt is a refusal that may be the KMS key's.
type alsoDecrypt struct{ denied error }

func (e *alsoDecrypt) Error() string { return e.denied.Error() + ", or kms:Decrypt on its key" }
func (e *alsoDecrypt) Unwrap() error { return e.denied }

// roleToAssume is package assumerole's error for a role.
type roleToAssume interface {
	error
	RoleToAssume() string
}

// refusedRole is the refusal of a role, the last one if it was to be assumed as another.
// Its policy has a say as well: it names those who may assume it.
func refusedRole(err error, short *fault, action string) error {
	role := "the role to assume"
	var of roleToAssume
	for errors.As(err, &of) {
		role, err = of.RoleToAssume(), errors.Unwrap(of)
	}
	if of == nil {
		return lambdacache.Denied(short, action, role)
	}
	return &mistrusted{lambdacache.Denied(short, action, role)}
}

type mistrusted struct{ denied error }

func (e *mistrusted) Error() string { return e.denied.Error() + ", and in that role's trust policy" }
func (e *mistrusted) Unwrap() error { return e.denied }

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
