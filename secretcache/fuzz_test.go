package secretcache

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// FuzzKey holds that an id is refused, or read the same when it is read again, with its
// stage and version.
func FuzzKey(f *testing.F) {
	const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
	for _, id := range []string{
		"prod/db", " prod/db\n", "", "a b", "a?b", "a#b", "a:b", "arn:", arn, arn + "?x", arn + ":password", "é", "\xff", "\x00", "%3F", "a+b",
		"arn:aws:secretsmanager:us?stage=x:1:secret:n", "arn:aws:secretsmanager:::secret:", "arn:aws:ssm:a:b:secret:c", "arn:aws:secretsmanager:a b:1:secret:n",
	} {
		for _, stage := range []string{"", "AWSPREVIOUS", "a&version=b", "a b%20;=?#", "\xff"} {
			f.Add(id, stage, "")
			f.Add(id, stage, "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE")
		}
	}
	f.Fuzz(func(t *testing.T, id, stage, version string) {
		k := key{id: strings.TrimSpace(id), stage: stage, version: version}
		if k.wrong() != "" {
			return
		}
		if again := parseKey(k.String()); again != k {
			t.Errorf("%+v is %q, and read again %+v", k, k, again)
		}
		if strings.ContainsAny(k.shortName(), "/:?# ") {
			t.Errorf("%q has the short name %q", id, k.shortName())
		}
		if !k.names(k.id, k.id) {
			t.Errorf("%q does not name itself", id)
		}
		if k.pinned() {
			return
		}
		if e := Secret[string](id); e.Name() != k.shortName() {
			t.Errorf("%q is named %q, want %q", id, e.Name(), k.shortName())
		}
	})
}

var fieldWords = regexp.MustCompile(`^cannot decode: (the secret's JSON has no value for the field "user"|` +
	`a field can be read of a JSON object only: (the value is empty, )?not JSON of a map\[string\]json.RawMessage(: (malformed at byte \d+|what ends at byte \d+ is no map\[string\]json.RawMessage))?)$`)

// FuzzField holds that a field is read as encoding/json reads it, and that an error has
// nothing of the secret.
func FuzzField(f *testing.F) {
	for _, document := range []string{
		"", "null", "{}", "[]", `"s3cr3t"`, "s3cr3t", `{"user":"s3cr3t"}`, `{"user":null}`, `{"user":5}`, `{"user":{"a":"s3cr3t"}}`, `{"user":"a","user":"b"}`,
		`{"User":"s3cr3t"}`, `{"user":"\ud800"}`, `{"user":"\u0000"}`, `{"user":"s3cr3t`, `{"user":"s3cr3t"} x`, "{\"user\":\"\xff\"}", `{"user" : [1, 2 ] }`, "\ufeff{}",
	} {
		f.Add([]byte(document), false)
		f.Add([]byte(document), true)
	}
	f.Fuzz(func(t *testing.T, document []byte, isBinary bool) {
		s := &secret{text: string(document)}
		if isBinary {
			s = &secret{binary: append([]byte{}, document...)}
		}
		var object map[string]json.RawMessage
		err := json.Unmarshal(document, &object)
		raw, got := s.field("user")
		value, there := object["user"]
		if there = there && err == nil && string(value) != "null"; there != (got == nil) {
			t.Fatalf("%q: %v, want a value: %v", document, got, there)
		}
		if got != nil {
			if text := got.Error(); !fieldWords.MatchString(text) || testlab.Shows(got) {
				t.Errorf("the error says more than its own words: %q", text)
			}
			return
		}
		read := func() string {
			from := decoder[string]("Field", "id")
			v, err := from(raw)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}()
		want := string(value)
		if text := ""; value[0] == '"' && json.Unmarshal(value, &text) == nil {
			want = text
		}
		if read != want {
			t.Errorf("the field is %q, want %q", read, want)
		}
	})
}

const (
	fuzzName = "prod/db"
	fuzzARN  = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
)

var fuzzIDs = []string{fuzzName, fuzzARN, strings.TrimSuffix(fuzzARN, "-AbCdEf"), "prod/other"}

// answers is a server that says what it is told to say.
var answers testlab.Answers

func answering(status int, body []byte) batch {
	answers.Say(status, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, body)
	client := secretsmanager.NewFromConfig(answers.Config())
	return batch{one{func() (any, error) { return client, nil }, new(rotations)}}
}

// ownWords are the errors about an answer with status 200, but for those that it gives
// for one of the secrets.
var ownWords = regexp.MustCompile(`^(` + strings.Join([]string{
	"the answer to BatchGetSecretValue does not mention the secret",
	"the answer to BatchGetSecretValue has several secrets of that name",
	"the secret is empty: it has neither a SecretString nor a SecretBinary",
	"cannot decode: the response to (Batch)?GetSecretValue",
	regexp.QuoteMeta(lambdacache.ErrLeftOver.Error()),
	"(Batch)?GetSecretValue: .*EOF.*",
}, "|") + `)$`)

