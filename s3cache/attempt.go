package s3cache

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/awsretry"
)

// service is S3 as one client sees it.
type service struct {
	client  awsorigin.Get
	streams int // that an object may come in
}

// load asks for an object, and again if the answer breaks off. When the object is
// overwritten while it comes in several streams, they have no use for what they got and
// it is begun anew; the second time in one stream, which brings the version that
// it began with.
func load[R any](ctx context.Context, s service, req lambdacache.Request, once func(*attempt, lambdacache.Request) lambdacache.Result[R]) (res lambdacache.Result[R]) {
	loc, err := locate(req.Key)
	if err != nil {
		return lambdacache.Result[R]{Err: err}
	}
	calls := 0
	for _, streams := range []int{s.streams, s.streams, 1} {
		awsretry.Loop(ctx, s.policy(), func() error {
			a := &attempt{service: s, loc: loc, streams: streams}
			a.ctx, a.stop = context.WithCancel(ctx)
			defer a.stop()
			res = once(a, req)
			calls += int(a.calls.Load())
			return brokenOff(res.Err)
		})
		if !overwritten(res.Err) {
			break
		}
	}
	res.Calls = max(0, calls-1)
	return res
}

// attempt is one way through a load.
type attempt struct {
	service
	loc     location
	streams int
	ctx     context.Context    // of all its requests
	stop    context.CancelFunc // ends them
	calls   atomic.Int64
}

// get asks for the object, on the condition that it is not the version held. The body
// it returns must be closed; nil stands for an unchanged object.
func (a *attempt) get(have string) (*body, error) {
	in := a.loc.input()
	if have != "" {
		in.IfNoneMatch = aws.String(have)
	}
	out, err := a.call(a.ctx, in)
	if err != nil || out == nil {
		return nil, err
	}
	return newBody(a.ctx, out), nil
}

// call makes a call. It gives nil for an unchanged object.
func (a *attempt) call(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	made, err := a.client()
	if err != nil {
		return nil, err
	}
	client := made.(API)
	a.calls.Add(1)
	out, err := client.GetObject(ctx, in, opts...)
	switch {
	case err != nil && in.IfNoneMatch != nil && status(err) == http.StatusNotModified: // to the SDK an error
		return nil, nil
	case err != nil:
		return nil, explain(err, a.loc, partition(client))
	}
	return out, nil
}

// input asks for the object.
func (l location) input() *s3.GetObjectInput {
	in := &s3.GetObjectInput{Bucket: aws.String(l.bucket), Key: aws.String(l.key)}
	if l.version != "" {
		in.VersionId = aws.String(l.version)
	}
	return in
}

// status is the HTTP status of an error, 0 if it has none.
func status(err error) int {
	if r, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err); ok {
		return r.HTTPStatusCode()
	}
	return 0
}
