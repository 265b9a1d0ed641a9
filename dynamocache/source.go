package dynamocache

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// maxKeys is the most keys of one BatchGetItem call.
const maxKeys = 100

// source loads items with one client, all of them the same way.
type source struct {
	client     awsorigin.Get
	consistent bool
	refusals   refusals
}

func newSource(client awsorigin.Get, consistent bool) *source {
	s := &source{client: client, consistent: consistent}
	testhook.OnReset(s.refusals.forget)
	return s
}

func (s *source) MaxKeys() int { return maxKeys }

// Load makes one BatchGetItem call, or for one key a GetItem call. A batch fails as a
// whole when one of its tables is missing or denied, or one of its keys is not as its
// table's schema says, so that failure is passed on as perhaps another key's.
func (s *source) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[*item] {
	keys := make([]key, len(reqs))
	for i, r := range reqs {
		keys[i] = parseKey(r.Key)
	}
	if len(reqs) == 1 {
		return []lambdacache.Result[*item]{s.alone(ctx, reqs[0], keys[0])}
	}
	results := make([]lambdacache.Result[*item], len(reqs))
	batched := s.refusals.leaveOut(keys, func(i int, why error) { results[i].Err = lambdacache.Blame(why) })
	if len(batched) == 0 {
		results[0].Calls = -1 // this Load makes none
		return results
	}
	out, err := s.batch(ctx, batched)
	for i, k := range keys {
		switch {
		case results[i].Err != nil:
		case err != nil:
			results[i].Err = err
		default:
			results[i] = k.pick(out, reqs[i])
		}
	}
	return results
}

func (s *source) get(ctx context.Context, req lambdacache.Request, k key) (result lambdacache.Result[*item]) {
	client, err := s.api()
	if err != nil {
		result.Err = err
		return result
	}
	out, err := client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &k.Table, Key: k.values(), ConsistentRead: aws.Bool(s.consistent),
	})
	if err != nil {
		result.Err = refused(err, "dynamodb:GetItem", []key{k})
		return result
	}
	return resultOf(out.Item, req)
}

func (s *source) batch(ctx context.Context, keys []key) (*dynamodb.BatchGetItemOutput, error) {
	client, err := s.api()
	if err != nil {
		return nil, err
	}
	in := &dynamodb.BatchGetItemInput{RequestItems: make(map[string]types.KeysAndAttributes)}
	for _, k := range keys {
		of := in.RequestItems[k.Table]
		of.ConsistentRead = aws.Bool(s.consistent)
		of.Keys = append(of.Keys, k.values())
		in.RequestItems[k.Table] = of
	}
	out, err := client.BatchGetItem(ctx, in)
	if err != nil {
		err = refused(err, "dynamodb:BatchGetItem", keys)
		return nil, s.refusals.batch(keys, err)
	}
	s.refusals.answered(keys)
	return out, nil
}

// alone asks for one key. After a batch was refused it asks with the batched operation
// first, which tells whether that is not permitted on the table, or what else was
// refused.
func (s *source) alone(ctx context.Context, req lambdacache.Request, k key) lambdacache.Result[*item] {
	if !s.refusals.doubtful(k) {
		return s.get(ctx, req, k)
	}
	out, why := s.batch(ctx, []key{k})
	switch {
	case why == nil:
		return k.pick(out, req)
	case !errors.Is(why, lambdacache.ErrDenied):
		return lambdacache.Result[*item]{Err: why}
	}
	result := s.get(ctx, req, k)
	result.Calls = 1
	if result.Err == nil {
		s.refusals.single(k, why)
		result.Missing = why
	}
	return result
}

// refused classifies the error of a call for keys.
func refused(err error, action string, keys []key) error {
	resource := keys[0].resource()
	for _, k := range keys {
		if k.Table != keys[0].Table {
			resource = "arn:aws:dynamodb:*:*:table/*"
		}
	}
	classified := awsfault.Classify(err, awsfault.Denial{Action: action, Resource: resource})
	if len(keys) > 1 && awsfault.CanSplit(err) {
		return lambdacache.Blame(classified)
	}
	return classified
}

var (
	// errNoItem is an answer without the item. The tables' own absence is an error of the
	// service's.
	errNoItem = errors.New("the table has no item with this key")
	// Where a table has none of the items the service answers with an empty list. No list
	// at all, or only one under another name, must not pass for that.
	errNoTable = errors.New("the answer to BatchGetItem does not mention the table")
)

// pick finds a key's item in an answer, which comes in no order and may leave keys out
// to be asked for again.
func (k key) pick(out *dynamodb.BatchGetItemOutput, req lambdacache.Request) lambdacache.Result[*item] {
	for _, attributes := range out.Responses[k.Table] {
		if k.is(attributes) {
			return resultOf(attributes, req)
		}
	}
	for _, left := range out.UnprocessedKeys[k.Table].Keys {
		if k.is(left) {
			return lambdacache.Result[*item]{Err: lambdacache.ErrLeftOver}
		}
	}
	if _, mentioned := out.Responses[k.Table]; !mentioned {
		return lambdacache.Result[*item]{Err: lambdacache.Blame(errNoTable)}
	}
	return resultOf(nil, req)
}

func resultOf(attributes map[string]types.AttributeValue, req lambdacache.Request) (r lambdacache.Result[*item]) {
	if len(attributes) == 0 {
		r.Err = lambdacache.NotFound(errNoItem)
		return r
	}
	r.Value = newItem(attributes)
	r.Version = r.Value.version()
	r.Unchanged = r.Version == req.Have
	return r
}
