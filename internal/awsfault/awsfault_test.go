package awsfault

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
)

func TestClassify(t *testing.T) {
	decrypts := parameterDenial
	decrypts.Decrypts = true
	tests := []struct {
		name   string
		call   func(aws.Config) error
		answer answer
		denial Denial
		want   string
		is     error // the sentinel, nil for none
		split  bool
	}{
		{
			"parameter not found", getParameter,
			answer{400, "ParameterNotFound", "", ""},
			parameterDenial,
			"GetParameter: ParameterNotFound; request id req-1", lambdacache.ErrNotFound, true,
		},
		{
			"parameter version not found", getParameter,
			answer{400, "ParameterVersionNotFound", "no version 9", ""},
			parameterDenial,
			"GetParameter: ParameterVersionNotFound: no version 9; request id req-1", lambdacache.ErrNotFound, true,
		},
		{
			"secret not found", getSecret,
			answer{400, "ResourceNotFoundException", "can't find the secret", ""},
			parameterDenial,
			"GetSecretValue: ResourceNotFoundException: can't find the secret; request id req-1", lambdacache.ErrNotFound, true,
		},
		{
			"object not found", getObject,
			answer{404, "NoSuchKey", "no such key", ""},
			parameterDenial,
			"GetObject: NoSuchKey: no such key; request id req-1", lambdacache.ErrNotFound, true,
		},
		{
			"bucket not found", getObject,
			answer{404, "NoSuchBucket", "no such bucket", ""},
			parameterDenial,
			"GetObject: NoSuchBucket: no such bucket; request id req-1", lambdacache.ErrNotFound, true,
		},
		{
			"head not found", headObject,
			answer{404, "", "", ""},
			parameterDenial,
			"HeadObject: NotFound; request id req-1", lambdacache.ErrNotFound, true,
		},
		{
			"denied", getParameters,
			answer{400, "AccessDeniedException", "user x is not authorized", ""},
			parameterDenial,
			"GetParameters: AccessDeniedException: user x is not authorized; request id req-1; allow ssm:GetParameters on " + parameterARN,
			lambdacache.ErrDenied, true,
		},
		{
			"denied, perhaps by the key", getParameters,
			answer{400, "AccessDeniedException", "no", ""},
			decrypts,
			"GetParameters: AccessDeniedException: no; request id req-1; allow ssm:GetParameters on " + parameterARN + ", or kms:Decrypt on its key",
			lambdacache.ErrDenied, true,
		},
		{
			"object denied", getObject,
			answer{403, "AccessDenied", "Access Denied", ""},
			Denial{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"},
			"GetObject: AccessDenied: Access Denied; request id req-1; allow s3:GetObject on arn:aws:s3:::b/k", lambdacache.ErrDenied, true,
		},
		{
			"head denied", headObject,
			answer{403, "", "", ""},
			Denial{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"},
			"HeadObject: Forbidden; request id req-1; allow s3:GetObject on arn:aws:s3:::b/k", lambdacache.ErrDenied, true,
		},
		{
			"key of a parameter", getParameters,
			answer{400, "InvalidKeyId", "the key is not valid", ""},
			decrypts,
			"GetParameters: InvalidKeyId: the key is not valid; request id req-1; allow kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/*",
			lambdacache.ErrDenied, true,
		},
		{
			"key of a secret in another partition", getSecret,
			answer{400, "DecryptionFailure", "no", ""},
			Denial{Resource: "arn:aws-cn:secretsmanager:cn-north-1:1:secret:db"},
			"GetSecretValue: DecryptionFailure: no; request id req-1; allow kms:Decrypt on arn:aws-cn:kms:cn-north-1:1:key/*",
			lambdacache.ErrDenied, true,
		},
		{
			"throttled", getParameters,
			answer{400, "ThrottlingException", "Rate exceeded", ""},
			parameterDenial,
			"GetParameters: ThrottlingException: Rate exceeded, 2 attempts; request id req-1", lambdacache.ErrThrottled, false,
		},
		{
			"slow down", getObject,
			answer{503, "SlowDown", "reduce", ""},
			parameterDenial,
			"GetObject: SlowDown: reduce, 2 attempts; request id req-1", lambdacache.ErrThrottled, false,
		},
		{
			"slow down without a body", headObject,
			answer{503, "", "", ""},
			parameterDenial,
			"HeadObject: ServiceUnavailable: Service Unavailable, 2 attempts; request id req-1", lambdacache.ErrThrottled, false,
		},
		{
			"out of order", getParameters,
			answer{500, "InternalServerError", "oops", ""},
			parameterDenial,
			"GetParameters: InternalServerError: oops, 2 attempts; request id req-1", nil, false,
		},
		{
			"malformed", getParameters,
			answer{400, "ValidationException", "spaces", ""},
			parameterDenial,
			"GetParameters: ValidationException: spaces; request id req-1", nil, true,
		},
		{
			"marked for deletion", getSecret,
			answer{400, "InvalidRequestException", "deleted", ""},
			parameterDenial,
			"GetSecretValue: InvalidRequestException: deleted; request id req-1", nil, true,
		},
		{
			"expired", getParameters,
			answer{400, "ExpiredTokenException", "expired", ""},
			parameterDenial,
			"GetParameters: ExpiredTokenException: expired; the credentials have expired: get new ones; request id req-1", nil, false,
		},
		{
			"unknown client", getParameters,
			answer{400, "UnrecognizedClientException", "bad token", ""},
			parameterDenial,
			"GetParameters: UnrecognizedClientException: bad token; " + strings.TrimPrefix(rejected.hint(), "; ") + "; request id req-1", nil, false,
		},
		{
			"clock", getObject,
			answer{403, "RequestTimeTooSkewed", "skewed", ""},
			parameterDenial,
			"GetObject: RequestTimeTooSkewed: skewed; " + strings.TrimPrefix(skewed.hint(), "; ") + "; request id req-1", nil, false,
		},
		{
			"a page of a proxy", getParameters,
			answer{502, "", "", "<html>hunter2</html>"},
			parameterDenial,
			"GetParameters: the response with HTTP status 502 cannot be read, 2 attempts; request id req-1", nil, false,
		},
		{
			"nonsense", getParameters,
			answer{200, "", "", `{"Parameters":[{"Value":hunter2}]}`},
			parameterDenial,
			"cannot decode: the response to GetParameters; request id req-1", lambdacache.ErrDecode, false,
		},
		{
			"wrong type", getParameters,
			answer{200, "", "", `{"Parameters":[{"Value":["hunter2"]}]}`},
			parameterDenial,
			"cannot decode: the response to GetParameters; request id req-1", lambdacache.ErrDecode, false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Amz-Target") != "" {
					test.answer.json(w)
				} else {
					test.answer.xml(w)
				}
			}))
			defer server.Close()
			raw := test.call(config(server.URL, 2))
			if raw == nil {
				t.Fatal("the SDK returned no error")
			}

			err := Classify(raw, test.denial)
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
			for _, sentinel := range []error{
				lambdacache.ErrNotFound, lambdacache.ErrDenied, lambdacache.ErrThrottled, lambdacache.ErrDecode,
			} {
				if got := errors.Is(err, sentinel); got != (sentinel == test.is) {
					t.Errorf("errors.Is(%v) = %v", sentinel, got)
				}
			}
			if CanSplit(raw) != test.split || CanSplit(err) != test.split {
				t.Errorf("CanSplit: raw %v, classified %v, want %v", CanSplit(raw), CanSplit(err), test.split)
			}
			if !errors.Is(err, lambdacache.ErrDecode) {
				if response, ok := errors.AsType[*awshttp.ResponseError](err); !ok || response.HTTPStatusCode() != test.answer.status {
					t.Errorf("the response cannot be reached: %v", ok)
				}
			}
			holdsNoResponse(t, err)
		})
	}
}

