package ssmcache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
)

// maxPage is the most parameters of one GetParametersByPath call.
const maxPage = 10

// pathAPI is what the client of a path must be able to do.
type pathAPI interface {
	GetParametersByPath(context.Context, *ssm.GetParametersByPathInput, ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error)
}

var pathOrigins struct {
	once sync.Once
	of   *awsorigin.Origins[*tree]
}

// paths are the origins of paths. They are made by those who declare one, so that no
// other function links this source.
func paths() *awsorigin.Origins[*tree] {
	pathOrigins.once.Do(func() {
		pathOrigins.of = awsorigin.NewOrigins(clients, "ssm", func(name string, client awsorigin.Get) *lambdacache.Origin[*tree] {
			return lambdacache.NewOrigin(name, pathSource{client})
		})
	})
	return pathOrigins.of
}

// tree is what the service gives for one path: parameters by relative name.
type tree struct {
	key        pathKey
	parameters map[string]*parameter
}

// pathSource loads paths with one client.
type pathSource struct {
	client awsorigin.Get
}

// Load reads the pages of one path. An empty page is not the last as long as it has a
// token.
func (s pathSource) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[*tree] {
	var r lambdacache.Result[*tree]
	k := parsePathKey(reqs[0].Key)
	found := make(map[string]*types.Parameter)
	calls, err := s.pages(ctx, k, func(p *types.Parameter) error {
		name, ok := k.relative(aws.ToString(p.Name))
		switch other := found[name]; {
		case !ok:
		case aws.ToString(p.Value) == "": // the service stores none
			return fmt.Errorf("the parameter %s has no value in the answer to GetParametersByPath", *p.Name)
		case other == nil || *other.Name == *p.Name && other.Version <= p.Version: // it was written during the load
			found[name] = p
		case *other.Name != *p.Name:
			return fmt.Errorf("the parameters %s and %s are one with the same relative name: declare a longer path", *other.Name, *p.Name)
		}
		return nil
	})
	r.Calls = max(0, calls-1)
	switch r.Version = digest(found); {
	case err != nil:
		r.Err, r.Version = err, ""
	case r.Version == reqs[0].Have:
		r.Unchanged = true
	default:
		r.Value = &tree{key: k, parameters: make(map[string]*parameter, len(found))}
		for name, p := range found {
			r.Value.parameters[name] = &parameter{value: aws.ToString(p.Value), kind: p.Type, list: p.Type == types.ParameterTypeStringList}
		}
	}
	return []lambdacache.Result[*tree]{r}
}

var (
	errSameToken = errors.New("GetParametersByPath gives the same NextToken again and again: the answer has no end")
	// Where nothing is below the path the service answers with an empty list. No list at
	// all must not pass for one: everything would seem to have been removed.
	errNoList = errors.New("the answer to GetParametersByPath has no list of parameters")
)

// pages passes on the parameters of every page and tells how many calls it made.
func (s pathSource) pages(ctx context.Context, k pathKey, each func(*types.Parameter) error) (calls int, err error) {
	client, err := s.client()
	if err != nil {
		return 0, err
	}
	in := &ssm.GetParametersByPathInput{
		Path: aws.String(k.asked()), Recursive: aws.Bool(!k.flat), WithDecryption: aws.Bool(true), MaxResults: aws.Int32(maxPage),
	}
	if k.label != "" {
		in.ParameterFilters = []types.ParameterStringFilter{{Key: aws.String("Label"), Option: aws.String("Equals"), Values: []string{k.label}}}
	}
	seen := make(map[string]bool)
	for {
		out, err := client.(pathAPI).GetParametersByPath(ctx, in)
		calls++
		if err != nil {
			return calls, awsfault.Classify(err, awsfault.Denial{
				Action: "ssm:GetParametersByPath", Resource: k.resource(), Decrypts: true,
			})
		}
		for i := range out.Parameters {
			if err := each(&out.Parameters[i]); err != nil {
				return calls, err
			}
		}
		switch next := aws.ToString(out.NextToken); {
		case next == "" && out.Parameters == nil:
			return calls, errNoList
		case next == "":
			return calls, nil
		case seen[next]: // also where pages go round in a circle
			return calls, errSameToken
		default:
			seen[next], in.NextToken = true, &next
		}
	}
}

// digest changes with the set. The date tells a parameter that was removed and put
// back, with version 1 again, from the old one; values are left out, because whoever
// sees a digest of a short one can guess it.
func digest(found map[string]*types.Parameter) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(found)) {
		p := found[name]
		fmt.Fprintf(h, "%s %d %d\n", name, p.Version, aws.ToTime(p.LastModifiedDate).UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
