package appconfigcache

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// key says which configuration an entry loads; each part is a name or an id.
type key struct{ application, environment, profile string }

// maxLength is the most characters of a name.
const maxLength = 128

func newKey(constructor, application, environment, profile string) key {
	k := key{application, environment, profile}
	if err := k.check(); err != nil {
		panic(fmt.Sprintf("lambdacache: appconfigcache.%s(%s): %v", constructor, k.quoted(), err))
	}
	return k
}

// check says what is wrong with the key, nil for nothing.
func (k key) check() error {
	for i, part := range k.parts() {
		if wrong := wrong(part); wrong != "" {
			return fmt.Errorf("the %s %s", [...]string{"application", "environment", "configuration profile"}[i], wrong)
		}
	}
	return nil
}

// wrong says what is wrong with a name, "" for nothing.
func wrong(name string) string {
	switch {
	case name == "":
		return "is empty: write its name or id"
	case strings.HasPrefix(name, "arn:"):
		return "is an ARN: write its name or id"
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl):
		return "begins or ends with white space, or has a line break in it"
	case utf8.RuneCountInString(name) > maxLength:
		return "has more than 128 characters"
	}
	return ""
}

func (k key) parts() []string { return []string{k.application, k.environment, k.profile} }

// escaped and plain keep the slashes between the parts apart from those within.
var (
	escaped = strings.NewReplacer("%", "%25", "/", "%2F")
	plain   = strings.NewReplacer("%25", "%", "%2F", "/")
)

// String is the key as errors show it: "shop/prod/flags".
func (k key) String() string {
	return escaped.Replace(k.application) + "/" + escaped.Replace(k.environment) + "/" + escaped.Replace(k.profile)
}

// parseKey reads what String wrote.
func parseKey(s string) key {
	application, rest, _ := strings.Cut(s, "/")
	environment, profile, _ := strings.Cut(rest, "/")
	return key{plain.Replace(application), plain.Replace(environment), plain.Replace(profile)}
}

// quoted is the key as it was declared.
func (k key) quoted() string {
	return fmt.Sprintf("%q, %q, %q", k.application, k.environment, k.profile)
}

// resource is what IAM calls the configuration, if the parts are ids.
func (k key) resource() string {
	return "arn:aws:appconfig:*:*:application/" + k.application + "/environment/" + k.environment + "/configuration/" + k.profile
}
