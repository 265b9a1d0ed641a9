// Package awsorigin is what the source packages for AWS services have in common: the
// options that say with which client, credentials and Region to load, clients that are
// made at the first load and not before, and an origin for each of these choices.
//
// Clients are of type any here: code that is generic over interface types is linked
// once for each of them, under names of hundreds of bytes, in every function.
package awsorigin

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Get gives a client of the type its source expects.
type Get func() (any, error)

// Clients are the clients of one source package.
type Clients struct {
	source string
	client *lambdacache.OptionKind[any]
	config *lambdacache.OptionKind[awsconfig.Provider]
	region *lambdacache.OptionKind[string]
	base   func(user string) (aws.Config, error)
	build  func(aws.Config) any

	mu   sync.Mutex
	made map[choice]*client
}

// client is one that is made when it is needed. Making one holds nobody else up: a
// provider may take its time.
type client struct {
	mu   sync.Mutex
	made any
}

// choice is what the options of an entry say; the zero one is the default. It is part
// of the entry's identity.
type choice struct {
	client any // a user's, which comes alone
	config awsconfig.Provider
	region string
}

// NewClients names the source package, "ssmcache", and says which configuration its
// clients are made of, [awsconfig.Default] or [awsconfig.Streaming], and how. An error
// of a configuration is not kept: the next load tries again, because a missing variable
// may have been set by then. cachetest.Reset makes the clients anew.
func NewClients(source string, base func(user string) (aws.Config, error), build func(aws.Config) any) *Clients {
	c := &Clients{
		source: source,
		client: lambdacache.NewOptionKind[any](source + ".Client"),
		config: lambdacache.NewOptionKind[awsconfig.Provider](source + ".Config"),
		region: lambdacache.NewOptionKind[string](source + ".Region"),
		base:   base,
		build:  build,
		made:   make(map[choice]*client),
	}
	testhook.OnReset(func() {
		c.mu.Lock()
		clear(c.made)
		c.mu.Unlock()
	})
	return c
}

// Client is the option that brings a client. A nil client, also a nil pointer, and a
// client that cannot be compared with others panic.
func (c *Clients) Client(client any) lambdacache.Option {
	Check(c.client.Name(), "client", client)
	return c.client.With(client)
}

// Config is the option that brings a configuration; it panics as [Clients.Client] does.
func (c *Clients) Config(p awsconfig.Provider) lambdacache.Option {
	Check(c.config.Name(), "provider", p)
	return c.config.With(p)
}

// Region is the option that names a Region. What is not the name of one panics.
func (c *Clients) Region(region string) lambdacache.Option {
	if region == "" || strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || !strings.Contains(region, "-") {
		panic(fmt.Sprintf("lambdacache: %s(%q): not a Region: write its code, such as eu-west-1", c.region.Name(), region))
	}
	return c.region.With(region)
}

// Check panics if what an option was given is nil, also a nil pointer, or cannot be
// compared with others, as what tells entries apart must.
func Check(option, what string, given any) {
	switch v := reflect.ValueOf(given); {
	case given == nil, v.Kind() == reflect.Pointer && v.IsNil():
		panic("lambdacache: " + option + " was given nil: give it a " + what + ", or leave the option out for the default one")
	case !v.Comparable():
		panic("lambdacache: " + option + " was given a " + what + " that cannot be compared with others: give it a pointer")
	}
}

// take reads a choice, and gives opts without it.
func (c *Clients) take(key string, opts []lambdacache.Option) (choice, []lambdacache.Option) {
	var x choice
	var own, configured, located bool
	x.client, own, opts = c.client.Take(opts)
	x.config, configured, opts = c.config.Take(opts)
	x.region, located, opts = c.region.Take(opts)
	if own && (configured || located) {
		name := c.region.Name()
		if configured {
			name = c.config.Name()
		}
		panic(fmt.Sprintf("lambdacache: %s: %q: %s with %s: a client has credentials and a Region of its own; leave one of them out",
			c.source, key, c.client.Name(), name))
	}
	return x, opts
}

// Given is the client among opts, nil if there is none: the default one will do.
func (c *Clients) Given(opts []lambdacache.Option) any {
	client, _, _ := c.client.Take(opts)
	return client
}

// Takes reports whether an option is one of those that choose an origin.
func (c *Clients) Takes(o lambdacache.Option) bool {
	opts := []lambdacache.Option{o}
	_, client, _ := c.client.Take(opts)
	_, config, _ := c.config.Take(opts)
	_, region, _ := c.region.Take(opts)
	return client || config || region
}

// get gives the client of a choice and makes it if need be.
func (c *Clients) get(x choice) (any, error) {
	if x.client != nil {
		return x.client, nil
	}
	one := c.of(x)
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.made != nil {
		return one.made, nil
	}
	cfg, err := c.base(c.source)
	if err == nil && x.config != nil {
		cfg, err = x.config.Configure(cfg)
	}
	if err != nil {
		return nil, err
	}
	if x.region != "" {
		cfg.Region = x.region
	}
	one.made = c.build(cfg)
	return one.made, nil
}

func (c *Clients) of(x choice) *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made[x] == nil {
		c.made[x] = new(client)
	}
	return c.made[x]
}

// Origins holds one kind of origin for each choice.
type Origins[R any] struct {
	clients *Clients
	service string
	origin  func(name string, client Get) *lambdacache.Origin[R]

	mu sync.Mutex
	of map[choice]*lambdacache.Origin[R]
}

// NewOrigins says what the origins are called, "ssm", and how to make one. That of
// another Region or configuration is called so: "ssm in eu-west-1".
func NewOrigins[R any](clients *Clients, service string, origin func(name string, client Get) *lambdacache.Origin[R]) *Origins[R] {
	return &Origins[R]{clients: clients, service: service, origin: origin, of: make(map[choice]*lambdacache.Origin[R])}
}

// Take gives the origin that opts choose, and opts without those that do. The key is
// for the panic at options that contradict each other.
func (o *Origins[R]) Take(key string, opts []lambdacache.Option) (*lambdacache.Origin[R], []lambdacache.Option) {
	x, rest := o.clients.take(key, opts)
	o.mu.Lock()
	defer o.mu.Unlock()
	origin := o.of[x]
	if origin == nil {
		origin = o.origin(x.name(o.service), func() (any, error) { return o.clients.get(x) })
		o.of[x] = origin
	}
	return origin, rest
}

// name is what errors and events call an origin: the same key may be declared on
// several.
func (x choice) name(service string) string {
	if x.region != "" {
		service += " in " + x.region
	}
	if x.config != nil {
		service += " as " + x.config.String()
	}
	return service
}
