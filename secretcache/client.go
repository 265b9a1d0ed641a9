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

// Client makes an entry load with a client of your own, as it is: for another
// account or Region, or with other settings than those of package awsconfig. Entries
// with the same client share calls. *secretsmanager.Client is an API.
func Client(c API) lambdacache.Option { return clients.With(c) }

var clients = awsorigin.NewClients("secretcache.Client", func() (any, error) {
	cfg, err := awsconfig.Default("secretcache")
	if err != nil {
		return nil, err
	}
	return secretsmanager.NewFromConfig(cfg), nil
})

// Entries of a certain stage or version have origins of their own: the batched call
// knows only current versions.
var (
	current = awsorigin.NewOrigins(clients, func(client awsorigin.Get) *lambdacache.Origin[*secret] {
		return newOrigin(client, func(s one) lambdacache.Source[*secret] { return batch{s} })
	})
	pinned = awsorigin.NewOrigins(clients, func(client awsorigin.Get) *lambdacache.Origin[*secret] {
		return newOrigin(client, func(s one) lambdacache.Source[*secret] { return s })
	})
)

// calendars are the rotations of every origin.
var calendars = struct {
	sync.Mutex
	of map[*lambdacache.Origin[*secret]]*rotations
}{of: make(map[*lambdacache.Origin[*secret]]*rotations)}

func newOrigin(client awsorigin.Get, source func(one) lambdacache.Source[*secret]) *lambdacache.Origin[*secret] {
	s := one{client, new(rotations)}
	o := lambdacache.NewOrigin("secretsmanager", source(s))
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
