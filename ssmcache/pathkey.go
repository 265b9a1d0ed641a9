package ssmcache

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/lambda-cache/lambdacache"
)

// pathKey is what selects the parameters of a path.
type pathKey struct {
	path  string // with a slash at its end
	label string // "" for the newest versions
	flat  bool   // one level only
}

func newPath(declared string, opts []lambdacache.Option) (pathKey, []lambdacache.Option) {
	where := fmt.Sprintf("lambdacache: ssmcache.Path(%q)", declared)
	k, opts := pathOptions(where, opts)
	k, err := k.at(declared)
	if err != nil {
		panic(where + ": " + err.Error())
	}
	return k, opts
}

// pathOptions reads what all paths of a declaration have in common.
func pathOptions(where string, opts []lambdacache.Option) (k pathKey, rest []lambdacache.Option) {
	if client := clients.Given(opts); client != nil {
		if _, ok := client.(pathAPI); !ok {
			panic(fmt.Sprintf("%s: the %T of ssmcache.Client has no GetParametersByPath: give it one, or another client", where, client))
		}
	}
	k.label, _, opts = label.Take(opts)
	k.flat, _, opts = notRecursive.Take(opts)
	return k, opts
}

// at is the key of a path with the same options.
func (k pathKey) at(declared string) (pathKey, error) {
	k.path = strings.TrimSpace(declared)
	if wrong := k.wrong(); wrong != "" {
		return pathKey{}, errors.New(wrong)
	}
	if !strings.HasSuffix(k.path, "/") {
		k.path += "/"
	}
	return k, nil
}

// wrong says what is wrong with the path, "" for nothing.
func (k pathKey) wrong() string {
	switch s := k.path; {
	case s == "":
		return `the path is empty: write one such as "/prod/app/", or "/" for all parameters`
	case strings.HasPrefix(s, "arn:"):
		return `a path is no ARN: write one such as "/prod/app/", and for another account or Region ssmcache.Client`
	case strings.Contains(s, ":"):
		return "a path has no :version or :label: write ssmcache.Label for the versions with a label"
	case strings.ContainsFunc(s, foreignInPath):
		return "a path has letters, digits and the characters . - _ / only"
	case len(s) > maxLength:
		return "a path has no more than 2048 characters"
	case !strings.HasPrefix(s, "/"):
		return fmt.Sprintf("a path begins with a slash: write %q", "/"+s)
	case strings.Contains(s, "//"):
		return "a path has no two slashes in a row: write one"
	case strings.HasPrefix(s+"/", "/aws/reference/"):
		return "secrets cannot be read by path: declare each with secretcache.Secret"
	}
	return ""
}

// foreignInPath reports a character that the service allows in no path.
func foreignInPath(r rune) bool { return foreign(r) || strings.ContainsRune(":+=@!", r) }

// wrongLabel says why something is no label, "" if it may be one.
func wrongLabel(s string) string {
	switch low := strings.ToLower(s); {
	case s == "":
		return "leave the option out for the newest versions"
	case strings.ContainsFunc(s, func(r rune) bool { return foreignInPath(r) || r == '/' }) || s[0] >= '0' && s[0] <= '9':
		return "a label has letters, digits and the characters . - _ only, and does not begin with a digit"
	case strings.HasPrefix(low, "aws") || strings.HasPrefix(low, "ssm"):
		return "a label does not begin with aws or ssm"
	case len(s) > 100:
		return "a label has no more than 100 characters"
	}
	return ""
}

// parsePathKey reads what String wrote.
func parsePathKey(s string) pathKey {
	path, query, _ := strings.Cut(s, "?")
	values, _ := url.ParseQuery(query) // our own
	return pathKey{path: path, label: values.Get("label"), flat: values.Has("recursive")}
}

// String is the key as errors show it: "/prod/app/?label=prod".
func (k pathKey) String() string {
	values := url.Values{}
	if k.label != "" {
		values.Set("label", k.label)
	}
	if k.flat {
		values.Set("recursive", "false")
	}
	if len(values) == 0 {
		return k.path
	}
	return k.path + "?" + values.Encode()
}

// asked is the path as the service is asked for it, and IAM for its resource: the
// slash at the end would make another resource of it.
func (k pathKey) asked() string {
	if k.path == "/" {
		return k.path
	}
	return strings.TrimSuffix(k.path, "/")
}

// resource is what IAM calls the path.
func (k pathKey) resource() string { return key{name: k.asked()}.resource() }

// shortName is what stands after the last slash but the one at the end; that of all
// parameters is "/".
func (k pathKey) shortName() string {
	if k.path == "/" {
		return k.path
	}
	return key{name: k.asked()}.shortName()
}

// relative is a parameter's name below the path; false if it is not there. At the
// root are also names without a slash.
func (k pathKey) relative(name string) (string, bool) {
	if rest, ok := strings.CutPrefix(name, k.path); ok || k.path != "/" {
		return rest, ok && rest != ""
	}
	return name, name != ""
}

// binding works out how a T is filled, and panics if it cannot be.
func (k pathKey) binding(where string, t reflect.Type) fill {
	b := binder{flat: k.flat, fields: make(map[string]string)}
	f, err := b.of(t, place{})
	if err != nil {
		panic(fmt.Sprintf("lambdacache: ssmcache.%s: %v", where, err))
	}
	return f
}
