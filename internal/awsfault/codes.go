package awsfault

import "strings"

func isNotFound(code string) bool {
	switch code {
	case "ParameterNotFound", "ParameterVersionNotFound", // SSM
		"ResourceNotFoundException",                  // Secrets Manager, AppConfig, DynamoDB
		"NoSuchKey", "NoSuchVersion", "NoSuchBucket", // S3
		"NotFound": // S3 answers a HEAD without a body: the code is the status text
		return true
	}
	return false
}

func isDenied(code string) bool {
	switch code {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AllAccessDisabled",
		"Forbidden": // a HEAD, likewise
		return true
	}
	return false
}

// isKeyDenied are the codes that speak of the KMS key, which IAM, the key's own
// policy or its state withholds.
func isKeyDenied(code string) bool {
	switch code {
	case "InvalidKeyId", // SSM
		"DecryptionFailure", // Secrets Manager
		"KMSAccessDenied", "KMSAccessDeniedException", "KMS.AccessDeniedException":
		return true
	}
	return false
}

// isMalformed are refusals of a request for what it asks.
func isMalformed(code string) bool {
	switch code {
	case "ValidationException", "ValidationError",
		"InvalidParameter", "InvalidParameterException", "InvalidParameterCombination",
		"InvalidParameterValue", "InvalidParameterValueException",
		"InvalidRequest", "InvalidRequestException", "InvalidArgument",
		"KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException", "KMSInvalidStateException":
		return true
	}
	return false
}

// hint helps where no policy can: the credentials themselves are not accepted.
func hint(code string) string {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
		return "the credentials have expired: get new ones"
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure":
		return "the credentials are not accepted: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN must belong together and to this Region's partition"
	case "RequestExpired", "RequestTimeTooSkewed":
		return "this machine's clock is not the service's: set it right"
	}
	return ""
}

// keyOf is any KMS key beside the resource: same partition, Region and account.
func keyOf(resource string) string {
	partition, region, account := "aws", "*", "*"
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		partition = parts[1]
		if parts[3] != "" {
			region = parts[3]
		}
		if parts[4] != "" {
			account = parts[4]
		}
	}
	return "arn:" + partition + ":kms:" + region + ":" + account + ":key/*"
}
