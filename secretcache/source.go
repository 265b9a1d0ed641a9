package secretcache

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/awsretry"
)

// maxIDs is the most secrets of one BatchGetSecretValue call.
const maxIDs = 20

// one loads secrets one by one, of any stage and version.
type one struct {
	client    awsorigin.Get
	rotations *rotations
}

func (s one) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[*secret] {
	return []lambdacache.Result[*secret]{s.LoadOne(ctx, reqs[0])}
}

// Release forgets what is known of a secret's rotation.
func (s one) Release(key string) { s.rotations.release(key) }

// LoadOne makes one GetSecretValue call.
func (s one) LoadOne(ctx context.Context, req lambdacache.Request) lambdacache.Result[*secret] {
	return s.rotations.beside(ctx, []lambdacache.Request{req}, s.api, func() []lambdacache.Result[*secret] {
		return []lambdacache.Result[*secret]{s.get(ctx, req)}
	})[0]
}

func (s one) get(ctx context.Context, req lambdacache.Request) lambdacache.Result[*secret] {
	client, err := s.api()
	if err != nil {
		return lambdacache.Result[*secret]{Err: err}
	}
	k := parseKey(req.Key)
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String(k.id)}
	if k.stage != "" {
		in.VersionStage = aws.String(k.stage)
	}
	if k.version != "" {
		in.VersionId = aws.String(k.version)
	}
	out, err := client.GetSecretValue(ctx, in)
	if err != nil {
		return lambdacache.Result[*secret]{Err: refused(err, k)}
	}
	return resultOf(req, out.SecretString, out.SecretBinary, out.VersionId)
}

// batch loads the current versions of secrets, twenty with one call.
type batch struct{ one }

func (s batch) MaxKeys() int { return maxIDs }

// Load makes one call: GetSecretValue for a single secret, because its quota is far
// above the batch's.
func (s batch) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[*secret] {
	if len(reqs) == 1 {
		return s.one.Load(ctx, reqs)
	}
	return s.rotations.beside(ctx, reqs, s.api, func() []lambdacache.Result[*secret] { return s.getAll(ctx, reqs) })
}

