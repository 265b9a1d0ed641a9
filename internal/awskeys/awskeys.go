// Package awskeys holds credentials that come from somewhere and end: those of a
// container's endpoint, and those of a role. The SDK's own cache asks in a goroutine
// that outlives its caller, and so the invocation; it watches one clock only; and it
// fails with whoever it asks although the credentials it holds are good for minutes yet.
package awskeys

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

const (
	// ExpiryWindow is how long before their end credentials are fetched anew, as in
	// the SDK.
	ExpiryWindow = 5 * time.Minute

	// RenewalPause is how long to make do with credentials that could not be renewed.
	RenewalPause = 30 * time.Second

	// fairTime is how long whoever gives credentials must have kept silent to be at fault
	// when the caller who asked has left.
	fairTime = 500 * time.Millisecond
)

// Ask gets credentials. When hurry is set there are others that are still good: one
// attempt is enough, because three would use up the time of the load that waits.
type Ask func(ctx context.Context, hurry bool) (*Grant, error)

// Cache is an [aws.CredentialsProvider].
type Cache struct {
	ask Ask

	mu      sync.Mutex
	held    *Grant        // nil before the first
	doubted bool          // held is to be renewed now, because of what a service said
	failed  clock.Reading // when held could not be renewed, if so
	running *retrieval    // nil: nobody is asking
}

// New makes an empty cache.
func New(ask Ask) *Cache { return &Cache{ask: ask} }

// Forget lets go of what is held. For tests only.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.doubted, c.failed = nil, false, clock.Reading{}
}

// Grant is credentials as they were given; it never changes.
type Grant struct {
	creds func() aws.Credentials // a function, because fmt looks into anything else
	asked clock.Reading
	life  time.Duration // since they were asked for
}

// NewGrant says when its credentials were asked for. Their end is by the wall clock of
// that moment.
func NewGrant(creds aws.Credentials, asked clock.Reading) *Grant {
	g := &Grant{creds: func() aws.Credentials { return creds }, asked: asked, life: math.MaxInt64}
	if creds.CanExpire {
		g.life = creds.Expires.Sub(time.Unix(0, asked.Wall))
	}
	return g
}

// Credentials are what was given.
func (g *Grant) Credentials() aws.Credentials { return g.creds() }

// Life is how long they are good, and since when.
func (g *Grant) Life() (since clock.Reading, life time.Duration) { return g.asked, g.life }

// usable reports whether services still accept g.
func (g *Grant) usable(now clock.Reading) bool { return g != nil && now.Since(g.asked) < g.life }

// retrieval is one caller asking for all who want credentials meanwhile.
type retrieval struct {
	began clock.Reading
	done  chan struct{} // the rest is read after it is closed
	grant *Grant
	err   error
	left  bool // the caller left before the answer
}

// Retrieve gives the credentials held, or those that one caller gets for all. Each
// waits by a context of its own; if the one who asks must leave, another one asks.
func (c *Cache) Retrieve(ctx context.Context) (aws.Credentials, error) {
	g, err := c.retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	noteUse(ctx, c, g)
	return g.creds(), nil
}

func (c *Cache) retrieve(ctx context.Context) (*Grant, error) {
	for {
		held, r, mine := c.join()
		switch {
		case held != nil:
			return held, nil
		case mine:
			c.carryOut(ctx, r)
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
// nobody is asking. Nobody waits for the renewal of credentials that are still good and
// not in doubt.
func (c *Cache) join() (held *Grant, r *retrieval, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := clock.Now()
	if g := c.held; g.usable(now) && !c.doubted && (c.running != nil || !c.due(now)) {
		return g, nil, false
	}
	if c.running != nil {
		return nil, c.running, false
	}
	c.running = &retrieval{began: now, done: make(chan struct{}), left: true}
	return nil, c.running, true
}

// due reports whether it is time to renew what is held.
func (c *Cache) due(now clock.Reading) bool {
	return !now.Accepts(c.held.asked, c.held.life-ExpiryWindow) && !now.Accepts(c.failed, RenewalPause)
}

// carryOut asks for all who wait for r. Where others are held that are still good, half of
// the caller's time is left to the call that is to be made with them.
func (c *Cache) carryOut(ctx context.Context, r *retrieval) {
	defer c.finish(r)
	c.mu.Lock()
	old := c.held
	c.mu.Unlock()
	asking, good := ctx, old.usable(clock.Now())
	if deadline, limited := ctx.Deadline(); limited && good {
		var stop context.CancelFunc
		asking, stop = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/2))
		defer stop()
	}
	r.grant, r.err = c.ask(asking, good)
	r.left = r.err != nil && ctx.Err() != nil
}

// finish ends r. What is held makes up for what could not be had, as long as it is good:
// also when the caller left, because the next one may have no more time than he had. In
// doubt another caller asks first, unless the silence was too long to be the caller's fault.
func (c *Cache) finish(r *retrieval) {
	c.mu.Lock()
	now := clock.Now()
	switch {
	case r.err == nil && r.grant != nil:
		c.held, c.doubted, c.failed = r.grant, false, clock.Reading{}
	case r.left && c.doubted && now.Since(r.began) < fairTime:
	case c.held.usable(now):
		r.grant, r.err, r.left = c.held, nil, false
		c.doubted, c.failed = false, now
	}
	c.running = nil
	c.mu.Unlock()
	close(r.done)
}
