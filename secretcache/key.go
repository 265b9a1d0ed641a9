package secretcache

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/lambda-cache/lambdacache"
)

var (
	stage     = lambdacache.NewOptionKind[string]("secretcache.Stage")
	versionID = lambdacache.NewOptionKind[string]("secretcache.VersionID")
)

// Stage makes an entry the version of its secret with a staging label:
// "AWSPREVIOUS", "AWSPENDING" or one of your own. Without it the entry is the
// current version. An empty stage panics.
func Stage(label string) lambdacache.Option {
	if label == "" {
		panic(`lambdacache: secretcache.Stage(""): leave the option out for the current version`)
	}
	return stage.With(label)
}

// VersionID makes an entry a certain version of its secret. A version's value never
// changes, so declare it with lambdacache.MaxAge(lambdacache.Forever). An empty id
// panics.
func VersionID(id string) lambdacache.Option {
	if id == "" {
		panic(`lambdacache: secretcache.VersionID(""): leave the option out for the current version`)
	}
	return versionID.With(id)
}

// key is what selects the value of a secret.
type key struct {
	id             string // name, ARN, or ARN without its random end
	stage, version string
}

func newKey(id string, opts []lambdacache.Option) (key, []lambdacache.Option) {
	k, opts := keyOptions(opts)
	k, err := k.of(id)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: secretcache: secret %q: %v", id, err))
	}
	return k, opts
}

// keyOptions reads what all keys of a declaration have in common.
func keyOptions(opts []lambdacache.Option) (k key, rest []lambdacache.Option) {
	k.stage, _, opts = stage.Take(opts)
	k.version, _, opts = versionID.Take(opts)
	return k, opts
}

// of is the key of a secret with the same options.
func (k key) of(id string) (key, error) {
	k.id = strings.TrimSpace(id)
	if wrong := k.wrong(); wrong != "" {
		return key{}, errors.New(wrong)
	}
	return k, nil
}

// wrong says what is wrong with the id, "" for nothing.
func (k key) wrong() string {
	name := k.id
	if k.isARN() {
		parts := strings.SplitN(k.id, ":", 7)
		if len(parts) < 7 || parts[2] != "secretsmanager" || parts[5] != "secret" || parts[6] == "" ||
			strings.ContainsFunc(strings.Join(parts[:6], ""), foreign) {
			return "the ARN is not a secret's: write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
		}
		name = parts[6]
	}
	switch {
	case name == "":
		return "the id is empty: write the secret's name or ARN"
	case len(k.id) > maxLength:
		return "an id has no more than 2048 characters"
	case strings.ContainsFunc(name, foreign):
		return "a name has letters, digits and /_+=.@!- only: write secretcache.Field for one field, secretcache.Stage for a stage"
	}
	return ""
}

const maxLength = 2048

// foreign reports a character that the service allows in no name. One such name may fail
// the call for all that share it; and by some of them parts of a key are told apart.
func foreign(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/_+=.@!-", r)
}

// parseKey reads what String wrote.
func parseKey(s string) key {
	id, query, _ := strings.Cut(s, "?")
	values, _ := url.ParseQuery(query) // our own
	return key{id: id, stage: values.Get("stage"), version: values.Get("version")}
}

// String is the key as errors show it: "prod/db?stage=AWSPREVIOUS".
func (k key) String() string {
	values := url.Values{}
	if k.stage != "" {
		values.Set("stage", k.stage)
	}
	if k.version != "" {
		values.Set("version", k.version)
	}
	if len(values) == 0 {
		return k.id
	}
	return k.id + "?" + values.Encode()
}

// pinned reports whether the key is of a certain stage or version, which only
// GetSecretValue knows.
func (k key) pinned() bool { return k.stage != "" || k.version != "" }

func (k key) isARN() bool { return strings.HasPrefix(k.id, "arn:") }

// shortName is what stands after the last slash of the secret's name.
func (k key) shortName() string {
	name := k.id
	if k.isARN() {
		name = name[strings.LastIndexByte(name, ':')+1:]
	}
	return name[strings.LastIndexByte(name, '/')+1:]
}

// resource is what IAM calls the secret.
func (k key) resource() string {
	if k.isARN() {
		return k.id
	}
	return "arn:aws:secretsmanager:*:*:secret:" + k.id + "-*"
}

// names reports whether the key is the secret with that ARN and name. An ARN may lack
// the hyphen and six characters that the service put behind the name.
func (k key) names(arn, name string) bool {
	return k.id == name || k.id == arn || k.isARN() && len(arn) == len(k.id)+7 && strings.HasPrefix(arn, k.id+"-")
}
