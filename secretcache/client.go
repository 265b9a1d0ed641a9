package secretcache

import (
	"context"

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
		return lambdacache.NewOrigin("secretsmanager", batch{one{client}})
	})
	pinned = awsorigin.NewOrigins(clients, func(client awsorigin.Get) *lambdacache.Origin[*secret] {
		return lambdacache.NewOrigin("secretsmanager", one{client})
	})
)

// api is the client of a source.
func (s one) api() (API, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return client.(API), nil
}
