package awsconfig

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A function's own clients presign with the configuration. There is no answer to read then.
func TestPresign(t *testing.T) {
	cfg := mustBuild(t, lambdaEnv(nil).host()).plain
	object := &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}
	if _, err := s3.NewPresignClient(s3.NewFromConfig(cfg)).PresignGetObject(t.Context(), object); err != nil {
		t.Error(err)
	}
	if _, err := sts.NewPresignClient(sts.NewFromConfig(cfg)).PresignGetCallerIdentity(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
