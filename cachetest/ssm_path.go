package cachetest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

type getParametersByPathInput struct {
	Path             string
	Recursive        bool
	WithDecryption   bool
	MaxResults       *int
	NextToken        string
	ParameterFilters []parameterFilter
}

// parameterFilter picks parameters; of the service's filters the fake has Label, whose
// answer is the version with the label, and Type.
type parameterFilter struct {
	Key, Option string
	Values      []string
}

func (f parameterFilter) check() *apiError {
	switch {
	case f.Key != "Label" && f.Key != "Type":
		return badRequest("InvalidFilterKey", "The specified filter key "+f.Key+" isn't valid; the fake AWS of cachetest has Label and Type.")
	case f.Option != "" && f.Option != "Equals":
		return badRequest("InvalidFilterOption", "The specified filter option "+f.Option+" isn't valid. Valid options: [Equals]")
	case len(f.Values) == 0:
		return badRequest("InvalidFilterValue", "The filter value isn't valid. Verify the value and try again.")
	}
	return nil
}

// version picks what the filters leave of a parameter: the version that has the label,
// the newest without such a filter, or nil.
func (in getParametersByPathInput) version(p *parameter) *parameterVersion {
	v := p.newest()
	for _, f := range in.ParameterFilters {
		if f.Key != "Label" {
			continue
		}
		i := slices.IndexFunc(p.versions, func(v *parameterVersion) bool {
			return slices.ContainsFunc(v.labels, func(l string) bool { return slices.Contains(f.Values, l) })
		})
		if i < 0 {
			return nil
		}
		v = p.versions[i]
	}
	for _, f := range in.ParameterFilters {
		if f.Key == "Type" && !slices.Contains(f.Values, v.kind) {
			return nil
		}
	}
	return v
}

func (in getParametersByPathInput) keys() []string { return []string{in.Path} }

func (s *SSM) getParametersByPath(in getParametersByPathInput) (any, *apiError) {
	size, start, err := in.check()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.below(in.Path, in.Recursive)
	if s.pageSize == 0 && in.NextToken == "" {
		size = 0
	} else if s.pageSize > 0 {
		size = min(size, s.pageSize)
	}
	start = min(start, len(names))
	end := min(start+size, len(names))

	found := []*parameterOutput{}
	for _, name := range names[start:end] {
		p := s.parameters[name]
		v := in.version(p)
		if v == nil {
			continue // the service filters what it has paged: pages become short, or empty
		}
		out, err := s.output(p, v, "", in.WithDecryption)
		if err != nil {
			return nil, err
		}
		found = append(found, out)
	}
	answer := map[string]any{"Parameters": found}
	if end < len(names) {
		answer["NextToken"] = "page-" + strconv.Itoa(end)
	}
	return answer, nil
}

// check says how many parameters to answer and which to start with.
func (in getParametersByPathInput) check() (size, start int, _ *apiError) {
	if !strings.HasPrefix(in.Path, "/") || !nameLetters.MatchString(in.Path) {
		return 0, 0, invalid("The parameter path must begin with a slash /, and " + nameRule)
	}
	for _, f := range in.ParameterFilters {
		if err := f.check(); err != nil {
			return 0, 0, err
		}
	}
	size = maxParameterPage
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > maxParameterPage {
		return 0, 0, invalid("1 validation error detected: Value '" + strconv.Itoa(size) + "' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 10")
	}
	if in.NextToken == "" {
		return size, 0, nil
	}
	start, err := strconv.Atoi(strings.TrimPrefix(in.NextToken, "page-"))
	if err != nil || start < 0 {
		return 0, 0, badRequest("InvalidNextToken", "The specified token isn't valid.")
	}
	return size, start, nil
}

// below is the names under a path, in alphabetical order: one level, or all. s.mu
// is held.
func (s *SSM) below(path string, recursive bool) []string {
	prefix := strings.TrimSuffix(path, "/") + "/"
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.parameters)), func(name string) bool {
		rest, ok := strings.CutPrefix(name, prefix)
		return !ok || !recursive && strings.Contains(rest, "/")
	})
}
