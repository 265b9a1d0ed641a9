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

var clients = awsorigin.NewClients("ssmcache.Client", func() (API, error) {
	cfg, err := awsconfig.Default("ssmcache")
	if err != nil {
		return nil, err
	}
	return ssm.NewFromConfig(cfg), nil
})

var origins = awsorigin.NewOrigins(clients, func(client func() (API, error)) *lambdacache.Origin[parameter] {
	return lambdacache.NewOrigin("ssm", &source{client})
})
