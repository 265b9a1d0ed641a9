//go:build linux

package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/lambdahost"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

type shapesEvent struct {
	Do string
	N  int
}

// newShape makes the function "shapes" with the handler of that name.
func newShape(t *testing.T, name string, changes ...change) (*function, *cachetest.AWS) {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	putShapes(aws, 1)
	aws.SSM.Put("/app/door", "open")
	return newFunction(t, "shapes", aws, append(changes, mode(name))...), aws
}

// The response of a function URL is streamed after the handler, and Wrap, returned.
// Its snapshot stays as it is, whatever the source holds by then.
func TestAStreamedResponseReadsItsSnapshot(t *testing.T) {
	for name, changes := range map[string][]change{
		"frozen in between": nil,
		"Managed Instances": {atOnce(2)},
	} {
		t.Run(name, func(t *testing.T) {
			f, aws := newShape(t, "stream", append(changes, maxAge(0))...)
			door := aws.Hold("", "/app/door")
			stream := f.begin(t, shapesEvent{})
			r := bufio.NewReader(stream)
			prelude := make([]byte, len(`{"statusCode":207,"headers":{"X-Shape":"stream"}}`)+8)
			if _, err := io.ReadFull(r, prelude); err != nil {
				t.Fatal(err)
			}
			if got := string(prelude); got != `{"statusCode":207,"headers":{"X-Shape":"stream"}}`+strings.Repeat("\x00", 8) {
				t.Errorf("prelude %q", got)
			}
			if line, err := r.ReadString('\n'); err != nil || line != "generation 1 after 1\n" {
				t.Errorf("first part %q, %v", line, err)
			}
			door.Wait(1) // the body is being read, long after Wrap returned
			if f.Frozen() {
				t.Error("frozen while the response is streamed")
			}
			putShapes(aws, 2)
			door.Release()
			rest, err := io.ReadAll(r)
			if err != nil || string(rest) != "generation 1 after 1\nnewest 2\n" {
				t.Errorf("second part %q, %v", rest, err)
			}
			response := f.outcome(t, stream)
			if want := "application/vnd.awslambda.http-integration-response"; response.ContentType != want {
				t.Errorf("content type %q, want %q", response.ContentType, want)
			}
			again := f.try(t, shapesEvent{})
			if !strings.Contains(string(again.Payload), "generation 2 after 2\n") {
				t.Errorf("the next invocation answers %q", again.Payload)
			}
		})
	}
}

func TestTheContentTypeOfAResponseIsKept(t *testing.T) {
	f, _ := newShape(t, "content")
	r := f.try(t, shapesEvent{})
	if r.Error != nil || r.ContentType != "text/csv" || string(r.Payload) != "generation,1\n" {
		t.Errorf("%q of type %q, %v", r.Payload, r.ContentType, r.Error)
	}
	plain, _ := newShape(t, "plain")
	if r := plain.try(t, shapesEvent{}); r.ContentType != "application/json" || string(r.Payload) != "1" {
		t.Errorf("%q of type %q, want JSON", r.Payload, r.ContentType)
	}
}

func TestJSONOptionsAreKept(t *testing.T) {
	f, _ := newShape(t, "number")
	const tooLargeForAFloat = 9007199254740993
	r := f.try(t, map[string]any{"n": tooLargeForAFloat})
	want := "{\n>  \"html\": \"\\u003c1\\u003e\",\n>  \"n\": \"9007199254740993\"\n>}\n"
	if r.Error != nil || string(r.Payload) != want {
		t.Errorf("%q, %v, want %q", r.Payload, r.Error, want)
	}
	strict, _ := newShape(t, "strict")
	strict.fails(t, map[string]any{"Surplus": 1}, "errorString", `unknown field "Surplus"`)
	if got := invoke[int](t, strict, shapesEvent{}); got != 1 {
		t.Errorf("generation %d", got)
	}
}

func TestHandlersErrorsReachTheCallerUntouched(t *testing.T) {
	for _, shape := range []string{"plain", "any ctx event result error", "handler"} {
		t.Run(shape, func(t *testing.T) {
			f, aws := newShape(t, shape, maxAge(time.Minute))
			f.fails(t, shapesEvent{Do: "fail", N: 7}, "QuotaError", "quota used up: 7 left")
			f.fails(t, shapesEvent{Do: "fail by message"}, "My.Own", "as I say")
			aws.SSM.Delete("/app/value")
			f.sleepUnseen(t, time.Minute)
			r := f.try(t, shapesEvent{})
			failed(t, r, "LoadError", `lambdacache: load "value" from ssm /app/value: `, "ParameterNotFound")
			var payload struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(r.Payload, &payload); err != nil || payload.ErrorType != "LoadError" {
				t.Errorf("Lambda answers %s: %v", r.Payload, err)
			}
			putShapes(aws, 2)
			if got := invoke[int](t, f, shapesEvent{}); got != 2 {
				t.Errorf("generation %d, want 2", got)
			}
			if f.Starts() != 1 {
				t.Errorf("%d processes: an error ended one", f.Starts())
			}
		})
	}
}

