package awsconfig

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// settings is what the environment says, read and checked once. Service clients ask
// it for what [aws.Config] has no field for: see sources.go.
type settings struct {
	getenv func(string) string

	region          string
	baseEndpoint    *string
	ignoreEndpoints flag
	fips, dualStack flag
	discovery       aws.EndpointDiscoveryEnableState

	maxAttempts int           // 0: not set
	retryMode   aws.RetryMode // "": not set

	s3ARNRegion, s3NoMultiRegion, s3NoExpressAuth flag

	appID            string
	accountIDMode    aws.AccountIDEndpointMode
	requestChecksum  aws.RequestChecksumCalculation
	responseChecksum aws.ResponseChecksumValidation
	noSkewCorrection bool
	noCompression    bool
	minCompress      int64
	authSchemes      []string
}

// flag is a setting that may be absent.
type flag int8

const (
	absent flag = iota
	no
	yes
)

func readSettings(getenv func(string) string) (*settings, error) {
	r := reader{getenv: getenv}
	s := &settings{
		getenv:           getenv,
		region:           r.region(),
		ignoreEndpoints:  r.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
		fips:             r.flag("AWS_USE_FIPS_ENDPOINT"),
		dualStack:        r.flag("AWS_USE_DUALSTACK_ENDPOINT"),
		discovery:        r.discovery(),
		maxAttempts:      r.number("AWS_MAX_ATTEMPTS", 1, 1000),
		retryMode:        aws.RetryMode(r.word("AWS_RETRY_MODE", "standard", "adaptive")),
		s3ARNRegion:      r.flag("AWS_S3_USE_ARN_REGION"),
		s3NoMultiRegion:  r.flag("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS"),
		s3NoExpressAuth:  r.flag("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH"),
		appID:            getenv("AWS_SDK_UA_APP_ID"),
		accountIDMode:    aws.AccountIDEndpointMode(r.word("AWS_ACCOUNT_ID_ENDPOINT_MODE", "preferred", "required", "disabled")),
		noSkewCorrection: r.flag("AWS_DISABLE_CLOCK_SKEW_CORRECTION") == yes,
		noCompression:    r.flag("AWS_DISABLE_REQUEST_COMPRESSION") == yes,
		minCompress:      int64(r.number("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", 0, 10<<20)),
		authSchemes:      strings.FieldsFunc(getenv("AWS_AUTH_SCHEME_PREFERENCE"), isListSeparator),
	}
	if s.ignoreEndpoints != yes {
		s.baseEndpoint = r.endpoint("AWS_ENDPOINT_URL")
	}
	s.requestChecksum, s.responseChecksum = r.checksums()
	if s.accountIDMode == "" {
		s.accountIDMode = aws.AccountIDEndpointModePreferred
	}
	if getenv("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES") == "" {
		s.minCompress = 10 << 10
	}
	return s, r.err
}

func isListSeparator(c rune) bool { return c == ',' || c == ' ' }

// reader reads variables and keeps the first thing it cannot understand. A variable
// that is set to nothing counts as not set, as in the SDK.
type reader struct {
	getenv func(string) string
	err    error
}

func (r *reader) region() string {
	for _, name := range [...]string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if v := r.getenv(name); v != "" {
			return v
		}
	}
	r.fail("no AWS Region: set AWS_REGION, as Lambda does, or " + useInstead)
	return ""
}

// word is one of the given words, in any case, or "".
func (r *reader) word(name string, words ...string) string {
	v := r.getenv(name)
	if v == "" {
		return ""
	}
	for _, w := range words {
		if strings.EqualFold(v, w) {
			return w
		}
	}
	r.fail(fmt.Sprintf("%s is %q: set it to %s, or unset it", name, v, strings.Join(words, " or ")))
	return ""
}

func (r *reader) flag(name string) flag {
	switch r.word(name, "true", "false") {
	case "true":
		return yes
	case "false":
		return no
	}
	return absent
}

// checksums are on unless told otherwise; to a client, not set means off.
func (r *reader) checksums() (aws.RequestChecksumCalculation, aws.ResponseChecksumValidation) {
	request, response := aws.RequestChecksumCalculationWhenSupported, aws.ResponseChecksumValidationWhenSupported
	if r.word("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported", "when_required") == "when_required" {
		request = aws.RequestChecksumCalculationWhenRequired
	}
	if r.word("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_supported", "when_required") == "when_required" {
		response = aws.ResponseChecksumValidationWhenRequired
	}
	return request, response
}

func (r *reader) discovery() aws.EndpointDiscoveryEnableState {
	switch r.word("AWS_ENABLE_ENDPOINT_DISCOVERY", "true", "false", "auto") {
	case "true":
		return aws.EndpointDiscoveryEnabled
	case "false":
		return aws.EndpointDiscoveryDisabled
	case "auto":
		return aws.EndpointDiscoveryAuto
	}
	return aws.EndpointDiscoveryUnset
}

func (r *reader) number(name string, least, most int) int {
	v := r.getenv(name)
	if v == "" {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		r.fail(fmt.Sprintf("%s is %q: set it to a whole number from %d to %d, or unset it", name, v, least, most))
	}
	return n
}

func (r *reader) endpoint(name string) *string {
	v := r.getenv(name)
	if v == "" {
		return nil
	}
	if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		r.fail(name + " is not a URL with scheme and host: set it to something like https://localhost:4566, or unset it")
	}
	return &v
}

func (r *reader) fail(text string) {
	if r.err == nil {
		r.err = errors.New(text)
	}
}
