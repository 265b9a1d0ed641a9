package lambdacache_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// A source's log tells everything of a result but its value.
func TestResultInALog(t *testing.T) {
	for text, r := range map[string]lc.Result[string]{
		`lambdacache.Result([redacted])`:                                             {Value: "secret"},
		`lambdacache.Result([redacted], version "7", within 1m0s, not before 15s)`:   {Value: "secret", Version: "7", Within: time.Minute, NotBefore: 15 * time.Second},
		`lambdacache.Result([redacted], version "7", unchanged, age 2s, error down)`: {Value: "secret", Version: "7", Unchanged: true, Age: 2 * time.Second, Err: errors.New("down")},
	} {
		want(t, "String", r.String(), text)
		want(t, "LogValue", r.LogValue().String(), text)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			want(t, verb, fmt.Sprintf(verb, r), text)
		}
	}
}
