package cachetest

import (
	"crypto/sha512"
	"encoding/base64"
	"regexp"
	"strings"
)

var (
	anyARN       = regexp.MustCompile(`^arn:[a-z-]+:ssm:[a-z0-9-]+:[0-9]{12}:parameter/`)
	nameLetters  = regexp.MustCompile(`^[A-Za-z0-9_.\-/]+$`)
	labelLetters = regexp.MustCompile(`^[A-Za-z_.\-][A-Za-z0-9_.\-]{0,99}$`)
)

// nameRule is the service's own text, whatever is wrong with a name.
const nameRule = `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`

// splitSelector divides what a request asks for into a name or ARN and the selector
// after it: ":3" or ":prod".
func splitSelector(asked string) (name, selector string) {
	prefix := anyARN.FindString(asked)
	rest := asked[len(prefix):]
	if i := strings.IndexByte(rest, ':'); i >= 0 {
		return prefix + rest[:i], rest[i:]
	}
	return asked, ""
}

// storedName is what a parameter is stored under, whichever way it is asked for:
// its name, or its ARN if it is not ours.
func (s *SSM) storedName(asked string) string {
	name, _ := splitSelector(strings.TrimSpace(asked))
	if strings.HasPrefix(name, s.ownARN()) {
		return nameInARN(name)
	}
	return name
}

// nameInARN is the name at the end of a parameter's ARN. The ARN of a hierarchy's
// parameter leaves the first slash out; one level deep "key" and "/key" are alike,
// and the shorter is returned.
func nameInARN(arn string) string {
	name := arn[len(anyARN.FindString(arn)):]
	if strings.Contains(name, "/") {
		return "/" + name
	}
	return name
}

// ownARN begins the ARNs of this account and Region.
func (s *SSM) ownARN() string {
	return "arn:aws:ssm:" + s.place.region + ":" + s.place.account + ":parameter/"
}

// parameterARN is the ARN of a stored name.
func (s *SSM) parameterARN(name string) string {
	if anyARN.MatchString(name) {
		return name
	}
	return s.ownARN() + strings.TrimPrefix(name, "/")
}

// checkName refuses a name that no parameter can have. Spaces around it are
// allowed, spaces in it are not.
func checkName(asked string) *apiError {
	name, selector := splitSelector(strings.TrimSpace(asked))
	name = strings.TrimPrefix(name, anyARN.FindString(name))
	if !nameLetters.MatchString(name) {
		return invalid(nameRule)
	}
	if selector != "" && (selector == ":" || strings.ContainsAny(selector[1:], ": /")) {
		return invalid(nameRule)
	}
	return nil
}

// checkNewName refuses a name that no parameter can be given.
func checkNewName(name string) *apiError {
	if err := checkName(name); err != nil {
		return err
	}
	name, selector := splitSelector(name)
	switch root := strings.ToLower(strings.TrimPrefix(name, "/")); {
	case selector != "":
		return invalid(nameRule)
	case anyARN.MatchString(name):
		return nil
	case strings.HasPrefix(root, "ssm"):
		return invalid(nameRule)
	case strings.HasPrefix(root, "aws"):
		return &apiError{status: 400, code: "AccessDeniedException", message: "No access to reserved parameter name: " + name + "."}
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return invalid("Parameter name must be a fully qualified name.")
	}
	return nil
}

func isLabel(s string) bool {
	low := strings.ToLower(s)
	return labelLetters.MatchString(s) && !strings.HasPrefix(low, "aws") && !strings.HasPrefix(low, "ssm")
}

// ciphertext looks like what KMS makes of a value, differs where values differ, and
// tells nothing of them.
func ciphertext(arn, value string) string {
	sum := sha512.Sum512([]byte(arn + "\x00" + value))
	return "AQICAHh" + base64.StdEncoding.EncodeToString(sum[:])
}
