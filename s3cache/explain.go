package s3cache

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
)

// explain classifies the error of a GetObject and adds what S3 leaves unsaid.
func explain(err error, loc location, partition string) error {
	denial := awsfault.Denial{Action: "s3:GetObject", Resource: loc.arn(partition), Decrypts: true}
	if loc.version != "" {
		denial.Action = "s3:GetObjectVersion"
	}
	classified := awsfault.Classify(err, denial)
	denied, _ := errors.AsType[*lambdacache.DeniedError](classified)
	switch code := awsfault.Code(err); {
	case code == "NoSuchBucket":
		return fmt.Errorf("bucket %q: %w", loc.bucket, classified)
	case code == "MethodNotAllowed" && loc.version != "":
		return lambdacache.NotFound(fmt.Errorf("the version is a delete marker: %w", classified))
	case status(err) == http.StatusMovedPermanently, code == "AuthorizationHeaderMalformed":
		region := regionOf(err)
		if region == "" {
			return fmt.Errorf("%w; bucket %q is in another Region: name it with s3cache.Region", classified, loc.bucket)
		}
		return fmt.Errorf("%w; bucket %q is in %s: give the entry s3cache.Region(%[3]q)", classified, loc.bucket, region)
	case denied != nil && denied.Action == denial.Action:
		return fmt.Errorf("%w; without s3:ListBucket on %s an object that does not exist is answered like this, too",
			classified, loc.bucketARN(partition))
	}
	return classified
}

// regionOf is the bucket's Region, which S3 tells whoever asks in the wrong one, else "".
func regionOf(err error) string {
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok && r.Response != nil && r.Response.Response != nil {
		return r.Response.Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

// partition is that of the client's Region, "aws" if it is not known.
func partition(client API) string {
	c, ok := client.(interface{ Options() s3.Options })
	if !ok {
		return "aws"
	}
	switch region := c.Options().Region; {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
