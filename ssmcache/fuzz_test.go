package ssmcache

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// FuzzKey holds that a name is refused, or read the same when it is read again.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{
		"/app/key", "/app/key:3", "/app/key:prod", " /app/key:1\n", "key", ":", "a:", ":a", "a:b:c", "/", "/a/", "a b", "", "arn:", "é", "\xff",
		"arn:aws:ssm:us-east-1:123456789012:parameter/app/key", "arn:aws:ssm:us-east-1:123456789012:parameter/app/key:prod",
		"arn:aws:ssm:::parameter/", "arn:aws:ssm:a:b:parameter/c:d:e", "arn:aws:s3:::b", "arn:aws:ssm:a:b:c/d:1", "/aws/reference/secretsmanager/prod/db!@+=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, declared string) {
		k, err := parse(declared)
		if err != nil {
			return
		}
		again, err := parse(k.String())
		if err != nil || again != k {
			t.Errorf("%q is %+v, and read again %+v, %v", declared, k, again, err)
		}
		if k.String() != strings.TrimSpace(declared) {
			t.Errorf("%q becomes %q", declared, k)
		}
		if name := k.shortName(); name == "" || strings.ContainsAny(name, "/") {
			t.Errorf("%q has the short name %q", declared, name)
		}
		if strings.Contains(strings.TrimPrefix(k.selector, ":"), ":") {
			t.Errorf("%q has the selector %q", declared, k.selector)
		}
		if e := Parameter[string](declared); e.Name() != k.shortName() {
			t.Errorf("%q is named %q, want %q", declared, e.Name(), k.shortName())
		}
	})
}

const (
	fuzzName = "/app/key"
	fuzzARN  = "arn:aws:ssm:us-east-1:123456789012:parameter/app/key"
)

var fuzzKeys = []string{fuzzName, fuzzName + ":3", fuzzName + ":prod", fuzzARN, fuzzARN + ":3", "/app/other"}

// answers is a server that says what it is told to say.
var answers testlab.Answers

func answering(status int, body []byte) *source {
	answers.Say(status, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, body)
	client := ssm.NewFromConfig(answers.Config())
	return &source{func() (any, error) { return client, nil }}
}

// ownWords are the errors about an answer with status 200.
var ownWords = regexp.MustCompile(`^(` + strings.Join([]string{
	"ParameterNotFound: there is no such parameter, version or label in this account and Region",
	"the answer to GetParameters does not mention the parameter",
	"the answer to GetParameters has several parameters of that name",
	"the parameter has no text: .*",
	"cannot decode: the response to GetParameters?",
	"(GetParameters?: )?the answer broke off.*|GetParameters?: .*EOF.*",
}, "|") + `)$`)

