package s3cache

import (
	"context"
	"net"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
)

// API is what this package calls of an S3 client. *s3.Client implements it.
type API interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

var clients = awsorigin.NewClients("s3cache", awsconfig.Streaming, func(cfg aws.Config) any { return s3.NewFromConfig(cfg, tune) })

// policy is how the client tries again; nil if it does not say, as one written by hand.
func (s service) policy() aws.Retryer {
	client, err := s.client()
	if c, ok := client.(interface{ Options() s3.Options }); err == nil && ok {
		return c.Options().Retryer
	}
	return nil
}

func tune(o *s3.Options) {
	// Some objects, such as those uploaded in parts, have no checksum of the whole.
	// There is nothing to be done about it, so there is nothing to log.
	o.DisableLogOutputChecksumValidationSkipped = true
	// AWS tells buckets apart by host name. A server on this machine has only one.
	o.UsePathStyle = o.UsePathStyle || o.BaseEndpoint != nil && isLocal(*o.BaseEndpoint)
}

func isLocal(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return net.ParseIP(host) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
