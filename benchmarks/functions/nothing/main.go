// Nothing is the function of cold-start comparisons that needs nothing: what
// aws-lambda-go alone costs.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func handler(context.Context, struct{}) (int, error) { return 7, nil }

func main() { lambda.Start(handler) }
