package ssmcache

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
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

var clients = awsorigin.NewClients("ssmcache", awsconfig.Default, func(cfg aws.Config) any { return ssm.NewFromConfig(cfg) })

var origins = awsorigin.NewOrigins(clients, "ssm", func(name string, client awsorigin.Get) *lambdacache.Origin[*parameter] {
	return lambdacache.NewOrigin(name, &source{client})
})

// api is the client of a source.
func (s *source) api() (API, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return client.(API), nil
}