// getAll asks for what is open, all secrets to begin with, and again by the client's
// retry policy for those that failed in an answer that was a success, as a secret
// asked for alone is: throttled, or by the service's own fault. A further call has all
// of them, so that there are as many calls as there would be attempts at one.
func (s batch) getAll(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[*secret] {
	results := make([]lambdacache.Result[*secret], len(reqs))
	keys := make([]key, len(reqs))
	open := make([]int, len(reqs))
	for i, r := range reqs {
		keys[i], open[i] = parseKey(r.Key), i
	}
	policy, calls := s.policy(), 0
	awsretry.Loop(ctx, policy, func() (why error) {
		asked := make([]lambdacache.Request, len(open))
		for i, at := range open {
			asked[i] = reqs[at]
		}
		out, err := s.call(ctx, asked)
		var failed []int
		for _, at := range open {
			if err != nil {
				results[at].Err = err
				continue
			}
			var own *types.APIErrorType
			if results[at], own = keys[at].find(out, reqs[at], keys); own != nil && awsretry.Worth(policy, apiError(own)) {
				failed, why = append(failed, at), apiError(own)
			}
		}
		open = failed
		calls++
		return why
	})
	results[0].Calls = calls - 1
	return results
}

func (s batch) call(ctx context.Context, reqs []lambdacache.Request) (*secretsmanager.BatchGetSecretValueOutput, error) {
	client, err := s.api()
	if err != nil {
		return nil, err
	}
	in := &secretsmanager.BatchGetSecretValueInput{}
	for _, r := range reqs {
		in.SecretIdList = append(in.SecretIdList, r.Key)
	}
	out, err := client.BatchGetSecretValue(ctx, in)
	if err == nil {
		return out, nil
	}
	classified := awsfault.Classify(err, awsfault.Denial{Action: "secretsmanager:BatchGetSecretValue", Resource: "*"})
	switch {
	case !awsfault.CanSplit(err): // also the refusal of a role to assume
		return nil, classified
	case errors.Is(classified, lambdacache.ErrDenied): // a denied secret would be among the answer's errors
		return nil, lambdacache.BatchDenied(classified)
	}
	return nil, lambdacache.Blame(classified)
}

// find picks a key's secret out of an answer, which comes in the service's own order
// and may stop before the last one, or the key's own error.
func (k key) find(out *secretsmanager.BatchGetSecretValueOutput, req lambdacache.Request, asked []key) (lambdacache.Result[*secret], *types.APIErrorType) {
	for _, e := range out.Errors {
		if id := aws.ToString(e.SecretId); k.names(id, id) {
			return lambdacache.Result[*secret]{Err: refused(apiError(&e), k)}, &e
		}
	}
	return k.pick(out, req, asked), nil
}

func (k key) pick(out *secretsmanager.BatchGetSecretValueOutput, req lambdacache.Request, asked []key) lambdacache.Result[*secret] {
	more := aws.ToString(out.NextToken) != ""
	found := k.own(out.SecretValues, asked, more)
	switch {
	case len(found) > 0 && sameARN(found):
		return resultOf(req, found[0].SecretString, found[0].SecretBinary, found[0].VersionId)
	case len(found) > 0:
		return lambdacache.Result[*secret]{Err: lambdacache.Blame(errors.New("the answer to BatchGetSecretValue has several secrets of that name"))}
	case more:
		return lambdacache.Result[*secret]{Err: lambdacache.ErrLeftOver}
	}
	return lambdacache.Result[*secret]{Err: lambdacache.Blame(errors.New("the answer to BatchGetSecretValue does not mention the secret"))}
}

// own gives the secrets that a key may mean. Another account's secret, asked for by
// its ARN, may have the name of one's own: what an ARN claims goes by a name only if
// nothing else does and nothing else comes.
func (k key) own(values []types.SecretValueEntry, asked []key, more bool) (found []*types.SecretValueEntry) {
	var claimed []*types.SecretValueEntry
	for i := range values {
		s := &values[i]
		arn := aws.ToString(s.ARN)
		switch {
		case !k.names(arn, aws.ToString(s.Name)):
		case !k.isARN() && slices.ContainsFunc(asked, func(other key) bool { return other.isARN() && other.names(arn, "") }):
			claimed = append(claimed, s)
		default:
			found = append(found, s)
		}
	}
	if len(found) == 0 && !more {
		return claimed
	}
	return found
}

func sameARN(list []*types.SecretValueEntry) bool {
	return !slices.ContainsFunc(list, func(s *types.SecretValueEntry) bool { return aws.ToString(s.ARN) != aws.ToString(list[0].ARN) })
}

// apiError is the service's error for one secret of a batch, as the SDK would give
// it for a call of its own.
func apiError(e *types.APIErrorType) error {
	return &smithy.OperationError{
		ServiceID: "Secrets Manager", OperationName: "BatchGetSecretValue",
		Err: &smithy.GenericAPIError{Code: aws.ToString(e.ErrorCode), Message: aws.ToString(e.Message)},
	}
}

func refused(err error, k key) error {
	return awsfault.Classify(err, awsfault.Denial{Action: "secretsmanager:GetSecretValue", Resource: k.resource(), Decrypts: true})
}

func resultOf(req lambdacache.Request, text *string, binary []byte, version *string) lambdacache.Result[*secret] {
	result := lambdacache.Result[*secret]{Version: aws.ToString(version)}
	switch {
	case result.Version != "" && result.Version == req.Have:
		result.Unchanged = true // a version's value never changes
	case text != nil:
		result.Value = &secret{text: *text}
	case binary != nil:
		result.Value = &secret{binary: binary}
	default:
		result.Err = errors.New("the secret is empty: it has neither a SecretString nor a SecretBinary")
	}
	return result
}
