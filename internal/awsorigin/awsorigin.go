// Package awsorigin is what the source packages for AWS services have in common: a
// default client, made at the first load and not before, and an origin for each
// client that a user brings.
//
// Clients are of type any here: code that is generic over interface types is linked
// once for each of them, under names of hundreds of bytes, in every function.
package awsorigin

import (
	"reflect"
	"sync"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Get gives a client of the type its source expects.
type Get func() (any, error)

// Clients are the clients of one source package.
type Clients struct {
	option *lambdacache.OptionKind[any]
	build  Get

	mu     sync.Mutex
	client any // the default one, nil until it is needed
}

// NewClients names the option that takes a client, "ssmcache.Client", and says how to
// make the default one. An error of build is not kept: the next load tries again,
// because a missing variable may have been set by then. cachetest.Reset makes the
// default client anew.
func NewClients(option string, build Get) *Clients {
	c := &Clients{option: lambdacache.NewOptionKind[any](option), build: build}
	testhook.OnReset(func() {
		c.mu.Lock()
		c.client = nil
		c.mu.Unlock()
	})
	return c
}

// With is the option. A nil client, also a nil pointer, and a client that cannot be
// compared with others panic.
func (c *Clients) With(client any) lambdacache.Option {
	switch v := reflect.ValueOf(client); {
	case client == nil, v.Kind() == reflect.Pointer && v.IsNil():
		panic("lambdacache: " + c.option.Name() + " was given nil: give it a client, or leave the option out for the default one")
	case !v.Comparable():
		panic("lambdacache: " + c.option.Name() + " was given a client that cannot be compared with others: give it a pointer")
	}
	return c.option.With(client)
}

// Given is the client among opts, nil if there is none: the default one will do.
func (c *Clients) Given(opts []lambdacache.Option) any {
	client, _, _ := c.option.Take(opts)
	return client
}

// Takes reports whether an option is the one that takes a client.
func (c *Clients) Takes(o lambdacache.Option) bool {
	_, is, _ := c.option.Take([]lambdacache.Option{o})
	return is
}

// Default gives the default client and makes it if need be.
func (c *Clients) Default() (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		return c.client, nil
	}
	client, err := c.build()
	if err == nil {
		c.client = client
	}
	return client, err
}

// Origins holds one kind of origin for each client.
type Origins[R any] struct {
	clients *Clients
	origin  func(Get) *lambdacache.Origin[R]

	mu       sync.Mutex
	byClient map[any]*lambdacache.Origin[R] // the default client's under nil
}

// NewOrigins says how to make the origin of a client.
func NewOrigins[R any](clients *Clients, origin func(Get) *lambdacache.Origin[R]) *Origins[R] {
	return &Origins[R]{clients: clients, origin: origin, byClient: make(map[any]*lambdacache.Origin[R])}
}

// Take gives the origin of the client among opts, or of the default one, and opts
// without it.
func (o *Origins[R]) Take(opts []lambdacache.Option) (*lambdacache.Origin[R], []lambdacache.Option) {
	client, given, rest := o.clients.option.Take(opts)
	get := Get(o.clients.Default)
	if given {
		get = func() (any, error) { return client, nil }
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	origin := o.byClient[client]
	if origin == nil {
		origin = o.origin(get)
		o.byClient[client] = origin
	}
	return origin, rest
}
