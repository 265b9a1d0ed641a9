package ssmcache

import (
	"errors"
	"strings"
)

// key is a parameter's name as the service reads it.
type key struct {
	name     string // or ARN
	selector string // ":3", ":prod", or ""
}

// parse reads what a user declared, and refuses what the service would: one bad name
// fails the call for all the names that share it.
func parse(declared string) (key, error) {
	s := strings.TrimSpace(declared) // as the service does
	switch {
	case s == "":
		return key{}, errors.New("the name is empty: write the parameter's full name or ARN")
	case strings.ContainsAny(s, " \t\r\n"):
		return key{}, errors.New("a name has no white space")
	case strings.ContainsFunc(s, foreign):
		return key{}, errors.New("a name has letters, digits and the characters . - _ / only (a secret's also + = @ !)")
	case len(s) > maxLength:
		return key{}, errors.New("a name or ARN has no more than 2048 characters")
	case !strings.HasPrefix(s, "arn:"):
		name, selector, found := strings.Cut(s, ":")
		return newKey(name, selector, found)
	}
	parts := strings.SplitN(s, ":", 6)
	if len(parts) < 6 || parts[2] != "ssm" || !strings.HasPrefix(parts[5], "parameter/") {
		return key{}, errors.New("the ARN is not a parameter's: write arn:aws:ssm:REGION:ACCOUNT:parameter/NAME")
	}
	resource, selector, found := strings.Cut(parts[5], ":")
	return newKey(strings.Join(append(parts[:5:5], resource), ":"), selector, found)
}

const maxLength = 2048

// foreign reports a character that the service allows in no name, selector or ARN.
func foreign(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-/:+=@!", r)
}

func newKey(name, selector string, selected bool) (key, error) {
	switch {
	case strings.HasSuffix(name, "/"):
		return key{}, errors.New("a name does not end with a slash: name one parameter")
	case !selected:
		return key{name: name}, nil
	case name == "" || selector == "" || strings.ContainsAny(selector, ":/"):
		return key{}, errors.New("after the name comes at most one :version or :label")
	}
	return key{name: name, selector: ":" + selector}, nil
}

func (k key) String() string { return k.name + k.selector }

// shortName is what stands after the last slash of the name: the default name of an entry.
func (k key) shortName() string { return k.name[strings.LastIndexByte(k.name, '/')+1:] }

func (k key) isARN() bool { return strings.HasPrefix(k.name, "arn:") }

// resource is what IAM calls the parameter.
func (k key) resource() string {
	if k.isARN() {
		return k.name
	}
	return "arn:aws:ssm:*:*:parameter/" + strings.TrimPrefix(k.name, "/")
}
