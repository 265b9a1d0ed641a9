package cachetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// SSM is the fake's Parameter Store. Its methods are what a test arranges; clients
// reach it through GetParameter, GetParameters, GetParametersByPath, PutParameter,
// LabelParameterVersion and DeleteParameter. They panic on what the service would
// refuse, since that is a mistake in the test.
//
// A name may be the full ARN of a parameter in another account or Region: it is
// then found by that ARN only, as a shared parameter is. [SSM.In] has what is there
// under its own name.
type SSM struct {
	aws        *AWS
	place      place
	elsewhere  elsewhere[SSM]
	operations map[string]jsonOperation

	mu         sync.Mutex
	parameters map[string]*parameter // by name, another account's by ARN
	modified   time.Time             // of the newest version of all
	pageSize   int
}

// parameter is a name with its versions.
type parameter struct {
	key       string // what it is stored under
	name, arn string
	versions  []*parameterVersion // oldest first
	last      int64               // number of the newest, also when the oldest are gone
}

type parameterVersion struct {
	number   int64
	kind     string // String, StringList, SecureString
	value    string
	tier     string
	dataType string
	labels   []string
	modified time.Time
}

const (
	maxParameterVersions = 100
	maxParameterPage     = 10
)

func newSSM(a *AWS, where place) *SSM {
	s := &SSM{aws: a, place: where, parameters: make(map[string]*parameter), pageSize: maxParameterPage}
	s.operations = map[string]jsonOperation{
		"GetParameter":          jsonOp(s.getParameter),
		"GetParameters":         jsonOp(s.getParameters),
		"GetParametersByPath":   jsonOp(s.getParametersByPath),
		"PutParameter":          jsonOp(s.putParameter),
		"DeleteParameter":       jsonOp(s.deleteParameter),
		"LabelParameterVersion": jsonOp(s.labelParameterVersion),
	}
	return s
}

// In is the Parameter Store of another account or Region, for requests that are
// signed for it: by a role of that account ([AWS.STS]), for that Region. Each has
// parameters of its own.
func (s *SSM) In(account, region string) *SSM { return s.aws.SSM.at(place{account, region}) }

// at finds the store of a place; s is the one at home.
func (s *SSM) at(p place) *SSM {
	if p == s.place {
		return s
	}
	return s.elsewhere.at(p, func() *SSM { return newSSM(s.aws, p) })
}

func (s *SSM) read(operation string, body []byte) *call {
	c := readJSON("ssm", operation, s.operations, body)
	for _, key := range c.keys {
		name := s.storedName(key)
		c.names = append(c.names, name)
		c.resources = append(c.resources, s.parameterARN(name))
	}
	return c
}

// Put stores a String as the next version of a parameter and returns its number: 1
// for a new parameter.
func (s *SSM) Put(name, value string) int64 { return s.put(name, "String", value) }

// PutList stores a StringList. An element cannot contain a comma: the service has
// no way to write one.
func (s *SSM) PutList(name string, elements ...string) int64 {
	if slices.ContainsFunc(elements, func(e string) bool { return strings.Contains(e, ",") }) {
		panic("cachetest: an element of the StringList " + name + " contains a comma, which separates elements")
	}
	return s.put(name, "StringList", strings.Join(elements, ","))
}

// PutSecure stores a SecureString. It is answered as ciphertext unless the request
// asks for decryption.
func (s *SSM) PutSecure(name, value string) int64 { return s.put(name, "SecureString", value) }

func (s *SSM) put(name, kind, value string) int64 {
	if err := checkNewName(name); err != nil && !strings.HasPrefix(name, "/aws/service/") {
		panic("cachetest: put parameter " + name + ": " + err.message)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.store(name, parameterVersion{kind: kind, value: value})
	if err != nil {
		panic("cachetest: put parameter " + name + ": " + err.message)
	}
	return v.number
}

// Label attaches labels to a version of a parameter. A label that another version
// has moves.
func (s *SSM) Label(name string, version int64, labels ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(name)
	if p == nil || p.version(version) == nil {
		panic(fmt.Sprintf("cachetest: label %s: it has no version %d", name, version))
	}
	if wrong := p.label(p.version(version), labels); len(wrong) > 0 {
		panic(fmt.Sprintf("cachetest: label %s: not labels: %q", name, wrong))
	}
}

// Delete removes a parameter with its versions and labels. A parameter that is not
// there is no mistake.
func (s *SSM) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.parameters, s.storedName(name))
}

// PageSize makes GetParametersByPath answer at most n parameters a page, whatever
// the request asks for, as the service may; the default is 10. With n = 0 the
// first page is empty and has a token, which the service may do too. Filters make
// pages shorter still: they see only what a page would have held without them.
func (s *SSM) PageSize(n int) {
	if n < 0 || n > maxParameterPage {
		panic("cachetest: a page has 0 to 10 parameters")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}

// store adds a version. s.mu is held.
func (s *SSM) store(name string, v parameterVersion) (*parameterVersion, *apiError) {
	key := s.storedName(name)
	p := s.parameters[key]
	if p == nil {
		p = &parameter{key: key, name: key, arn: s.parameterARN(key)}
		if strings.HasPrefix(key, "arn:") {
			p.name, p.arn = nameInARN(key), key
		}
	}
	if len(p.versions) == maxParameterVersions {
		if oldest := p.versions[0]; len(oldest.labels) > 0 {
			return nil, badRequest("ParameterMaxVersionLimitExceeded", fmt.Sprintf("version %d of %s is the oldest of 100 and has a label: move the label first", oldest.number, key))
		}
		p.versions = p.versions[1:]
	}
	p.last++
	v.number = p.last
	if v.modified = time.Now(); v.modified.Sub(s.modified) < time.Millisecond {
		v.modified = s.modified.Add(time.Millisecond) // the service answers milliseconds, and takes longer than one
	}
	s.modified = v.modified
	if v.dataType == "" {
		v.dataType = "text"
	}
	p.versions = append(p.versions, &v)
	s.aws.held().hold("ssm "+key, []byte(v.value))
	if v.kind == "StringList" {
		for e := range strings.SplitSeq(v.value, ",") {
			s.aws.held().hold("ssm "+key, []byte(e))
		}
	}
	s.parameters[key] = p
	return &v, nil
}

// find returns the parameter that a request asks for, whatever its selector, or
// nil. s.mu is held.
func (s *SSM) find(asked string) *parameter {
	name := s.storedName(asked)
	if p := s.parameters[name]; p != nil {
		return p
	}
	if strings.HasPrefix(strings.TrimSpace(asked), s.ownARN()) && !strings.Contains(name, "/") {
		return s.parameters["/"+name] // its ARN is written like that of "key"
	}
	return nil
}

func (p *parameter) version(number int64) *parameterVersion {
	i := slices.IndexFunc(p.versions, func(v *parameterVersion) bool { return v.number == number })
	if i < 0 {
		return nil
	}
	return p.versions[i]
}

func (p *parameter) newest() *parameterVersion { return p.versions[len(p.versions)-1] }

// label moves labels to v and returns those that are none.
func (p *parameter) label(v *parameterVersion, labels []string) (wrong []string) {
	for _, l := range labels {
		if !isLabel(l) {
			wrong = append(wrong, l)
			continue
		}
		for _, o := range p.versions {
			o.labels = slices.DeleteFunc(o.labels, func(x string) bool { return x == l })
		}
		v.labels = append(v.labels, l)
	}
	return wrong
}
