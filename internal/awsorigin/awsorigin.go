// Package awsorigin is what the source packages for AWS services have in common: a
// default client, made at the first load and not before, and an origin for each
// client that a user brings.
package awsorigin

import (
	"fmt"
	"sync"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Lazy makes a client when it is first needed. An error is not kept: the next call
// tries again, because a missing variable may have been set by then.
type Lazy[A any] struct {
	mu     sync.Mutex
	made   bool
	client A
	build  func() (A, error)
}

// NewLazy returns a Lazy that cachetest.Reset empties.
func NewLazy[A any](build func() (A, error)) *Lazy[A] {
	l := &Lazy[A]{build: build}
	testhook.OnReset(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		var none A
		l.client, l.made = none, false
	})
	return l
}

// Get gives the client.
func (l *Lazy[A]) Get() (A, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.made {
		c, err := l.build()
		if err != nil {
			return c, err
		}
		l.client, l.made = c, true
	}
	return l.client, nil
}

// Clients is the option of a source package that takes a client.
type Clients[A comparable] struct {
	option *lambdacache.OptionKind[A]
	lazy   *Lazy[A]
}

// NewClients names the option, "ssmcache.Client", and says how to make the client of
// those who do not give one.
func NewClients[A comparable](option string, build func() (A, error)) *Clients[A] {
	return &Clients[A]{lambdacache.NewOptionKind[A](option), NewLazy(build)}
}

// With is the option. A nil client panics.
func (c *Clients[A]) With(client A) lambdacache.Option {
	var none A
	if client == none {
		panic(fmt.Sprintf("lambdacache: %s was given nil: give it a client, or leave the option out for the default one",
			c.option.Name()))
	}
	return c.option.With(client)
}

// Origins holds one kind of origin for each client.
type Origins[A comparable, R any] struct {
	clients *Clients[A]
	origin  func(client func() (A, error)) *lambdacache.Origin[R]

	mu    sync.Mutex
	byAPI map[A]*lambdacache.Origin[R] // the default client's under the zero A
}

// NewOrigins says how to make the origin of a client.
func NewOrigins[A comparable, R any](clients *Clients[A], origin func(client func() (A, error)) *lambdacache.Origin[R]) *Origins[A, R] {
	return &Origins[A, R]{clients: clients, origin: origin, byAPI: make(map[A]*lambdacache.Origin[R])}
}

// Take gives the origin of the client among opts, or of the default one, and opts
// without it.
func (o *Origins[A, R]) Take(opts []lambdacache.Option) (*lambdacache.Origin[R], []lambdacache.Option) {
	client, given, rest := o.clients.option.Take(opts)
	get := o.clients.lazy.Get
	if given {
		get = func() (A, error) { return client, nil }
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	origin := o.byAPI[client]
	if origin == nil {
		origin = o.origin(get)
		o.byAPI[client] = origin
	}
	return origin, rest
}
