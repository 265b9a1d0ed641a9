// Shapes is a function of many handlers; the environment says which one it has.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

var (
	value = ssmcache.Parameter[string]("/app/value", guest.MaxAge())
	door  = ssmcache.Parameter[string]("/app/door", lambdacache.MaxAge(0)) // by which a test lets a handler on
)

func generation(ctx context.Context) int { return guest.Generation(value.Value(ctx)) }

// event is what the handlers are asked; most need nothing of it.
type event struct {
	Do string
	N  int
}

var shapes = map[string]func(){
	"plain":   func() { lambda.Start(lambdacache.Wrap(answer, value)) },
	"stream":  func() { lambda.Start(lambdacache.Wrap(stream, value)) },
	"content": func() { lambda.Start(lambdacache.Wrap(csv, value)) },
	"number": func() {
		lambda.StartWithOptions(lambdacache.Wrap(number, value),
			lambda.WithUseNumber(true), lambda.WithSetIndent(">", "  "), lambda.WithSetEscapeHTML(true))
	},
	"strict": func() {
		lambda.StartWithOptions(lambdacache.Wrap(answer, value), lambda.WithDisallowUnknownFields(true))
	},
	"handler": func() { lambda.Start(lambda.NewHandler(lambdacache.Wrap(answer, value))) },
	"sigterm": func() {
		lambda.StartWithOptions(lambdacache.Wrap(answer, value), lambda.WithEnableSIGTERM(func() {
			log.Print("told to end")
			os.Exit(0)
		}))
	},
	"outside": func() { lambda.Start(lambdacache.Wrap(answer)) }, // the value is not listed

	"any ctx event result error": func() { lambda.Start(lambdacache.WrapAny(answer, value)) },
	"any ctx result error": func() {
		lambda.Start(lambdacache.WrapAny(func(ctx context.Context) (int, error) { return generation(ctx), nil }, value))
	},
	"any ctx event error": func() {
		lambda.Start(lambdacache.WrapAny(func(ctx context.Context, e event) error { return silent(ctx, e) }, value))
	},
	"any ctx error": func() {
		lambda.Start(lambdacache.WrapAny(func(ctx context.Context) error { return silent(ctx, event{}) }, value))
	},
	"any ctx event": func() {
		lambda.Start(lambdacache.WrapAny(func(ctx context.Context, e event) { _ = silent(ctx, e) }, value))
	},
	"any ctx": func() {
		lambda.Start(lambdacache.WrapAny(func(ctx context.Context) { _ = silent(ctx, event{}) }, value))
	},
}

// QuotaError is an error of the user's own.
type QuotaError struct{ Left int }

func (q *QuotaError) Error() string { return fmt.Sprintf("quota used up: %d left", q.Left) }

func answer(ctx context.Context, e event) (int, error) {
	switch e.Do {
	case "fail":
		return 0, &QuotaError{e.N}
	case "fail by message":
		return 0, messages.InvokeResponse_Error{Type: "My.Own", Message: "as I say"}
	case "panic":
		panic(fmt.Errorf("handler broke: %w", &QuotaError{e.N}))
	case "door":
		if _, err := door.Get(ctx); err != nil {
			return 0, err
		}
	}
	return generation(ctx), nil
}

// silent is the work of a handler without a result: its log tells that it ran.
func silent(ctx context.Context, e event) error {
	log.Printf("silent: generation %d, event %+v", generation(ctx), e)
	if e.Do == "fail" {
		return &QuotaError{e.N}
	}
	return nil
}

// returned counts the handlers that have returned their response.
var returned atomic.Int64

func stream(ctx context.Context, _ event) (*events.LambdaFunctionURLStreamingResponse, error) {
	defer returned.Add(1)
	read := func() string { return fmt.Sprintf("generation %d after %d\n", generation(ctx), returned.Load()) }
	return &events.LambdaFunctionURLStreamingResponse{
		StatusCode: 207,
		Headers:    map[string]string{"X-Shape": "stream"},
		Body: &story{parts: []func() (string, error){
			func() (string, error) { return read(), nil },
			func() (string, error) {
				if _, err := door.Get(ctx); err != nil {
					return "", err
				}
				now, err := value.Get(ctx)
				return read() + fmt.Sprintf("newest %d\n", guest.Generation(now)), err
			},
		}},
	}, nil
}

// story is a body whose parts are made when they are read.
type story struct {
	parts []func() (string, error)
	rest  strings.Reader
}

func (s *story) Read(p []byte) (int, error) {
	for s.rest.Len() == 0 {
		if len(s.parts) == 0 {
			return 0, io.EOF
		}
		part, err := s.parts[0]()
		if err != nil {
			return 0, err
		}
		s.parts = s.parts[1:]
		s.rest.Reset(part)
	}
	return s.rest.Read(p)
}

// table is a response with a content type of its own.
type table struct{ *strings.Reader }

func (table) ContentType() string { return "text/csv" }

func csv(ctx context.Context, _ event) (table, error) {
	return table{strings.NewReader(fmt.Sprintf("generation,%d\n", generation(ctx)))}, nil
}

func number(ctx context.Context, e map[string]any) (map[string]string, error) {
	n, ok := e["n"].(json.Number)
	if !ok {
		return nil, fmt.Errorf("a %T", e["n"])
	}
	return map[string]string{"n": n.String(), "html": fmt.Sprintf("<%d>", generation(ctx))}, nil
}

func main() {
	guest.LogEvents()
	shapes[os.Getenv(guest.ModeVariable)]()
}
