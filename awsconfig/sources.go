package awsconfig

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Service clients find the following settings by looking for these methods in
// aws.Config.ConfigSources; nothing but a test notices when one is missing.

// GetIgnoreConfiguredEndpoints serves AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
func (s *settings) GetIgnoreConfiguredEndpoints(context.Context) (value, found bool, err error) {
	value, found = s.ignoreEndpoints.get()
	return value, found, nil
}

// GetServiceBaseEndpoint serves AWS_ENDPOINT_URL_<SERVICE>, the service's name
// spelled as in AWS_ENDPOINT_URL_SECRETS_MANAGER.
func (s *settings) GetServiceBaseEndpoint(_ context.Context, sdkID string) (value string, found bool, err error) {
	value = s.getenv("AWS_ENDPOINT_URL_" + strings.ReplaceAll(strings.ToUpper(sdkID), " ", "_"))
	return value, value != "", nil
}

// GetUseFIPSEndpoint serves AWS_USE_FIPS_ENDPOINT.
func (s *settings) GetUseFIPSEndpoint(context.Context) (value aws.FIPSEndpointState, found bool, err error) {
	switch s.fips {
	case yes:
		return aws.FIPSEndpointStateEnabled, true, nil
	case no:
		return aws.FIPSEndpointStateDisabled, true, nil
	}
	return aws.FIPSEndpointStateUnset, false, nil
}

// GetUseDualStackEndpoint serves AWS_USE_DUALSTACK_ENDPOINT.
func (s *settings) GetUseDualStackEndpoint(context.Context) (value aws.DualStackEndpointState, found bool, err error) {
	switch s.dualStack {
	case yes:
		return aws.DualStackEndpointStateEnabled, true, nil
	case no:
		return aws.DualStackEndpointStateDisabled, true, nil
	}
	return aws.DualStackEndpointStateUnset, false, nil
}

// GetEnableEndpointDiscovery serves AWS_ENABLE_ENDPOINT_DISCOVERY.
func (s *settings) GetEnableEndpointDiscovery(context.Context) (value aws.EndpointDiscoveryEnableState, found bool, err error) {
	return s.discovery, s.discovery != aws.EndpointDiscoveryUnset, nil
}

// GetS3UseARNRegion serves AWS_S3_USE_ARN_REGION.
func (s *settings) GetS3UseARNRegion(context.Context) (value, found bool, err error) {
	value, found = s.s3ARNRegion.get()
	return value, found, nil
}

// GetS3DisableMultiRegionAccessPoints serves
// AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS.
func (s *settings) GetS3DisableMultiRegionAccessPoints(context.Context) (value, found bool, err error) {
	value, found = s.s3NoMultiRegion.get()
	return value, found, nil
}

// GetS3DisableExpressAuth serves AWS_S3_DISABLE_EXPRESS_SESSION_AUTH.
func (s *settings) GetS3DisableExpressAuth() (value, found bool) { return s.s3NoExpressAuth.get() }

func (f flag) get() (value, found bool) { return f == yes, f != absent }
