package awsconfig_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// A configuration of your own, with profiles, SSO or web identity, is handed over before
// the first load: cfg, err := config.LoadDefaultConfig(ctx).
func ExampleUse() {
	defer testhook.Reset()
	cfg := aws.Config{Region: "eu-west-1", Credentials: aws.AnonymousCredentials{}}
	if err := awsconfig.Use(cfg); err != nil {
		fmt.Println(err)
	}
	inForce, err := awsconfig.Default("my source")
	fmt.Println(inForce.Region, err)
	fmt.Println(awsconfig.Use(cfg))
	// Output:
	// eu-west-1 <nil>
	// awsconfig: Use comes too late, my source already made a client: call it before the first load
}
