package awsconfig

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

func BenchmarkBuild(b *testing.B) {
	h := lambdaEnv(nil).host()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := build(h); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkByHand is the least that a configuration with a client of its own costs.
func BenchmarkByHand(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		cfg := aws.Config{
			Region:     "us-east-1",
			HTTPClient: awshttp.NewBuildableClient(),
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, nil
			}),
		}
		cfg.HTTPClient.(*awshttp.BuildableClient).GetTransport()
	}
}

func BenchmarkDefault(b *testing.B) {
	defer forget()
	forget()
	b.Setenv("AWS_REGION", "us-east-1")
	b.Setenv("AWS_ACCESS_KEY_ID", "k")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Default("bench"); err != nil {
			b.Fatal(err)
		}
	}
}
