package dynamocache

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

var fuzzKeys = []key{
	{Key: keyOf("t", Key("pk", "a"))}, {Key: keyOf("t", Key("pk", "7"))}, {Key: keyOf("t", Key("pk", 7))}, {Key: keyOf("u", Key("pk", "a", "sk", 7))}, {Key: keyOf("u", Key("pk", []byte("a")))},
}

// answers is a server that says what it is told to say.
var answers testlab.Answers

func answering(status int, body []byte) *source {
	answers.Say(status, http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, body)
	client := dynamodb.NewFromConfig(answers.Config())
	return &source{client: func() (any, error) { return client, nil }}
}

// ownWords are the errors about an answer with status 200.
var ownWords = regexp.MustCompile(`^(` + strings.Join([]string{
	"the table has no item with this key",
	"the answer to BatchGetItem does not mention the table",
	"left over by a batched call",
	"cannot decode: the response to (Batch)?GetItem",
	"((Batch)?GetItem: )?the answer broke off.*|(Batch)?GetItem: .*EOF.*",
}, "|") + `)$`)

// FuzzAnswers holds that whatever the service says neither panics nor gets into an
// error, that a key gets its own item or none, and that whatever is in an item can be
// decoded or is refused without being shown.
func FuzzAnswers(f *testing.F) {
	const a, seven, sorted = `{"pk":{"S":"a"},"v":{"S":"s3cr3t"}}`, `{"pk":{"N":"7.0"},"v":{"N":"98765432109876543210"}}`, `{"sk":{"N":"7"},"pk":{"S":"a"},"v":{"L":[{"M":{"x":{"BOOL":true}}}]}}`
	for _, body := range []string{
		"", "{}", "null", "[]", `"s3cr3t"`, "s3cr3t", "\x00", "{", `{"Item":`, `{"Item":null}`, `{"Item":{}}`, `{"Item":[]}`, `{"Item":"s3cr3t"}`, `{"Item":` + a + `}`,
		`{"Item":{"pk":null}}`, `{"Item":{"pk":{}}}`, `{"Item":{"pk":{"S":7}}}`, `{"Item":{"pk":{"X":"s3cr3t"}}}`, `{"Item":{"pk":{"S":"a","N":"7"}}}`, `{"Item":{"v":{"B":"s3cr3t!"}}}`,
		`{"Item":{"v":{"N":"s3cr3t"}}}`, `{"Item":{"v":{"NS":["s3cr3t"]}}}`, `{"Item":{"v":{"BS":["AA=="]}}}`, `{"Item":{"v":{"L":[null]}}}`, `{"Item":{"v":{"M":{"a":{"NULL":false}}}}}`,
		`{"Responses":{"t":[` + a + "," + seven + `],"u":[` + sorted + `]}}`, `{"Responses":{"u":[` + a + `]}}`, `{"Responses":{"t":null},"UnprocessedKeys":{"t":{"Keys":[{"pk":{"S":"a"}}]}}}`,
		`{"Responses":{"t":[null,{}]}}`, `{"Responses":[]}`, `{"Responses":{"t":{}}}`, `{"UnprocessedKeys":{"t":{"Keys":[{}]}}}`, `{"UnprocessedKeys":5}`, `{"Responses":{"t":[` + a + `]}} s3cr3t`,
	} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
	f.Add(400, []byte(`{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}`))
	f.Add(400, []byte(`{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}`))
	f.Add(500, []byte(`<html>no</html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 200 + int(uint(status-200)%400)
		s := answering(status, body)
		reqs := make([]lambdacache.Request, len(fuzzKeys))
		for i, k := range fuzzKeys {
			reqs[i].Key = k.String()
		}
		for i, r := range s.Load(t.Context(), reqs) {
			checkAnswer(t, status, fuzzKeys[i], r, true)
		}
		checkAnswer(t, status, fuzzKeys[0], s.Load(t.Context(), reqs[:1])[0], false)
	})
}

func checkAnswer(t *testing.T, status int, k key, r lambdacache.Result[*item], batched bool) {
	t.Helper()
	if (r.Value == nil) == (r.Err == nil) {
		t.Fatalf("%s: %v and %v", k, r.Value, r.Err)
	}
	if r.Err != nil {
		checkError(t, status, k.String(), r.Err)
		return
	}
	attributes := r.Value.attributes()
	if status/100 != 2 || r.Version == "" || batched && !k.is(attributes) {
		t.Errorf("%s with status %d: not its item", k, status)
	}
	if again := newItem(cloneMap(attributes)).version(); again != r.Version {
		t.Errorf("%s: a copy has another version", k)
	}
	decodes[map[string]any](t, r.Value)
	decodes[map[string]int8](t, r.Value)
	decodes[struct {
		PK lambdacache.Redacted[int]
		V  []lambdacache.Redacted[string]
	}](t, r.Value)
}

func decodes[T any](t *testing.T, i *item) {
	t.Helper()
	var v T
	into, err := decoder(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	if err := into(i.attributes(), reflect.ValueOf(&v).Elem()); err != nil {
		if text := err.Error(); !errors.Is(err, lambdacache.ErrDecode) || shows(text, i) {
			t.Errorf("a %T says %q", err, text)
		}
	}
}

// shows looks for the value among the words of an error; names of attributes are told.
func shows(text string, i *item) bool {
	for name := range i.attributes() {
		text = strings.ReplaceAll(text, fmt.Sprintf("%q", name), "")
	}
	return strings.Contains(text, testlab.Secret)
}

func checkError(t *testing.T, status int, k string, err error) {
	t.Helper()
	if status/100 != 2 {
		return
	}
	testlab.Hidden(t, err)
	if text := err.Error(); !ownWords.MatchString(text) {
		t.Errorf("%s with status %d: the error says more than its own words: %q", k, status, text)
	}
}

// FuzzKey holds that a key is refused, or read back as it was.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"tenant#1", "7", "a&consistent", "", "\xff", "a=b?c", `"`} {
		f.Add("t", "pk", seed, int64(7), true)
		f.Add(seed, seed, "x", int64(-1), false)
	}
	f.Fuzz(func(t *testing.T, table, name, value string, number int64, consistent bool) {
		defer func() {
			if r := recover(); r != nil && !strings.HasPrefix(fmt.Sprint(r), "lambdacache: dynamocache") {
				panic(r)
			}
		}()
		primary := Key(name, value, "number of the sort key", number)
		k := key{keyOf(table, primary), consistent}
		if checkTable(table) == nil && !reflect.DeepEqual(parseKey(k.String()), k) {
			t.Errorf("%+v is read back as %+v", k, parseKey(k.String()))
		}
		if e := Item[map[string]any](table, primary); e.Name() != primary.name() {
			t.Errorf("%s is named %q", k, e.Name())
		}
	})
}