func TestAPanicIsReportedAndTheNextInvocationStartsAnew(t *testing.T) {
	for _, shape := range []string{"plain", "any ctx event result error"} {
		t.Run(shape, func(t *testing.T) {
			f, aws := newShape(t, shape)
			invoke[int](t, f, shapesEvent{})
			r := f.try(t, shapesEvent{Do: "panic", N: 3})
			failed(t, r, "wrapError", "handler broke: quota used up: 3 left")
			if !strings.Contains(string(r.Payload), "answer") {
				t.Errorf("the stack trace does not name the handler: %s", r.Payload)
			}
			putShapes(aws, 2)
			if got := invoke[int](t, f, shapesEvent{}); got != 2 || f.Starts() != 2 {
				t.Errorf("generation %d from process %d, want the second of both", got, f.Starts())
			}
		})
	}
}

// Reading what Wrap does not list is a mistake in the program, and says what to write.
func TestReadingOutsideAWrapSaysWhatToWrite(t *testing.T) {
	f, _ := newShape(t, "outside")
	f.fails(t, shapesEvent{}, "misuse", `the value of "value" was read outside a Wrap`, "lambdacache.Wrap(handler, …)", "Get(ctx)")
}

func TestShapesOfWrapAny(t *testing.T) {
	for name, c := range map[string]struct {
		response string // to the first invocation
		says     string // the log
		event    bool   // the handler gets it
		errors   bool   // the handler can return one
	}{
		"any ctx event result error": {response: "1", event: true, errors: true},
		"any ctx result error":       {response: "1"},
		"any ctx event error":        {response: "null", says: "silent: generation 1, event {Do:run N:5}", event: true, errors: true},
		"any ctx error":              {response: "null", says: "silent: generation 1, event {Do: N:0}"},
		"any ctx event":              {response: "null", says: "silent: generation 1, event {Do:run N:5}", event: true},
		"any ctx":                    {response: "null", says: "silent: generation 1, event {Do: N:0}"},
	} {
		t.Run(name, func(t *testing.T) {
			f, aws := newShape(t, name, maxAge(0))
			if r := f.try(t, shapesEvent{Do: "run", N: 5}); r.Error != nil || string(r.Payload) != c.response {
				t.Errorf("response %s, %v, want %s", r.Payload, r.Error, c.response)
			}
			if c.errors {
				f.fails(t, shapesEvent{Do: "fail", N: 7}, "QuotaError", "7 left")
			}
			aws.SSM.Delete("/app/value")
			f.fails(t, shapesEvent{}, "LoadError", `"value"`, "ParameterNotFound")
			if c.event {
				f.fails(t, "no object", "UnmarshalTypeError")
			}
			if err := f.Close(); err != nil { // after which the log is complete
				t.Error(err)
			}
			if c.says != "" && !f.said.contains(c.says) {
				t.Errorf("the log does not say %q", c.says)
			}
			if f.Starts() != 1 {
				t.Errorf("%d processes, want 1", f.Starts())
			}
		})
	}
}

// WithEnableSIGTERM registers an extension: the environment still freezes, and the
// function ends by itself when it is told to.
func TestSIGTERM(t *testing.T) {
	f, aws := newShape(t, "sigterm")
	for range 3 {
		if got := invoke[int](t, f, shapesEvent{}); got != 1 {
			t.Errorf("generation %d", got)
		}
		f.stayFrozen(t, 0)
	}
	if n := aws.Calls(""); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if !f.said.contains("told to end") {
		t.Error("the callback did not run")
	}
}

// A crash in an invocation costs that invocation only.
func TestACrashInAnInvocation(t *testing.T) {
	f, aws := newShape(t, "plain")
	door := aws.Hold("", "/app/door")
	crashing := f.begin(t, shapesEvent{Do: "door"})
	door.Wait(1)
	f.Kill()
	failed(t, f.outcome(t, crashing), lambdahost.ErrorTypeExit)
	door.Release()
	aws.ResetCounts()
	if got := invoke[int](t, f, shapesEvent{}); got != 1 || f.Starts() != 2 {
		t.Errorf("generation %d from process %d", got, f.Starts())
	}
	if n := aws.Calls(""); n != 1 {
		t.Errorf("%d calls in the new process, want 1", n)
	}
}

func putShapes(aws *cachetest.AWS, generation int) {
	aws.SSM.PutSecure("/app/value", guest.Value(generation))
}
