package cachetest

import "strings"

type putParameterInput struct {
	Name      string
	Value     string
	Type      string
	Tier      string
	DataType  string
	Overwrite bool
}

func (in putParameterInput) keys() []string { return []string{in.Name} }

// check refuses what the service refuses; old is the present version, nil if there
// is none. It fills in what the request may leave out.
func (in *putParameterInput) check(old *parameterVersion) *apiError {
	if err := checkNewName(in.Name); err != nil {
		return err
	}
	if old != nil && !in.Overwrite {
		return badRequest("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	}
	if old == nil && in.Type == "" {
		return invalid("A parameter type is required when you create a parameter.")
	}
	if old != nil && in.Type == "" {
		in.Type = old.kind
	}
	switch in.Type {
	case "String", "StringList", "SecureString":
	default:
		return badRequest("UnsupportedParameterType", "The parameter type isn't supported.")
	}
	return in.checkSize(old)
}

func (in *putParameterInput) checkSize(old *parameterVersion) *apiError {
	if in.Tier == "" && old != nil {
		in.Tier = old.tier
	}
	if in.Tier == "" {
		in.Tier = "Standard"
	}
	if in.Tier == "Intelligent-Tiering" {
		in.Tier = "Standard"
		if len(in.Value) > 4096 {
			in.Tier = "Advanced"
		}
	}
	switch {
	case in.Value == "":
		return invalid("1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case in.Tier == "Standard" && len(in.Value) > 4096:
		return invalid("Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.")
	case len(in.Value) > 8192:
		return invalid("Advanced tier parameters support a maximum parameter value of 8192 characters.")
	}
	return nil
}

func (s *SSM) putParameter(in putParameterInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var old *parameterVersion
	if p := s.find(in.Name); p != nil {
		old = p.newest()
	}
	if err := in.check(old); err != nil {
		return nil, err
	}
	v, err := s.store(in.Name, parameterVersion{kind: in.Type, value: in.Value, tier: in.Tier, dataType: in.DataType})
	if err != nil {
		return nil, err
	}
	return map[string]any{"Version": v.number, "Tier": v.tier}, nil
}

type deleteParameterInput struct{ Name string }

func (in deleteParameterInput) keys() []string { return []string{strings.TrimSpace(in.Name)} }

func (s *SSM) deleteParameter(in deleteParameterInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(in.Name)
	if p == nil {
		return nil, badRequest("ParameterNotFound", "Parameter "+in.Name+" not found.")
	}
	delete(s.parameters, p.key)
	return struct{}{}, nil
}

type labelParameterVersionInput struct {
	Name             string
	ParameterVersion int64
	Labels           []string
}

func (in labelParameterVersionInput) keys() []string { return []string{strings.TrimSpace(in.Name)} }

func (s *SSM) labelParameterVersion(in labelParameterVersionInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(in.Name)
	if p == nil {
		return nil, badRequest("ParameterNotFound", "Parameter "+in.Name+" not found.")
	}
	v := p.newest()
	if in.ParameterVersion != 0 {
		v = p.version(in.ParameterVersion)
	}
	if v == nil {
		return nil, badRequest("ParameterVersionNotFound", "Systems Manager could not find that version of "+in.Name+". Verify the version and try again.")
	}
	wrong := p.label(v, in.Labels)
	if wrong == nil {
		wrong = []string{}
	}
	return map[string]any{"InvalidLabels": wrong, "ParameterVersion": v.number}, nil
}