// FuzzAnswers holds that whatever the service says neither panics nor gets into an
// error, and that a key gets the value of its own parameter or none.
func FuzzAnswers(f *testing.F) {
	one := func(name, selector, more string) string {
		return fmt.Sprintf(`{"Name":%q,"ARN":%q,"Type":"SecureString","Value":"s3cr3t of %s%s","Version":3%s}`, name, fuzzARN, name, selector, more)
	}
	for _, body := range []string{
		"", "{}", "null", "[]", `"s3cr3t"`, "s3cr3t", "\x00", "{", `{"Parameters":[`, `{"Parameters":null}`, `{"Parameters":{}}`, `{"Parameters":[null]}`,
		`{"Parameters":[` + one(fuzzName, "", "") + `]}`,
		`{"Parameters":[` + one(fuzzName, ":3", `,"Selector":":3"`) + "," + one(fuzzName, "", "") + "," + one(fuzzName, ":prod", `,"Selector":":prod"`) + `],"InvalidParameters":["/app/other"]}`,
		`{"Parameters":[{"Name":"/app/key","ARN":"arn:other","Value":"s3cr3t 1"},{"Name":"/app/key","ARN":"` + fuzzARN + `","Value":"s3cr3t 2"}]}`,
		`{"InvalidParameters":["/app/key","/app/key:3","s3cr3t"]}`, `{"InvalidParameters":[1]}`,
		`{"Parameters":[{"Name":"/app/key","Value":""}]}`, `{"Parameters":[{"Name":"/app/key","Value":5}]}`, `{"Parameters":[{"Name":"/app/key","Value":"s3cr3t","Version":"s3cr3t"}]}`,
		`{"Parameters":[{"Name":"/app/key","Value":"s3cr3t","Version":1e99}]}`, `{"Parameters":[{"Name":"/app/key","Type":"StringList","Value":"s3cr3t,a"}]}`,
		`{"Parameters":[{"Name":"/app/key","Value":"s3cr3t","SourceResult":"{\"versionId\":\"v\"}"}]}`, `{"Parameters":[{"Name":"/app/key","Value":"s3cr3t","SourceResult":"s3cr3t"}]}`,
		`{"Parameter":` + one(fuzzName, "", "") + `}`, `{"Parameter":null}`, `{"Parameter":5}`, `{"Parameter":{"Value":"s3cr3t","LastModifiedDate":"s3cr3t"}}`,
		`{"Parameter":{"Name":"/app/key","Value":"s3cr3t`, `{"Parameters":[` + one(fuzzName, "", "") + `]} s3cr3t`,
	} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
	f.Add(400, []byte(`{"__type":"ParameterNotFound"}`))
	f.Add(400, []byte(`{"__type":"com.amazonaws.ssm#AccessDeniedException","message":"no"}`))
	f.Add(500, []byte(`<html>no</html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 200 + int(uint(status-200)%400)
		s := answering(status, body)
		reqs := make([]lambdacache.Request, len(fuzzKeys))
		for i, name := range fuzzKeys {
			reqs[i].Key = name
		}
		listed := parametersIn(body)
		for i, r := range s.Load(t.Context(), reqs) {
			checkAnswer(t, status, fuzzKeys[i], r, listed)
		}
		checkAnswer(t, status, fuzzName, s.LoadOne(t.Context(), reqs[0]), nil)
	})
}

func checkAnswer(t *testing.T, status int, name string, r lambdacache.Result[*parameter], listed *listing) {
	t.Helper()
	if (r.Value == nil) == (r.Err == nil) {
		t.Fatalf("%s: %v and %v", name, r.Value, r.Err)
	}
	if r.Err == nil {
		if status/100 != 2 || r.Value.value == "" || listed != nil && !listed.allows(name, r.Value.value) {
			t.Errorf("%s with status %d: not its value", name, status)
		}
		return
	}
	if status/100 == 2 {
		testlab.Hidden(t, r.Err)
		if text := r.Err.Error(); !ownWords.MatchString(text) {
			t.Errorf("%s with status %d: the error says more than its own words: %q", name, status, text)
		}
	}
	if listed != nil && listed.must(name) && status == http.StatusOK && !errors.Is(r.Err, lambdacache.ErrDecode) {
		t.Errorf("%s is in the answer: %v", name, r.Err)
	}
}

// listing is what an answer has, read another way than the SDK does.
type listing struct {
	parameters []map[string]any
	invalid    []any
}

func parametersIn(body []byte) *listing {
	var document map[string]any
	if json.NewDecoder(bytes.NewReader(body)).Decode(&document) != nil {
		return nil
	}
	l := &listing{}
	l.invalid, _ = document["InvalidParameters"].([]any)
	parameters, _ := document["Parameters"].([]any)
	for _, p := range parameters {
		fields, _ := p.(map[string]any)
		l.parameters = append(l.parameters, fields)
	}
	return l
}

// named reports whether a parameter answers to a key's name.
func (k key) named(p map[string]any) bool { return p["Name"] == k.name || p["ARN"] == k.name }

// allows reports whether a value may be that of a key: its parameter's name or ARN is
// in the answer, with that value and no other selector.
func (l *listing) allows(name, value string) bool {
	k, _ := parse(name)
	value = string([]rune(value)) // encoding/json puts U+FFFD for what is not UTF-8, the SDK does not
	return slices.ContainsFunc(l.parameters, func(p map[string]any) bool {
		return k.named(p) && p["Value"] == value && (p["Selector"] == nil || p["Selector"] == k.selector)
	})
}

// must reports whether an answer has the value of a key beyond doubt: the only
// parameter of that name or ARN, with its selector.
func (l *listing) must(name string) bool {
	k, _ := parse(name)
	if len(l.parameters) != 1 || slices.Contains(l.invalid, any(name)) {
		return false
	}
	p := l.parameters[0]
	selected := p["Selector"] == k.selector || p["Selector"] == nil && k.selector == ""
	return k.named(p) && selected && p["Value"] != nil && p["Value"] != ""
}
