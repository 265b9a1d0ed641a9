package awsconfig

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// recorder answers every request without a network and keeps it.
type recorder struct {
	requests []*http.Request
	answer   func(*http.Request) *http.Response
}

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	r.requests = append(r.requests, req)
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
	}
	if r.answer != nil {
		return r.answer(req), nil
	}
	return respond(200, "{}"), nil
}

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func (r *recorder) hosts() string {
	var hosts []string
	for _, req := range r.requests {
		hosts = append(hosts, req.URL.Scheme+"://"+req.URL.Host)
	}
	return strings.Join(hosts, " ")
}

func (r *recorder) header(name string) string {
	if len(r.requests) == 0 {
		return "no request"
	}
	return r.requests[len(r.requests)-1].Header.Get(name)
}

func ssmClient(cfg aws.Config) func() error {
	client := ssm.NewFromConfig(cfg)
	return func() error {
		_, err := client.GetParameter(context.Background(), &ssm.GetParameterInput{Name: aws.String("/a")})
		return err
	}
}

func getSecret(cfg aws.Config) error {
	_, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(context.Background(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("a")})
	return err
}

func getObjectOf(bucket string) func(aws.Config) error {
	return func(cfg aws.Config) error {
		out, err := s3.NewFromConfig(cfg).GetObject(context.Background(),
			&s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
		if err == nil {
			out.Body.Close()
		}
		return err
	}
}

func putObject(cfg aws.Config) error {
	_, err := s3.NewFromConfig(cfg).PutObject(context.Background(),
		&s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), Body: strings.NewReader("body")})
	return err
}

const (
	accessPoint      = "arn:aws:s3:us-west-2:123456789012:accesspoint/mine"
	multiRegion      = "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap"
	directoryBucket  = "b--use1-az4--x-s3"
	sessionAnswerXML = `<CreateSessionResult><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>` +
		`<SessionToken>c</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>`
)