// FuzzAnswers holds that whatever the service says neither panics nor gets into an
// error, and that an id gets the value of its own secret or none.
func FuzzAnswers(f *testing.F) {
	entry := `{"ARN":"` + fuzzARN + `","Name":"prod/db","SecretString":"s3cr3t 1","VersionId":"v1","VersionStages":["AWSCURRENT"],"CreatedDate":1.7e9}`
	for _, body := range []string{
		"", "{}", "null", "[]", `"s3cr3t"`, "s3cr3t", "\x00", "{", entry, `{"SecretValues":[` + entry + `]}`, `{"SecretValues":[` + entry + `,` + entry + `]}`,
		`{"SecretValues":[` + entry + `,{"ARN":"arn:aws:secretsmanager:us-east-1:2:secret:prod/db-XXXXXX","Name":"prod/db","SecretString":"s3cr3t 2"}]}`,
		`{"SecretValues":[` + entry + `],"NextToken":"s3cr3t"}`, `{"SecretValues":[],"NextToken":"t"}`, `{"SecretValues":null,"Errors":null}`, `{"SecretValues":[null]}`, `{"SecretValues":5}`,
		`{"Errors":[{"SecretId":"prod/db","ErrorCode":"AccessDeniedException","Message":"no"},{"SecretId":"` + fuzzARN + `","ErrorCode":"ResourceNotFoundException"}]}`, `{"Errors":[null]}`, `{"Errors":[{}]}`,
		`{"SecretString":null,"SecretBinary":"czNjcjN0","VersionId":"v"}`, `{"SecretBinary":"s3cr3t"}`, `{"SecretBinary":"s3cr3t!"}`, `{"SecretString":5}`, `{"SecretString":"s3cr3t`, `{"SecretString":"","VersionId":"v"}`,
		`{"SecretString":"s3cr3t","CreatedDate":"s3cr3t"}`, entry + " s3cr3t",
	} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
	f.Add(400, []byte(`{"__type":"ResourceNotFoundException","Message":"no"}`))
	f.Add(400, []byte(`{"__type":"AccessDeniedException"}`))
	f.Add(503, []byte(`<html>no</html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 200 + int(uint(status-200)%400)
		s := answering(status, body)
		reqs := make([]lambdacache.Request, len(fuzzIDs))
		for i, id := range fuzzIDs {
			reqs[i].Key = id
		}
		var document map[string]any
		_ = json.NewDecoder(bytes.NewReader(body)).Decode(&document) // and nothing behind it, as the SDK
		list, _ := document["SecretValues"].([]any)
		for i, r := range s.Load(t.Context(), reqs) {
			checkAnswer(t, status, fuzzIDs[i], r, list, document["Errors"] != nil)
		}
		checkAnswer(t, status, fuzzName, s.LoadOne(t.Context(), reqs[0]), []any{document}, false)
	})
}

// checkAnswer looks at what was made of an answer with a list of secrets.
func checkAnswer(t *testing.T, status int, id string, r lambdacache.Result[*secret], list []any, errorsToo bool) {
	t.Helper()
	if (r.Value == nil) == (r.Err == nil) || r.Unchanged {
		t.Fatalf("%s: %v and %v", id, r.Value, r.Err)
	}
	if r.Err != nil {
		if text := r.Err.Error(); status/100 == 2 && !errorsToo && (testlab.Shows(r.Err) || !ownWords.MatchString(text)) {
			t.Errorf("%s with status %d: the error says more than its own words: %q", id, status, text)
		}
		return
	}
	alone := len(list) == 1 // and GetSecretValue does not say the name it was asked by
	k := parseKey(id)
	if status/100 != 2 || list == nil || !slices.ContainsFunc(list, func(s any) bool {
		fields, _ := s.(map[string]any)
		arn, _ := fields["ARN"].(string)
		arn = strings.ReplaceAll(arn, "\uFFFD", "?") // a byte that is not UTF-8 is one byte to the SDK
		name, _ := fields["Name"].(string)
		return (alone || k.names(arn, name)) && r.Value.is(fields)
	}) {
		t.Errorf("%s with status %d: not its value", id, status)
	}
}

// is reports whether a secret is that of an answer.
func (s *secret) is(fields map[string]any) bool {
	if s.binary == nil {
		return fields["SecretString"] == string([]rune(s.text)) // U+FFFD for what is not UTF-8
	}
	text, _ := fields["SecretBinary"].(string)
	decoded, err := base64.StdEncoding.DecodeString(text)
	return err == nil && bytes.Equal(decoded, s.binary)
}
