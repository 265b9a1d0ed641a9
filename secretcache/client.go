package secretcache

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
)

// API is what a client must be able to do; *secretsmanager.Client is one.
type API interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	BatchGetSecretValue(context.Context, *secretsmanager.BatchGetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.BatchGetSecretValueOutput, error)
}

// Client makes an entry load with a client of your own, as it is: with other settings
// than those of package awsconfig. For another Region or account [Region] and [Config]
// are less to write. Entries with the same client share calls. *secretsmanager.Client is an API.
func Client(c API) lambdacache.Option { return clients.Client(c) }

// Region makes an entry load from another Region: "eu-west-1". It is part of what the
// entry loads: a name in two Regions is two secrets. What is not the name of a Region
// panics, and so does Region together with [Client], which has one.
func Region(region string) lambdacache.Option { return clients.Region(region) }

// Config makes an entry load with another configuration, such as the credentials of a
// role in another account ([github.com/lambda-cache/lambdacache/awsconfig/assumerole]).
// Entries with the same provider and Region share calls. Nil panics, and so does Config
// together with [Client], which has credentials of its own.
func Config(p awsconfig.Provider) lambdacache.Option { return clients.Config(p) }

var clients = awsorigin.NewClients("secretcache", awsconfig.Default, func(cfg aws.Config) any {
	return secretsmanager.NewFromConfig(cfg)
})

// Entries of a certain stage or version have origins of their own: the batched call
// knows only current versions.
var (
	current = awsorigin.NewOrigins(clients, "secretsmanager", func(name string, client awsorigin.Get) *lambdacache.Origin[*secret] {
		return newOrigin(name, client, func(s one) lambdacache.Source[*secret] { return batch{s} })
	})
	pinned = awsorigin.NewOrigins(clients, "secretsmanager", func(name string, client awsorigin.Get) *lambdacache.Origin[*secret] {
		return newOrigin(name, client, func(s one) lambdacache.Source[*secret] { return s })
	})
)

// calendars are the rotations of every origin.
var calendars = struct {
	sync.Mutex
	of map[*lambdacache.Origin[*secret]]*rotations
}{of: make(map[*lambdacache.Origin[*secret]]*rotations)}

func newOrigin(name string, client awsorigin.Get, source func(one) lambdacache.Source[*secret]) *lambdacache.Origin[*secret] {
	s := one{client, new(rotations)}
	o := lambdacache.NewOrigin(name, source(s))
	calendars.Lock()
	calendars.of[o] = s.rotations
	calendars.Unlock()
	return o
}

func rotationsOf(o *lambdacache.Origin[*secret]) *rotations {
	calendars.Lock()
	defer calendars.Unlock()
	return calendars.of[o]
}

// api is the client of a source.
func (s one) api() (API, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return client.(API), nil
}

// policy is how the client tries again; nil if it does not say, as one written by hand.
func (s one) policy() aws.Retryer {
	client, err := s.client()
	if c, ok := client.(interface{ Options() secretsmanager.Options }); err == nil && ok {
		return c.Options().Retryer
	}
	return nil
}
