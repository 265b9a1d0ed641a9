package ssmcache

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// maxNames is the most names of one GetParameters call.
const maxNames = 10

// parameter is what the service gives for one key.
type parameter struct {
	value string
	kind  types.ParameterType
	list  bool
}

func (p *parameter) raw() decode.Raw {
	if p.list {
		return decode.List(p.value)
	}
	return decode.Text(p.value)
}

// source loads parameters with one client.
type source struct {
	client awsorigin.Get
}

func (s *source) MaxKeys() int { return maxNames }

// Load makes one GetParameters call. A call fails as a whole when one of its names
// is denied or malformed, so that failure is passed on as perhaps another key's.
func (s *source) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[*parameter] {
	keys, names := make([]key, len(reqs)), make([]string, len(reqs))
	for i, r := range reqs {
		keys[i], _ = parse(r.Key) // it was checked when it was declared
		names[i] = r.Key
	}
	client, err := s.api()
	if err != nil {
		return failed(len(reqs), err)
	}
	out, err := client.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
	if err != nil {
		return failed(len(reqs), refused(err, "ssm:GetParameters", keys))
	}
	results := make([]lambdacache.Result[*parameter], len(reqs))
	for i, k := range keys {
		results[i] = resultOf(k.find(out, keys))
	}
	return results
}

// LoadOne makes one GetParameter call.
func (s *source) LoadOne(ctx context.Context, req lambdacache.Request) lambdacache.Result[*parameter] {
	return resultOf(s.getParameter(ctx, req.Key))
}

func (s *source) getParameter(ctx context.Context, name string) (*types.Parameter, error) {
	client, err := s.api()
	if err != nil {
		return nil, err
	}
	out, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		k, _ := parse(name)
		return nil, refused(err, "ssm:GetParameter", []key{k})
	}
	return out.Parameter, nil
}

func failed(n int, err error) []lambdacache.Result[*parameter] {
	results := make([]lambdacache.Result[*parameter], n)
	for i := range results {
		results[i].Err = err
	}
	return results
}

// refused classifies the error of a call for keys.
func refused(err error, action string, keys []key) error {
	resource := "arn:aws:ssm:*:*:parameter/*"
	if len(keys) == 1 {
		resource = keys[0].resource()
	}
	classified := awsfault.Classify(err, awsfault.Denial{Action: action, Resource: resource, Decrypts: true})
	if awsfault.CanSplit(err) {
		return lambdacache.Blame(classified)
	}
	return classified
}

var errNoParameter = errors.New("ParameterNotFound: there is no such parameter, version or label in this account and Region")

// find picks a key's parameter out of an answer, which comes in the service's own
// order. A parameter answers to its name and selector, or to its ARN.
func (k key) find(out *ssm.GetParametersOutput, asked []key) (*types.Parameter, error) {
	if slices.Contains(out.InvalidParameters, k.String()) {
		return nil, lambdacache.NotFound(errNoParameter)
	}
	var found, named []*types.Parameter
	for i := range out.Parameters {
		p := &out.Parameters[i]
		switch {
		case k.name != aws.ToString(p.Name) && k.name != aws.ToString(p.ARN):
		case aws.ToString(p.Selector) == k.selector:
			found = append(found, p)
		case p.Selector == nil:
			named = append(named, p)
		}
	}
	if len(found) > 0 {
		return k.own(found, asked)
	}
	// An imitation of the service that leaves selectors out.
	for _, p := range named {
		if k.selector == ":"+strconv.FormatInt(p.Version, 10) {
			return p, nil
		}
	}
	if len(named) == 1 && k.alone(asked) {
		return named[0], nil
	}
	return nil, lambdacache.Blame(errors.New("the answer to GetParameters does not mention the parameter"))
}

// own picks the parameter that is meant by a name. A parameter that another account
// shares, asked for by its ARN, may have the same name.
func (k key) own(found []*types.Parameter, asked []key) (*types.Parameter, error) {
	if sameARN(found) {
		return found[0], nil
	}
	found = slices.DeleteFunc(found, func(p *types.Parameter) bool {
		return slices.ContainsFunc(asked, func(other key) bool { return other.name == aws.ToString(p.ARN) })
	})
	if len(found) > 0 {
		return found[0], nil
	}
	return nil, lambdacache.Blame(errors.New("the answer to GetParameters has several parameters of that name"))
}

func sameARN(list []*types.Parameter) bool {
	return !slices.ContainsFunc(list, func(p *types.Parameter) bool { return aws.ToString(p.ARN) != aws.ToString(list[0].ARN) })
}

// alone reports whether no other of the keys asked for has the same name.
func (k key) alone(asked []key) bool {
	n := 0
	for _, other := range asked {
		if other.name == k.name {
			n++
		}
	}
	return n == 1
}

// resultOf takes no empty value: a parameter cannot have one, but a binary secret
// comes without text.
func resultOf(p *types.Parameter, err error) (r lambdacache.Result[*parameter]) {
	switch {
	case err != nil:
		r.Err = err
	case p == nil || aws.ToString(p.Value) == "":
		r.Err = errors.New("the parameter has no text: a binary secret cannot be read through Parameter Store, declare it with secretcache.Secret")
	default:
		r.Value = &parameter{value: *p.Value, kind: p.Type, list: p.Type == types.ParameterTypeStringList}
		r.Version = version(p)
	}
	return r
}

// version is the parameter's number, or of a secret read through Parameter Store,
// where there are no numbers, the secret's version id.
func version(p *types.Parameter) string {
	var secret struct {
		VersionID string `json:"versionId"`
	}
	if p.SourceResult != nil && json.Unmarshal([]byte(*p.SourceResult), &secret) == nil && secret.VersionID != "" {
		return secret.VersionID
	}
	return strconv.FormatInt(p.Version, 10)
}
