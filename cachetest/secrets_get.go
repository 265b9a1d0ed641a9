package cachetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// secretOutput is a secret's version as it is answered.
type secretOutput struct {
	ARN       string
	Name      string
	VersionID string `json:"VersionId"`
	secretValue
	VersionStages []string
	CreatedDate   epoch
}

type getSecretValueInput struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string
}

func (in getSecretValueInput) keys() []string { return []string{in.SecretID} }

func (s *Secrets) getSecretValue(in getSecretValueInput) (any, *apiError) {
	out, err := s.one(in)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// one reads a value, if the caller may.
func (s *Secrets) one(in getSecretValueInput) (*secretOutput, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(in.SecretID)
	if x == nil {
		return nil, noSecret()
	}
	if s.aws.policy.denies("secretsmanager:GetSecretValue", in.SecretID, x.name, x.arn) {
		return nil, badRequest("AccessDeniedException", notAuthorized(Caller, "secretsmanager:GetSecretValue", in.SecretID))
	}
	if !x.deleted.IsZero() {
		return nil, badRequest("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	v, err := x.selected(in.VersionID, in.VersionStage)
	if err != nil {
		return nil, err
	}
	if s.aws.policy.denies("kms:Decrypt", x.name, x.arn) {
		return nil, badRequest("AccessDeniedException", "Access to KMS is not allowed")
	}
	return &secretOutput{
		ARN:           x.arn,
		Name:          x.name,
		VersionID:     v.id,
		secretValue:   v.value,
		VersionStages: slices.Clone(v.stages),
		CreatedDate:   epoch(v.created),
	}, nil
}

func noSecret() *apiError {
	return badRequest("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

type batchGetSecretValueInput struct {
	SecretIDList []string `json:"SecretIdList"`
	Filters      []any
	MaxResults   *int
	NextToken    string
}

func (in batchGetSecretValueInput) keys() []string { return in.SecretIDList }

// batchError is why one secret of a batch has no value.
type batchError struct {
	SecretID  string `json:"SecretId"`
	ErrorCode string
	Message   string
}

func (s *Secrets) batchGetSecretValue(in batchGetSecretValueInput) (any, *apiError) {
	start, err := in.check()
	if err != nil {
		return nil, err
	}
	ids := ordered(in.SecretIDList)
	s.mu.Lock()
	size := s.pageSize
	s.mu.Unlock()
	start = min(start, len(ids))
	end := min(start+size, len(ids))

	values, failures := []*secretOutput{}, []batchError{}
	for _, id := range ids[start:end] {
		out, err := s.one(getSecretValueInput{SecretID: id})
		if err != nil {
			failures = append(failures, batchError{id, err.code, err.message})
			continue
		}
		values = append(values, out)
	}
	answer := map[string]any{"SecretValues": values, "Errors": failures}
	if end < len(ids) {
		answer["NextToken"] = "page-" + strconv.Itoa(end)
	}
	return answer, nil
}

// check refuses what the service refuses, and says which secret to start with.
func (in batchGetSecretValueInput) check() (start int, _ *apiError) {
	switch n := len(in.SecretIDList); {
	case len(in.Filters) > 0:
		return 0, badRequest("InvalidParameterException", "the fake AWS of cachetest has no filters: give a SecretIdList")
	case n == 0:
		return 0, badRequest("InvalidParameterException", "Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case n > maxBatch:
		return 0, invalid(fmt.Sprintf("1 validation error detected: Value '[%s]' at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to 20", strings.Join(in.SecretIDList, ", ")))
	case in.MaxResults != nil:
		return 0, badRequest("InvalidParameterException", "'MaxResults' can only be used with 'Filters'.")
	case in.NextToken == "":
		return 0, nil
	}
	start, err := strconv.Atoi(strings.TrimPrefix(in.NextToken, "page-"))
	if err != nil || start < 0 {
		return 0, badRequest("InvalidNextTokenException", "The NextToken value is invalid.")
	}
	return start, nil
}

// ordered is the ids without duplicates in an order of the service's own, here the
// reverse of the alphabet: who relies on the order of his request is to notice.
func ordered(ids []string) []string {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	slices.Reverse(ids)
	return ids
}

type describeSecretInput struct {
	SecretID string `json:"SecretId"`
}

func (in describeSecretInput) keys() []string { return []string{in.SecretID} }

func (s *Secrets) describeSecret(in describeSecretInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(in.SecretID)
	if x == nil {
		return nil, noSecret()
	}
	stages := make(map[string][]string)
	for _, v := range x.versions {
		if len(v.stages) > 0 {
			stages[v.id] = slices.Clone(v.stages)
		}
	}
	out := map[string]any{
		"ARN":                x.arn,
		"Name":               x.name,
		"CreatedDate":        epoch(x.created),
		"LastChangedDate":    epoch(x.changed),
		"VersionIdsToStages": stages,
	}
	if !x.deleted.IsZero() {
		out["DeletedDate"] = epoch(x.deleted)
	}
	if !x.rotation.IsZero() {
		out["RotationEnabled"] = true
		out["NextRotationDate"] = epoch(x.rotation)
	}
	return out, nil
}

// asParameter is a secret as Parameter Store answers it, under
// /aws/reference/secretsmanager/. The selector is a version id or a stage.
func (s *Secrets) asParameter(id, selector string, decrypt bool) (*parameterOutput, *apiError) {
	if !decrypt {
		return nil, invalid("WithDecryption flag must be True for retrieving a Secret Manager secret.")
	}
	in := getSecretValueInput{SecretID: id}
	if version := strings.TrimPrefix(selector, ":"); len(version) == len("00000000-0000-0000-0000-000000000000") {
		in.VersionID = version
	} else {
		in.VersionStage = version
	}
	x, err := s.one(in)
	if err != nil {
		return nil, asParameterError(referencePrefix+id, err)
	}
	out := &parameterOutput{
		Name:             referencePrefix + id,
		Type:             "SecureString",
		Selector:         selector,
		SourceResult:     x.source(),
		LastModifiedDate: &x.CreatedDate,
		ARN:              x.ARN,
	}
	if x.SecretString != nil {
		out.Value = *x.SecretString
	}
	return out, nil
}

func asParameterError(name string, err *apiError) *apiError {
	if err.code == "ResourceNotFoundException" {
		return badRequest("ParameterNotFound", "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret "+name+" not found.")
	}
	return err
}

// source is the answer of Secrets Manager, as Parameter Store passes it on.
func (x *secretOutput) source() string {
	out, err := json.Marshal(map[string]any{
		"arn":           x.ARN,
		"name":          x.Name,
		"versionId":     x.VersionID,
		"secretString":  x.SecretString,
		"secretBinary":  x.SecretBinary,
		"versionStages": x.VersionStages,
		"createdDate":   time.Time(x.CreatedDate).UTC().Format("Jan 2, 2006, 3:04:05 PM"),
	})
	if err != nil {
		panic(err)
	}
	return string(out)
}
