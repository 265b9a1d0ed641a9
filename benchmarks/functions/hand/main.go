// Hand is the function of cold-start comparisons as one writes it with the SDK
// alone: a hand-made configuration and a global variable that is never fetched again.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

var key string

func handler(ctx context.Context, _ struct{}) (int, error) {
	if key == "" {
		cfg := aws.Config{
			Region:       os.Getenv("AWS_REGION"),
			BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{
					AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
					SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
					SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
				}, nil
			}),
		}
		out, err := ssm.NewFromConfig(cfg).GetParameters(ctx, &ssm.GetParametersInput{
			Names: []string{"/app/key"}, WithDecryption: aws.Bool(true),
		})
		if err != nil {
			return 0, err
		}
		if len(out.Parameters) != 1 {
			return 0, fmt.Errorf("%d parameters", len(out.Parameters))
		}
		key = *out.Parameters[0].Value
	}
	return len(key), nil
}

func main() { lambda.Start(handler) }
