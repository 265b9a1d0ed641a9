//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

// Every function of these tests is searched for values when it has ended: see
// newFunction. These tests have one do all it can to print them.

func newCareless(t *testing.T) (*function, *cachetest.AWS) {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	value := guest.Value(1)
	aws.SSM.PutSecure("/leak/token", value)
	aws.SSM.PutSecure("/leak/number", value)
	aws.Secrets.PutString("leak/login", fmt.Sprintf(`{"User":"app","Password":%q}`, value))
	aws.Secrets.PutString("leak/text", value)
	aws.Secrets.PutString("leak/denied", value)
	aws.Deny("secretsmanager:GetSecretValue", "leak/denied")
	aws.S3.Put("leak", "object", []byte(`{"a":"`+value+`","`+value+`":1}`))
	return newFunction(t, "careless", aws), aws
}

type read struct{ Read string }

func TestValuesAreNotInWhatIsPrinted(t *testing.T) {
	f, _ := newCareless(t)
	r := f.try(t, read{})
	if r.Error != nil || !strings.Contains(string(r.Payload), "[redacted]") {
		t.Errorf("%s, %v", r.Payload, r.Error)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for _, printed := range []string{"[redacted]", "lambdacache.Wrap", `Entry[string]("token")`} {
		if !f.said.contains(printed) {
			t.Errorf("the log does not have %q: was anything printed?", printed)
		}
	}
}

func TestValuesAreNotInErrors(t *testing.T) {
	f, _ := newCareless(t)
	for entry, says := range map[string]string{
		"an int": "int", "a list": "StringList", "json": "struct", "a field": "bool", "a text": "digits",
		"an object": "map[string]int", "a duration": "int", "own decoder": "decoder", "own panic": "panicked",
		"own function": "panicked", "missing": "ParameterNotFound", "denied": "AccessDeniedException",
	} {
		f.fails(t, read{entry}, "LoadError", says)
	}
	f.fails(t, read{"outside"}, "misuse", "outside a Wrap")
	f.fails(t, read{"panic"}, "string", "[redacted]")
	if f.Starts() != 2 && f.Starts() != 3 {
		t.Errorf("%d processes: more than the panics have ended", f.Starts())
	}
}

func TestValuesAreNotInErrorsOfBrokenServices(t *testing.T) {
	for name, effect := range map[string]cachetest.Effect{
		"malformed":  cachetest.Malformed(),
		"cut off":    cachetest.TruncateBody(len(guest.Marker) + 40),
		"throttled":  cachetest.Throttle(),
		"denied":     cachetest.Denied(),
		"reset":      cachetest.ResetConnection(),
		"corrupted":  cachetest.CorruptBody(0),
		"of service": cachetest.Error(500, "InternalServerError", "try again"),
		"hangs":      cachetest.Hang(),
	} {
		t.Run(name, func(t *testing.T) {
			f, aws := newCareless(t)
			f.ahead.Store(-int64(18 * time.Second)) // of 20: 2 s are left to the function
			aws.Fail(cachetest.Fault{Do: effect})
			f.fails(t, read{}, "LoadError", `"token"`, `"login"`)
		})
	}
}
