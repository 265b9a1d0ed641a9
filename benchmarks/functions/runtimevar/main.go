// Runtimevar is the function of cold-start comparisons with gocloud.dev's runtimevar.
package main

import (
	"context"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"gocloud.dev/runtimevar"
	"gocloud.dev/runtimevar/awsparamstore"
)

var key = sync.OnceValues(func() (*runtimevar.Variable, error) {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil, err
	}
	return awsparamstore.OpenVariable(ssm.NewFromConfig(cfg), "/app/key", runtimevar.StringDecoder, nil)
})

func handler(ctx context.Context, _ struct{}) (int, error) {
	v, err := key()
	if err != nil {
		return 0, err
	}
	snapshot, err := v.Latest(ctx)
	if err != nil {
		return 0, err
	}
	return len(snapshot.Value.(string)), nil
}

func main() { lambda.Start(handler) }