func TestTypedErrorIsReachable(t *testing.T) {
	server := serve(t, answer{400, "ParameterNotFound", "gone", ""})
	err := Classify(getParameter(config(server, 1)), parameterDenial)
	if _, ok := errors.AsType[*ssmtypes.ParameterNotFound](err); !ok {
		t.Errorf("no ParameterNotFound in %#v", err)
	}
	if got := Code(err); got != "ParameterNotFound" {
		t.Errorf("Code = %q", got)
	}
}

func TestDeniedSaysWhatToGrant(t *testing.T) {
	server := serve(t, answer{400, "AccessDeniedException", "no", ""})
	for _, decrypts := range []bool{false, true} {
		err := Classify(getParameters(config(server, 1)), Denial{"ssm:GetParameters", parameterARN, decrypts})
		denied, ok := errors.AsType[*lambdacache.DeniedError](err)
		if !ok || denied.Action != "ssm:GetParameters" || denied.Resource != parameterARN {
			t.Errorf("decrypts %v: DeniedError %+v", decrypts, denied)
		}
	}
}

func TestNoErrorStaysNone(t *testing.T) {
	if err := Classify(nil, parameterDenial); err != nil {
		t.Error(err)
	}
	if CanSplit(nil) || Code(nil) != "" {
		t.Error("nil is no error of a key")
	}
}

func TestOtherErrorPasses(t *testing.T) {
	other := errors.New("something else")
	if err := Classify(other, parameterDenial); err.Error() != "something else" || !errors.Is(err, other) {
		t.Error(err)
	}
}

func TestCredentialsFail(t *testing.T) {
	server := serve(t, answer{200, "", "", "{}"})
	for _, test := range []struct {
		service string
		want    string
		denied  bool
	}{
		{"STS", "GetParameters: no credentials from STS AssumeRole: AccessDenied: not you; allow sts:AssumeRole on the role to assume", true},
		{"endpoint", "GetParameters: no credentials from endpoint AssumeRole: AccessDenied: not you", false},
	} {
		cfg := config(server, 3)
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, &smithy.OperationError{
				ServiceID: test.service, OperationName: "AssumeRole",
				Err: &smithy.GenericAPIError{Code: "AccessDenied", Message: "not you"},
			}
		})
		err := Classify(getParameters(cfg), parameterDenial)
		if err == nil || err.Error() != test.want || errors.Is(err, lambdacache.ErrDenied) != test.denied {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
		if CanSplit(err) {
			t.Error("no key is at fault")
		}
	}
}

func TestKeyOf(t *testing.T) {
	for resource, want := range map[string]string{
		"":                 "arn:aws:kms:*:*:key/*",
		"parameter/a":      "arn:aws:kms:*:*:key/*",
		"arn:aws:s3:::b/k": "arn:aws:kms:*:*:key/*",
		parameterARN:       "arn:aws:kms:eu-west-1:123456789012:key/*",
		"arn:aws-us-gov:ssm:us-gov-west-1:1:parameter/a": "arn:aws-us-gov:kms:us-gov-west-1:1:key/*",
	} {
		if got := keyOf(resource); got != want {
			t.Errorf("keyOf(%q) = %q, want %q", resource, got, want)
		}
	}
}
