package appconfigcache

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
)

// API is what a client must be able to do; *appconfigdata.Client is one.
type API interface {
	StartConfigurationSession(context.Context, *appconfigdata.StartConfigurationSessionInput, ...func(*appconfigdata.Options)) (*appconfigdata.StartConfigurationSessionOutput, error)
	GetLatestConfiguration(context.Context, *appconfigdata.GetLatestConfigurationInput, ...func(*appconfigdata.Options)) (*appconfigdata.GetLatestConfigurationOutput, error)
}

var clients = awsorigin.NewClients("appconfigcache", awsconfig.Default, func(cfg aws.Config) any { return appconfigdata.NewFromConfig(cfg) })

var origins = awsorigin.NewOrigins(clients, "appconfig", func(name string, client awsorigin.Get) *lambdacache.Origin[[]byte] {
	return lambdacache.NewOrigin(name, newSource(client))
})

// api is the client of a source.
func (s *source) api() (API, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return client.(API), nil
}
