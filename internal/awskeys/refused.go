package awskeys

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/clock"
)

// deniedAge is how old credentials must be for a denial to cast doubt on them. Whoever
// revokes the sessions of a role denies everything to those that began before; but most
// denials are of a key that no session may read, and would have a role assumed each time.
const deniedAge = 5 * time.Minute

// Watch is for the APIOptions of a client whose credentials may be those of a [Cache]. A
// call that is refused because of them, before their end, is made once more with new
// ones. Credentials that are too young to have been revoked are kept.
func Watch(stack *middleware.Stack) error {
	const id = "lambdacache: refused credentials"
	if _, ok := stack.Finalize.Get(id); ok {
		return nil
	}
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc(id, watch), middleware.Before)
}

func watch(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	req, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return next.HandleFinalize(ctx, in)
	}
	again := req.Clone() // a call changes its request
	u := new(use)
	out, metadata, err := next.HandleFinalize(context.WithValue(ctx, useKey{}, u), in)
	if err == nil || ctx.Err() != nil || !u.doubtful(err) || again.RewindStream() != nil {
		return out, metadata, err
	}
	in.Request = again
	return next.HandleFinalize(context.WithValue(ctx, useKey{}, new(use)), in)
}

// use is which credentials a call was made with.
type use struct {
	of    *Cache // nil: of none
	grant *Grant
}

type useKey struct{}

// noteUse writes down for the call of ctx what it is made with.
func noteUse(ctx context.Context, c *Cache, g *Grant) {
	if u, ok := ctx.Value(useKey{}).(*use); ok {
		u.of, u.grant = c, g
	}
}

// doubtful reports whether a call that failed with err may go well with the credentials
// that are to be had now.
func (u *use) doubtful(err error) bool {
	var other *smithy.OperationError // the call for the credentials, in this one
	if u.of == nil || errors.As(err, &other) {
		return false
	}
	switch {
	case awsfault.CredentialsExpired(err):
		return u.of.expired(u.grant)
	case awsfault.CredentialsRejected(err):
		return u.of.doubt(u.grant, RenewalPause)
	case awsfault.IsDenied(err):
		return u.of.doubt(u.grant, deniedAge)
	}
	return false
}

// expired lets go of g, which no service will accept, and reports whether there are other
// credentials to be had. Those that have just been given would be given again.
func (c *Cache) expired(g *Grant) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != g {
		return true // it has been renewed meanwhile
	}
	if clock.Now().Since(g.asked) < RenewalPause {
		return false
	}
	c.held, c.doubted = nil, false
	return true
}

// doubt has g renewed before its end, and reports whether there are other credentials to
// be had: not if g is younger than age, or could not be renewed so short a time ago. If
// they cannot be had g goes on: the refusal may be one key's, or one Region's.
func (c *Cache) doubt(g *Grant, age time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != g {
		return true
	}
	now := clock.Now()
	if now.Since(g.asked) < age || now.Accepts(c.failed, age) {
		return false
	}
	c.doubted = true
	return true
}
