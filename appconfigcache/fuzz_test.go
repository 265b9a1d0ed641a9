package appconfigcache

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// answers is a server that says what it is told to say.
var answers testlab.Answers

// opened is a client whose sessions begin without a call.
type opened struct{ *appconfigdata.Client }

func (opened) StartConfigurationSession(context.Context, *appconfigdata.StartConfigurationSessionInput, ...func(*appconfigdata.Options)) (*appconfigdata.StartConfigurationSessionOutput, error) {
	return &appconfigdata.StartConfigurationSessionOutput{InitialConfigurationToken: new("first")}, nil
}

// ownWords are the errors about an answer with status 200.
var ownWords = regexp.MustCompile(`^(cannot decode: the response to GetLatestConfiguration( has no token for the next call: what answers is not AppConfig)?` +
	`|(GetLatestConfiguration: )?the answer broke off.*|GetLatestConfiguration: .*EOF.*)$`)

// FuzzAnswers holds that whatever the service says neither panics nor gets into an
// error, that a body with a token is the value, as it is, and that an empty one on the
// session goes on with it.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{"", "v1", "{}", "null", "s3cr3t", "\x00", "\xff", `{"Details":{"InvalidParameters":{"ConfigurationToken":{"Problem":"Expired"}}}}`} {
		f.Add(200, []byte(body), "next", "15", "v1")
		f.Add(400, []byte(body), "", "", "")
	}
	for _, interval := range []string{"", "0", "-1", "86400", "99999999999999999999", "s3cr3t", "1.5"} {
		f.Add(200, []byte("v1"), "next", interval, "")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, token, interval, label string) {
		status = 200 + int(uint(status-200)%400)
		header := http.Header{"Content-Type": {"application/json"}}
		for name, value := range map[string]string{"Next-Poll-Configuration-Token": token, "Next-Poll-Interval-In-Seconds": interval, "Version-Label": label} {
			if value != "" && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
				header.Set(name, value)
			}
		}
		answers.Say(status, header, body)
		client := opened{appconfigdata.NewFromConfig(answers.Config())}
		s := newSource(func() (any, error) { return client, nil })
		req := lambdacache.Request{Key: "app/prod/flags"}
		r := s.load(t.Context(), req)
		if r.Err != nil {
			if text := r.Err.Error(); status == 200 && (testlab.Shows(r.Err) || !ownWords.MatchString(text)) {
				t.Errorf("the error says more than its own words: %q", text)
			}
			return
		}
		if status/100 != 2 || r.Unchanged || string(r.Value) != string(body) && status == 200 || r.Version == "" || s.session(req.Key).interval > tokenLife {
			t.Fatalf("status %d, body %q: %+v", status, body, r)
		}
		answers.Say(200, header, nil)
		s.session(req.Key).interval = 0
		if again := s.load(t.Context(), lambdacache.Request{Key: req.Key, Have: r.Version}); again.Err == nil && !again.Unchanged {
			t.Errorf("an empty answer after %q: %+v", body, again)
		}
		s.session(req.Key).interval = 0
		if other := s.load(t.Context(), req); other.Err == nil && string(other.Value) != string(r.Value) {
			t.Errorf("who holds nothing gets %q, and not %q", other.Value, r.Value)
		}
	})
}
