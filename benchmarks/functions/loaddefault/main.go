// Loaddefault is the function of cold-start comparisons as the SDK's documentation
// begins: with config.LoadDefaultConfig.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

var key string

func handler(ctx context.Context, _ struct{}) (int, error) {
	if key == "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return 0, err
		}
		out, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{
			Name: aws.String("/app/key"), WithDecryption: aws.Bool(true),
		})
		if err != nil {
			return 0, err
		}
		key = *out.Parameter.Value
	}
	return len(key), nil
}

func main() { lambda.Start(handler) }
