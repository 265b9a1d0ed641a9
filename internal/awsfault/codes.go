package awsfault

import (
	"cmp"
	"slices"
	"strings"
)

// kind is what an error code means to a caller.
type kind int

const (
	other     kind = iota
	notFound       // there is no such thing
	denied         // a policy withholds it
	keyDenied      // IAM, the KMS key's own policy or its state withholds the key
	malformed      // a request is refused for what it asks
	expired        // the credentials have ended
	rejected       // the credentials are not accepted at all
	skewed         // the clock is not the service's
)

var codes = [...][]string{
	notFound: {
		"ParameterNotFound", "ParameterVersionNotFound", // SSM
		"ResourceNotFoundException",                  // Secrets Manager, AppConfig, DynamoDB
		"NoSuchKey", "NoSuchVersion", "NoSuchBucket", // S3
		"NotFound", // S3 answers a HEAD without a body: the code is the status text
	},
	denied: {
		"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AllAccessDisabled",
		"Forbidden", // a HEAD, likewise
	},
	keyDenied: {
		"InvalidKeyId",      // SSM
		"DecryptionFailure", // Secrets Manager
		"KMSAccessDenied", "KMSAccessDeniedException", "KMS.AccessDeniedException",
	},
	malformed: {
		"ValidationException", "ValidationError",
		"InvalidParameter", "InvalidParameterException", "InvalidParameterCombination",
		"InvalidParameterValue", "InvalidParameterValueException",
		"InvalidRequest", "InvalidRequestException", "InvalidArgument",
		"KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException", "KMSInvalidStateException",
	},
	expired: {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"},
	rejected: {
		"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure",
	},
	skewed: {"RequestExpired", "RequestTimeTooSkewed"},
}

func kindOf(err error) kind {
	code := Code(err)
	for k, list := range codes {
		if slices.Contains(list, code) {
			return kind(k)
		}
	}
	return other
}

// hint helps where no policy can: the credentials themselves are not accepted.
func (k kind) hint() string {
	switch k {
	case expired:
		return "; the credentials have expired: get new ones"
	case rejected:
		return "; the credentials are not accepted: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN must belong together and to this Region's partition"
	case skewed:
		return "; this machine's clock is not the service's: set it right"
	}
	return ""
}

// keyOf is any KMS key beside the resource: same partition, Region and account.
func keyOf(resource string) string {
	partition, region, account := "aws", "*", "*"
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		partition, region, account = parts[1], cmp.Or(parts[3], "*"), cmp.Or(parts[4], "*")
	}
	return strings.Join([]string{"arn", partition, "kms", region, account, "key/*"}, ":")
}
