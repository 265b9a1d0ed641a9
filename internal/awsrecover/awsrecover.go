// Package awsrecover makes an error of a panic of the AWS SDK while it reads an answer:
// smithy-go 1.28 panics on JSON that is malformed where the key of a map should be, such
// as {"Item":{0. A load would survive it, but its error would not say what it was.
package awsrecover

import (
	"context"
	"errors"
	"runtime"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// reader is what the SDK calls the step that reads an answer.
const reader = "OperationDeserializer"

// Answers is an option of an aws.Config, for its APIOptions. Where no answer is read, as
// when a URL is presigned, it does nothing.
func Answers(stack *middleware.Stack) error {
	if _, reads := stack.Deserialize.Get(reader); !reads {
		return nil
	}
	if err := stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("lambdacache.Answer", keep), reader, middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("lambdacache.Recover", survive), reader, middleware.Before)
}

// answer is what came, before it was read: whoever is told of the error closes its body.
type answer struct {
	out      middleware.DeserializeOutput
	metadata middleware.Metadata
}

type answerKey struct{}

func keep(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if kept, ok := ctx.Value(answerKey{}).(*answer); ok {
		*kept = answer{out, metadata}
	}
	return out, metadata, err
}

var errMalformed = errors.New("the SDK panics on it")

// survive says nothing of what a panic holds: it is from the answer. Panics that are not
// the runtime's, or come before an answer, are those of a client below the SDK.
func survive(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
	kept := new(answer)
	defer func() {
		r := recover()
		switch _, ofRuntime := r.(runtime.Error); {
		case r == nil:
		case ofRuntime && kept.out.RawResponse != nil:
			out, metadata, err = kept.out, kept.metadata, &smithy.DeserializationError{Err: errMalformed}
		default:
			panic(r)
		}
	}()
	return next.HandleDeserialize(context.WithValue(ctx, answerKey{}, kept), in)
}
