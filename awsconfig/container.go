package awsconfig

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache/internal/awskeys"
)

// container provides the credentials of the endpoint of SnapStart and Managed
// Instances.
type container struct {
	endpoint *endpoint
	keys     *awskeys.Cache
}

func newContainer(e *endpoint) *container {
	return &container{e, awskeys.New(func(ctx context.Context, hurry bool) (*awskeys.Grant, error) {
		if hurry {
			return e.ask(ctx, 1)
		}
		return e.ask(ctx, e.attempts)
	})}
}

// Retrieve gives the credentials held, or those that one caller gets for all.
func (c *container) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := c.keys.Retrieve(ctx)
	if err != nil {
		// An operation of its own, so that a refusal of the endpoint is not taken for
		// a refusal of the call that wanted the credentials.
		return aws.Credentials{}, &smithy.OperationError{ServiceID: c.endpoint.variable, OperationName: "GetCredentials", Err: err}
	}
	return creds, nil
}

// ProviderSources tells services, in the User-Agent, where the credentials are from.
func (c *container) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceHTTP}
}