// Each setting, by what a service's client really sends.
func TestSettingsReachTheRequest(t *testing.T) {
	hosts := (*recorder).hosts
	header := func(name string) func(*recorder) string {
		return func(r *recorder) string { return r.header(name) }
	}
	tests := []struct {
		name string
		env  env
		call func(aws.Config) error
		see  func(*recorder) string
		want string // a prefix with … at its end
		err  string // part of the call's error
	}{
		{name: "plain", call: getParameter, see: hosts, want: "https://ssm.us-east-1.amazonaws.com"},
		{name: "second Region", env: env{"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}, call: getParameter, see: hosts, want: "https://ssm.eu-west-1.amazonaws.com"},
		{name: "first Region", env: env{"AWS_DEFAULT_REGION": "eu-west-1"}, call: getParameter, see: hosts, want: "https://ssm.us-east-1.amazonaws.com"},
		{name: "session token", call: getParameter, see: header("X-Amz-Security-Token"), want: "token"},

		{name: "endpoint", env: env{"AWS_ENDPOINT_URL": "http://e:1"}, call: getSecret, see: hosts, want: "http://e:1"},
		{name: "endpoint of SSM", env: env{"AWS_ENDPOINT_URL_SSM": "http://e:2", "AWS_ENDPOINT_URL": "http://e:1"}, call: getParameter, see: hosts, want: "http://e:2"},
		{name: "endpoint of Secrets Manager", env: env{"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://e:2"}, call: getSecret, see: hosts, want: "http://e:2"},
		{name: "endpoint of S3", env: env{"AWS_ENDPOINT_URL_S3": "http://e:2"}, call: getObjectOf("bucket"), see: hosts, want: "http://bucket.e:2"},
		{name: "endpoint of another", env: env{"AWS_ENDPOINT_URL_S3": "http://e:2"}, call: getParameter, see: hosts, want: "https://ssm.us-east-1.amazonaws.com"},
		{name: "endpoint ignored", env: env{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://e:1"}, call: getParameter, see: hosts, want: "https://ssm.us-east-1.amazonaws.com"},
		{name: "service's endpoint ignored", env: env{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE", "AWS_ENDPOINT_URL_SSM": "http://e:2"}, call: getParameter, see: hosts, want: "https://ssm.us-east-1.amazonaws.com"},
		{name: "endpoint not ignored", env: env{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false", "AWS_ENDPOINT_URL": "http://e:1"}, call: getParameter, see: hosts, want: "http://e:1"},

		{name: "FIPS", env: env{"AWS_USE_FIPS_ENDPOINT": "true"}, call: getParameter, see: hosts, want: "https://ssm-fips.us-east-1.amazonaws.com"},
		{name: "FIPS for S3", env: env{"AWS_USE_FIPS_ENDPOINT": "true"}, call: getObjectOf("bucket"), see: hosts, want: "https://bucket.s3-fips.us-east-1.amazonaws.com"},
		{name: "no FIPS", env: env{"AWS_USE_FIPS_ENDPOINT": "false"}, call: getParameter, see: hosts, want: "https://ssm.us-east-1.amazonaws.com"},
		{name: "dual stack", env: env{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, call: getParameter, see: hosts, want: "https://ssm.us-east-1.api.aws"},
		{name: "dual stack for S3", env: env{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, call: getObjectOf("bucket"), see: hosts, want: "https://bucket.s3.dualstack.us-east-1.amazonaws.com"},
		{name: "no dual stack", env: env{"AWS_USE_DUALSTACK_ENDPOINT": "false"}, call: getParameter, see: hosts, want: "https://ssm.us-east-1.amazonaws.com"},

		{name: "Region of an ARN", env: env{"AWS_S3_USE_ARN_REGION": "true"}, call: getObjectOf(accessPoint), see: hosts, want: "https://mine-123456789012.s3-accesspoint.us-west-2.amazonaws.com"},
		{name: "not the Region of an ARN", env: env{"AWS_S3_USE_ARN_REGION": "false"}, call: getObjectOf(accessPoint), see: hosts, err: "us-west-2"},
		{name: "multi-Region", call: getObjectOf(multiRegion), see: hosts, want: "https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"},
		{name: "no multi-Region", env: env{"AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS": "true"}, call: getObjectOf(multiRegion), see: hosts, err: "disabled"},
		{name: "express session", call: getObjectOf(directoryBucket), see: header("X-Amz-S3session-Token"), want: "c"},
		{name: "no express session", env: env{"AWS_S3_DISABLE_EXPRESS_SESSION_AUTH": "true"}, call: getObjectOf(directoryBucket), see: header("X-Amz-S3session-Token"), want: ""},

		{name: "checksum of a request", call: putObject, see: header("X-Amz-Trailer"), want: "x-amz-checksum-crc32"},
		{name: "no checksum of a request", env: env{"AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED"}, call: putObject, see: header("X-Amz-Trailer"), want: ""},
		{name: "checksum of a response", env: env{"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported"}, call: getObjectOf("bucket"), see: header("X-Amz-Checksum-Mode"), want: "ENABLED"},
		{name: "no checksum of a response", env: env{"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}, call: getObjectOf("bucket"), see: header("X-Amz-Checksum-Mode"), want: ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := mustBuild(t, lambdaEnv(test.env).host()).plain
			r := &recorder{answer: func(req *http.Request) *http.Response {
				if req.URL.RawQuery == "session" || req.URL.Query().Has("session") {
					return respond(200, sessionAnswerXML)
				}
				return respond(200, "{}")
			}}
			cfg.HTTPClient = r
			err := test.call(cfg)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want …%s…", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := test.see(r); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAppID(t *testing.T) {
	cfg := mustBuild(t, lambdaEnv(env{"AWS_SDK_UA_APP_ID": "my-app"}).host()).plain
	r := &recorder{}
	cfg.HTTPClient = r
	if err := getParameter(cfg); err != nil {
		t.Fatal(err)
	}
	if agent := r.header("User-Agent"); !strings.Contains(agent, "app/my-app") {
		t.Error(agent)
	}
}

func TestAttempts(t *testing.T) {
	for value, want := range map[string]int32{"": 3, "1": 1, "5": 5} {
		s := serve(t, func(_ int32, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
		built := mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL, "AWS_MAX_ATTEMPTS": value}).host())
		if err := getParameter(built.plain); err == nil {
			t.Error("no error")
		}
		if n := s.requests.Load(); n != want {
			t.Errorf("AWS_MAX_ATTEMPTS=%s: %d requests, want %d", value, n, want)
		}
	}
}

func TestRetryMode(t *testing.T) {
	for value, adaptive := range map[string]bool{"": false, "standard": false, "adaptive": true} {
		cfg := mustBuild(t, lambdaEnv(env{"AWS_RETRY_MODE": value}).host()).plain
		retryer := cfg.Retryer()
		if _, ok := retryer.(*retry.AdaptiveMode); ok != adaptive {
			t.Errorf("AWS_RETRY_MODE=%s: %T", value, retryer)
		}
		if n := retryer.MaxAttempts(); n != 3 {
			t.Errorf("AWS_RETRY_MODE=%s: %d attempts", value, n)
		}
		r := &recorder{}
		cfg.HTTPClient = r
		if err := getParameter(cfg); err != nil {
			t.Error(err)
		}
	}
}

// An hour between the clocks: the SDK signs again with the server's time, unless
// told not to.
func TestClockSkewCorrection(t *testing.T) {
	for value, want := range map[string]int{"": 2, "false": 2, "true": 1} {
		cfg := mustBuild(t, lambdaEnv(env{"AWS_DISABLE_CLOCK_SKEW_CORRECTION": value}).host()).plain
		r := &recorder{}
		r.answer = func(*http.Request) *http.Response {
			resp := respond(200, "{}")
			if len(r.requests) == 1 {
				resp = respond(400, `{"__type":"InvalidSignatureException","message":"expired"}`)
			}
			resp.Header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			return resp
		}
		cfg.HTTPClient = r
		if err := getParameter(cfg); (err == nil) != (want == 2) {
			t.Errorf("%q: %v", value, err)
		}
		if n := len(r.requests); n != want {
			t.Errorf("AWS_DISABLE_CLOCK_SKEW_CORRECTION=%s: %d requests, want %d", value, n, want)
		}
	}
}

// No service of ours so far acts on these; that they arrive is all there is to see.
func TestSettingsOfOtherServices(t *testing.T) {
	cfg := mustBuild(t, lambdaEnv(env{
		"AWS_ACCOUNT_ID_ENDPOINT_MODE":           "required",
		"AWS_DISABLE_REQUEST_COMPRESSION":        "true",
		"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "99",
		"AWS_ENABLE_ENDPOINT_DISCOVERY":          "auto",
		"AWS_AUTH_SCHEME_PREFERENCE":             "sigv4a, sigv4",
	}).host()).plain
	if cfg.AccountIDEndpointMode != aws.AccountIDEndpointModeRequired || !cfg.DisableRequestCompression ||
		cfg.RequestMinCompressSizeBytes != 99 || strings.Join(cfg.AuthSchemePreference, "+") != "sigv4a+sigv4" {
		t.Errorf("%v %v %v %v", cfg.AccountIDEndpointMode, cfg.DisableRequestCompression,
			cfg.RequestMinCompressSizeBytes, cfg.AuthSchemePreference)
	}
	for value, want := range map[string]aws.EndpointDiscoveryEnableState{
		"true": aws.EndpointDiscoveryEnabled, "false": aws.EndpointDiscoveryDisabled,
		"auto": aws.EndpointDiscoveryAuto, "": aws.EndpointDiscoveryUnset,
	} {
		cfg := mustBuild(t, lambdaEnv(env{"AWS_ENABLE_ENDPOINT_DISCOVERY": value}).host()).plain
		getter := cfg.ConfigSources[0].(interface {
			GetEnableEndpointDiscovery(context.Context) (aws.EndpointDiscoveryEnableState, bool, error)
		})
		if got, found, err := getter.GetEnableEndpointDiscovery(context.Background()); got != want || found != (value != "") || err != nil {
			t.Errorf("%q: %v %v %v", value, got, found, err)
		}
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"AWS_MAX_ATTEMPTS":                         {"many", `AWS_MAX_ATTEMPTS is "many": set it to a whole number from 1 to 1000, or unset it`},
		"AWS_RETRY_MODE":                           {"legacy", `AWS_RETRY_MODE is "legacy": set it to standard or adaptive, or unset it`},
		"AWS_USE_FIPS_ENDPOINT":                    {"yes", `AWS_USE_FIPS_ENDPOINT is "yes": set it to true or false, or unset it`},
		"AWS_USE_DUALSTACK_ENDPOINT":               {"1", `AWS_USE_DUALSTACK_ENDPOINT is "1": set it to true or false, or unset it`},
		"AWS_S3_USE_ARN_REGION":                    {"1", `AWS_S3_USE_ARN_REGION is "1": set it to true or false, or unset it`},
		"AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS": {"1", `AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS is "1": set it to true or false, or unset it`},
		"AWS_S3_DISABLE_EXPRESS_SESSION_AUTH":      {"1", `AWS_S3_DISABLE_EXPRESS_SESSION_AUTH is "1": set it to true or false, or unset it`},
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS":      {"1", `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is "1": set it to true or false, or unset it`},
		"AWS_DISABLE_CLOCK_SKEW_CORRECTION":        {"1", `AWS_DISABLE_CLOCK_SKEW_CORRECTION is "1": set it to true or false, or unset it`},
		"AWS_DISABLE_REQUEST_COMPRESSION":          {"1", `AWS_DISABLE_REQUEST_COMPRESSION is "1": set it to true or false, or unset it`},
		"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES":   {"-1", `AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES is "-1": set it to a whole number from 0 to 10485760, or unset it`},
		"AWS_ENABLE_ENDPOINT_DISCOVERY":            {"1", `AWS_ENABLE_ENDPOINT_DISCOVERY is "1": set it to true or false or auto, or unset it`},
		"AWS_ACCOUNT_ID_ENDPOINT_MODE":             {"1", `AWS_ACCOUNT_ID_ENDPOINT_MODE is "1": set it to preferred or required or disabled, or unset it`},
		"AWS_REQUEST_CHECKSUM_CALCULATION":         {"1", `AWS_REQUEST_CHECKSUM_CALCULATION is "1": set it to when_supported or when_required, or unset it`},
		"AWS_RESPONSE_CHECKSUM_VALIDATION":         {"1", `AWS_RESPONSE_CHECKSUM_VALIDATION is "1": set it to when_supported or when_required, or unset it`},
		"AWS_ENDPOINT_URL":                         {"localhost:4566", `AWS_ENDPOINT_URL is not a URL with scheme and host: set it to something like https://localhost:4566, or unset it`},
	} {
		if _, err := build(lambdaEnv(env{name: test.value}).host()); errorText(err) != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
	if _, err := build(lambdaEnv(env{"AWS_MAX_ATTEMPTS": "0"}).host()); err == nil {
		t.Error("no attempt at all was accepted")
	}
}

func TestSettingsNotSetAreTheSDKs(t *testing.T) {
	cfg := mustBuild(t, lambdaEnv(nil).host()).plain
	if cfg.AccountIDEndpointMode != aws.AccountIDEndpointModePreferred || cfg.RequestMinCompressSizeBytes != 10240 {
		t.Errorf("%v %v", cfg.AccountIDEndpointMode, cfg.RequestMinCompressSizeBytes)
	}
	if cfg.Logger != nil || cfg.ClientLogMode != 0 {
		t.Error("the SDK would log")
	}
}

func TestFirstErrorStands(t *testing.T) {
	_, err := build(env{"AWS_MAX_ATTEMPTS": "x"}.host())
	if err == nil || !strings.HasPrefix(err.Error(), "no AWS Region") || errors.Unwrap(err) != nil {
		t.Error(err)
	}
}
