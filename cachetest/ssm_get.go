package cachetest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parameterOutput is a parameter as GetParameter and its kin answer it.
type parameterOutput struct {
	Name             string
	Type             string
	Value            string
	Version          int64
	Selector         string `json:",omitempty"`
	SourceResult     string `json:",omitempty"`
	LastModifiedDate *epoch
	ARN              string
	DataType         string `json:",omitempty"`
}

type getParameterInput struct {
	Name           string
	WithDecryption bool
}

func (in getParameterInput) keys() []string { return []string{strings.TrimSpace(in.Name)} }

func (s *SSM) getParameter(in getParameterInput) (any, *apiError) {
	if err := checkName(in.Name); err != nil {
		return nil, err
	}
	out, err := s.one("ssm:GetParameter", in.keys()[0], in.WithDecryption)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Parameter": out}, nil
}

type getParametersInput struct {
	Names          []string
	WithDecryption bool
}

func (in getParametersInput) keys() []string {
	keys := make([]string, len(in.Names))
	for i, n := range in.Names {
		keys[i] = strings.TrimSpace(n)
	}
	return keys
}

func (s *SSM) getParameters(in getParametersInput) (any, *apiError) {
	keys := in.keys()
	if err := checkNames(keys); err != nil {
		return nil, err
	}
	found, missing := []*parameterOutput{}, []string{}
	for _, key := range keys {
		out, err := s.one("ssm:GetParameters", key, in.WithDecryption)
		switch {
		case err == nil:
			found = append(found, out)
		case isMissing(err):
			missing = append(missing, key)
		default:
			return nil, err
		}
	}
	slices.SortStableFunc(found, func(a, b *parameterOutput) int { return cmp.Compare(a.Name, b.Name) })
	return map[string]any{"Parameters": found, "InvalidParameters": missing}, nil
}

func checkNames(names []string) *apiError {
	if len(names) == 0 {
		return invalid("1 validation error detected: Value '[]' at 'names' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if len(names) > 10 {
		return invalid(fmt.Sprintf("1 validation error detected: Value '[%s]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10", strings.Join(names, ", ")))
	}
	seen := make(map[string]bool)
	for _, name := range names {
		if err := checkName(name); err != nil {
			return err
		}
		if seen[name] {
			return invalid("Duplicate parameter names: " + name)
		}
		seen[name] = true
	}
	return nil
}

// isMissing reports whether err is what GetParameters lists under
// InvalidParameters.
func isMissing(err *apiError) bool {
	return err.code == "ParameterNotFound" || err.code == "ParameterVersionNotFound"
}

const referencePrefix = "/aws/reference/secretsmanager/"

// one reads what one key asks for; action is what a reading needs.
func (s *SSM) one(action, key string, decrypt bool) (*parameterOutput, *apiError) {
	name, selector := splitSelector(key)
	if id, ok := strings.CutPrefix(name, referencePrefix); ok {
		return s.aws.Secrets.asParameter(id, selector, decrypt)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(key)
	if p == nil {
		return nil, badRequest("ParameterNotFound", "Parameter "+name+" not found.")
	}
	// A parameter goes by more names than the one it was asked by.
	if s.aws.policy.denies(action, p.name, p.arn) {
		return nil, badRequest("AccessDeniedException", notAuthorized(Caller, action, p.arn))
	}
	v := p.selected(selector)
	if v == nil {
		return nil, badRequest("ParameterVersionNotFound", "Systems Manager could not find version "+selector[1:]+" of "+name+". Verify the version and try again.")
	}
	return s.output(p, v, selector, decrypt)
}

// selected is the version that ":3" or ":prod" selects, the newest for "", or nil.
func (p *parameter) selected(selector string) *parameterVersion {
	if selector == "" {
		return p.newest()
	}
	if number, err := strconv.ParseInt(selector[1:], 10, 64); err == nil {
		return p.version(number)
	}
	i := slices.IndexFunc(p.versions, func(v *parameterVersion) bool { return slices.Contains(v.labels, selector[1:]) })
	if i < 0 {
		return nil
	}
	return p.versions[i]
}

func (s *SSM) output(p *parameter, v *parameterVersion, selector string, decrypt bool) (*parameterOutput, *apiError) {
	value := v.value
	if v.kind == "SecureString" {
		if !decrypt {
			value = ciphertext(p.arn, value)
		} else if s.aws.policy.denies("kms:Decrypt", p.name, p.arn) {
			return nil, badRequest("AccessDeniedException", notAuthorized(Caller, "kms:Decrypt", kmsKey)+" (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)")
		}
	}
	return &parameterOutput{
		Name:             p.name,
		Type:             v.kind,
		Value:            value,
		Version:          v.number,
		Selector:         selector,
		LastModifiedDate: maybeEpoch(v.modified),
		ARN:              p.arn,
		DataType:         v.dataType,
	}, nil
}
