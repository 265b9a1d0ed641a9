package awsconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzContainerCredentials holds that whatever the endpoint answers neither panics nor
// gets into an error, but for the code and the message of a refusal, and that keys are
// given out whole or not at all.
func FuzzContainerCredentials(f *testing.F) {
	const hidden = "s3cr3t"
	for _, body := range []string{
		"", "{}", "null", "[]", "s3cr3t", `"s3cr3t"`, "\x00", `{"AccessKeyId":"AKID","SecretAccessKey":"s3cr3t","Token":"s3cr3t","Expiration":"2030-01-02T03:04:05Z","AccountId":"123456789012"}`,
		`{"AccessKeyId":"AKID","SecretAccessKey":"s3cr3t"}`, `{"AccessKeyId":"AKID"}`, `{"SecretAccessKey":"s3cr3t"}`, `{"accesskeyid":"AKID","SECRETACCESSKEY":"s3cr3t"}`,
		`{"AccessKeyId":"AKID","SecretAccessKey":"s3cr3t","Expiration":"s3cr3t"}`, `{"AccessKeyId":"AKID","SecretAccessKey":"s3cr3t","Expiration":"0001-01-01T00:00:00Z"}`,
		`{"AccessKeyId":"AKID","SecretAccessKey":"s3cr3t","Expiration":"9999-12-31T23:59:59Z"}`, `{"AccessKeyId":5,"SecretAccessKey":"s3cr3t"}`, `{"AccessKeyId":"AKID","SecretAccessKey":"s3cr3t`,
		`{"AccessKeyId":"AKID","SecretAccessKey":"s3cr3t"} s3cr3t`, `{"Code":"AccessDenied","Message":"no"}`, `{"Code":"s3cr3t"}`, `{"Code":5}`, "<html>s3cr3t</html>",
	} {
		for _, status := range []int{200, 400, 429, 500} {
			f.Add(status, "application/json", []byte(body))
		}
		f.Add(403, "text/plain; charset=utf-8", []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		status = 200 + int(uint(status-200)%400)
		c := newFakeContainer(t, func(int32, *http.Request) (*http.Response, error) {
			r := respond(status, string(body))
			r.Header = http.Header{"Content-Type": {kind}}
			return r, nil
		})
		g, err := c.endpoint.attempt(t.Context(), "token")
		var said struct {
			AccessKeyID, SecretAccessKey, Token string
			Code, Message                       string
		}
		whole := json.Unmarshal(body, &said) == nil
		if (g == nil) == (err == nil) {
			t.Fatalf("%v and %v", g, err)
		}
		if err == nil {
			creds := g.Credentials()
			asked, life := g.Life()
			if status/100 != 2 || !whole || !creds.HasKeys() || creds.AccessKeyID != said.AccessKeyID ||
				creds.SecretAccessKey != said.SecretAccessKey || creds.SessionToken != said.Token {
				t.Errorf("status %d: keys that were not given", status)
			}
			if creds.CanExpire && (life > 0) != creds.Expires.After(time.Unix(0, asked.Wall)) {
				t.Errorf("keys until %v live for %v", creds.Expires, life)
			}
			return
		}
		if status/100 != 2 && (strings.HasPrefix(kind, "text/plain") || strings.Contains(said.Code+said.Message, hidden)) {
			return // they are made to be shown
		}
		for ; err != nil; err = errors.Unwrap(err) {
			if strings.Contains(fmt.Sprintf("%v %+v %q", err, err, err), hidden) {
				t.Errorf("status %d: a %T shows a value", status, err)
			}
		}
	})
}
