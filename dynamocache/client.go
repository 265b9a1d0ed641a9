package dynamocache

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
)

// API is what a client must be able to do; *dynamodb.Client is one.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

// Client makes an entry load with a client of your own, as it is: for another
// account or Region, or with other settings than those of package awsconfig. Entries
// with the same client share calls. *dynamodb.Client is an API.
func Client(c API) lambdacache.Option { return clients.With(c) }

var clients = awsorigin.NewClients("dynamocache.Client", func() (any, error) {
	cfg, err := awsconfig.Default("dynamocache")
	if err != nil {
		return nil, err
	}
	return dynamodb.NewFromConfig(cfg), nil
})

// Items that are read consistently have origins of their own: in one BatchGetItem all
// items of a table are read the same way.
var (
	eventually   = newOrigins(false)
	consistently = newOrigins(true)
)

func newOrigins(consistent bool) *awsorigin.Origins[*item] {
	return awsorigin.NewOrigins(clients, func(client awsorigin.Get) *lambdacache.Origin[*item] {
		return lambdacache.NewOrigin("dynamodb", newSource(client, consistent))
	})
}

// api is the client of a source.
func (s *source) api() (API, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return client.(API), nil
}
