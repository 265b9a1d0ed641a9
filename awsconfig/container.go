package awsconfig

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

const (
	// expiryWindow is how long before their end credentials are fetched anew, as in
	// the SDK.
	expiryWindow = 5 * time.Minute

	// renewalPause is how long to make do with credentials that could not be renewed.
	renewalPause = 30 * time.Second
)

// container provides the credentials of the endpoint of SnapStart and Managed
// Instances. The SDK's own cache asks in a goroutine that outlives its caller, and so
// the invocation; it watches one clock only; and it fails with the endpoint although
// the credentials it holds are good for minutes yet.
type container struct {
	endpoint *endpoint

	mu      sync.Mutex
	held    *grant        // nil before the first
	failed  clock.Reading // when held could not be renewed, if so
	running *retrieval    // nil: nobody is asking
}

// grant is what the endpoint gave; it never changes.
type grant struct {
	creds fixedKeys
	asked clock.Reading
	life  time.Duration // since it was asked for
}

func newGrant(a *answer, asked clock.Reading) *grant {
	creds := aws.Credentials{
		AccessKeyID:     a.AccessKeyID,
		SecretAccessKey: a.SecretAccessKey,
		SessionToken:    a.Token,
		AccountID:       a.AccountID,
		CanExpire:       !a.Expiration.IsZero(),
		Expires:         a.Expiration,
		Source:          "container",
	}
	g := &grant{creds: func() aws.Credentials { return creds }, asked: asked, life: math.MaxInt64}
	if creds.CanExpire {
		g.life = creds.Expires.Sub(time.Unix(0, asked.Wall))
	}
	return g
}

// usable reports whether services still accept g.
func (g *grant) usable(now clock.Reading) bool { return g != nil && now.Since(g.asked) < g.life }

// retrieval is one caller asking for all who want credentials meanwhile.
type retrieval struct {
	done  chan struct{} // the rest is read after it is closed
	grant *grant
	err   error
	left  bool // the caller left before the answer
}

// Retrieve gives the credentials held, or those that one caller gets for all. Each
// waits by a context of its own; if the one who asks must leave, another one asks.
func (c *container) Retrieve(ctx context.Context) (aws.Credentials, error) {
	g, err := c.retrieve(ctx)
	if err != nil {
		// An operation of its own, so that a refusal of the endpoint is not taken for
		// a refusal of the call that wanted the credentials.
		return aws.Credentials{}, &smithy.OperationError{ServiceID: c.endpoint.variable, OperationName: "GetCredentials", Err: err}
	}
	return g.creds(), nil
}

func (c *container) retrieve(ctx context.Context) (*grant, error) {
	for {
		held, r, mine := c.join()
		switch {
		case held != nil:
			return held, nil
		case mine:
			c.ask(ctx, r)
			return r.grant, r.err
		}
		select {
		case <-r.done:
			if !r.left {
				return r.grant, r.err
			}
		case <-ctx.Done():
			return nil, &aws.RequestCanceledError{Err: ctx.Err()}
		}
	}
}

// join gives what is held, or the retrieval to wait for, which is the caller's own if
// nobody is asking. Nobody waits for the renewal of credentials that are still good.
func (c *container) join() (held *grant, r *retrieval, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := clock.Now()
	if g := c.held; g.usable(now) && (c.running != nil || !c.due(now)) {
		return g, nil, false
	}
	if c.running != nil {
		return nil, c.running, false
	}
	c.running = &retrieval{done: make(chan struct{}), left: true}
	return nil, c.running, true
}

// due reports whether it is time to renew what is held.
func (c *container) due(now clock.Reading) bool {
	return !now.Accepts(c.held.asked, c.held.life-expiryWindow) && !now.Accepts(c.failed, renewalPause)
}

// ask carries r out. While the old credentials are good for the call, one attempt is
// enough: three would use up the time of the load that waits.
func (c *container) ask(ctx context.Context, r *retrieval) {
	defer c.finish(r)
	old, attempts := c.held, c.endpoint.attempts // only who asks changes held
	if old.usable(clock.Now()) {
		attempts = 1
	}
	r.grant, r.err = c.endpoint.ask(ctx, attempts)
	r.left = r.err != nil && ctx.Err() != nil
	if r.err != nil && !r.left && old.usable(clock.Now()) {
		r.grant, r.err = old, nil
	}
}

func (c *container) finish(r *retrieval) {
	c.mu.Lock()
	switch r.grant {
	case nil:
	case c.held:
		c.failed = clock.Now()
	default:
		c.held, c.failed = r.grant, clock.Reading{}
	}
	c.running = nil
	c.mu.Unlock()
	close(r.done)
}

// ProviderSources tells services, in the User-Agent, where the credentials are from.
func (c *container) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceHTTP}
}
