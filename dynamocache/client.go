package dynamocache

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// Client makes an entry load with a client of your own, as it is: with other settings
// than those of package awsconfig. For another Region or account [Region] and [Config]
// are less to write. Entries with the same client share calls. *dynamodb.Client is an API.
func Client(c API) lambdacache.Option { return clients.Client(c) }

// Region makes an entry load from another Region: "eu-west-1". It is part of what the
// entry loads. What is not the name of a Region panics, and so does Region together with
// [Client], which has one.
func Region(region string) lambdacache.Option { return clients.Region(region) }

// Config makes an entry load with another configuration, such as the credentials of a
// role in another account ([github.com/lambda-cache/lambdacache/awsconfig/assumerole]).
// Nil panics, and so does Config together with [Client], which has credentials of its
// own.
func Config(p awsconfig.Provider) lambdacache.Option { return clients.Config(p) }

var clients = awsorigin.NewClients("dynamocache", awsconfig.Default, func(cfg aws.Config) any { return dynamodb.NewFromConfig(cfg) })

// Items that are read consistently have origins of their own: in one BatchGetItem all
// items of a table are read the same way.
var (
	eventually   = newOrigins(false)
	consistently = newOrigins(true)
)

func newOrigins(consistent bool) *awsorigin.Origins[*item] {
	return awsorigin.NewOrigins(clients, "dynamodb", func(name string, client awsorigin.Get) *lambdacache.Origin[*item] {
		return lambdacache.NewOrigin(name, newSource(client, consistent))
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
