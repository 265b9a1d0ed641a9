package ssmcache

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
)

// API is what a client must be able to do; *ssm.Client is one.
type API interface {
	GetParameters(context.Context, *ssm.GetParametersInput, ...func(*ssm.Options)) (*ssm.GetParametersOutput, error)
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

var clients = awsorigin.NewClients("ssmcache.Client", func() (any, error) {
	cfg, err := awsconfig.Default("ssmcache")
	if err != nil {
		return nil, err
	}
	return ssm.NewFromConfig(cfg), nil
})

var origins = awsorigin.NewOrigins(clients, func(client awsorigin.Get) *lambdacache.Origin[*parameter] {
	return lambdacache.NewOrigin("ssm", &source{client})
})

// api is the client of a source.
func (s *source) api() (API, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return client.(API), nil
}
