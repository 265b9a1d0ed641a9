package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// serviceError is an error as an AWS SDK makes it.
type serviceError struct{ code string }

func (e *serviceError) Error() string     { return "operation error: " + e.code }
func (e *serviceError) ErrorCode() string { return e.code }

func TestLoadErrorTexts(t *testing.T) {
	one := &lc.Failure{Entry: "var", Source: "ssm", Key: "/app/var", Err: io.EOF}
	two := &lc.Failure{Entry: "db", Source: "secretsmanager", Key: "db", Err: io.ErrUnexpectedEOF}
	odd := &lc.Failure{Entry: "new\nline", Source: "func", Key: "k", Err: io.EOF}
	for _, test := range []struct {
		err  error
		text string
	}{
		{one, `load "var" from ssm /app/var: EOF`},
		{two, `load "db" from secretsmanager: unexpected EOF`},
		{odd, `load "new\nline" from func k: EOF`},
		{&lc.LoadError{Failures: []*lc.Failure{one}}, `lambdacache: load "var" from ssm /app/var: EOF`},
		{
			&lc.LoadError{Failures: []*lc.Failure{one, two}},
			"lambdacache: 2 entries could not be loaded:\n\tload \"var\" from ssm /app/var: EOF\n\tload \"db\" from secretsmanager: unexpected EOF",
		},
	} {
		want(t, "text", test.err.Error(), test.text)
	}
	all := (&lc.LoadError{Failures: []*lc.Failure{one, two}}).Unwrap()
	want(t, "unwrapped", len(all) == 2 && all[0] == one && all[1] == two, true)
	want(t, "unwrapped once more", errors.Unwrap(one), io.EOF)
}

func TestMarksOfASource(t *testing.T) {
	cause := &serviceError{"Code"}
	for _, test := range []struct {
		name string
		err  error
		kind error // nil: none
		text string
	}{
		{"not found", lc.NotFound(cause), lc.ErrNotFound, "operation error: Code"},
		{"throttled", lc.Throttled(cause), lc.ErrThrottled, "operation error: Code"},
		{"denied", lc.Denied(cause, "ssm:GetParameters", "arn:aws:ssm:*:*:parameter/x"), lc.ErrDenied, "operation error: Code; allow ssm:GetParameters on arn:aws:ssm:*:*:parameter/x"},
		{"blamed", lc.Blame(cause), nil, "operation error: Code"},
		{"blamed and denied", lc.Blame(lc.Denied(cause, "a", "r")), lc.ErrDenied, "operation error: Code; allow a on r"},
		{"plain", cause, nil, "operation error: Code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScripted(1, map[string]string{"k": "v"})
			s.failing(func([]string) error { return test.err })
			entry := declare(lc.NewOrigin("ssm", s), "k")
			d := lc.Derive("d", func(context.Context) (int, error) { return 0, nil }, []lc.Cached{entry})
			_, get := entry.Get(context.Background())
			_, refresh := entry.Refresh(context.Background())
			_, wrap := invoke(context.Background(), entry)
			_, derived := d.Get(context.Background())
			for what, err := range map[string]error{
				"Get": get, "Refresh": refresh, "Wrap": wrap, "derived": derived,
				"Prefetch": lc.Prefetch(context.Background(), entry),
			} {
				want(t, what+" text", fmt.Sprint(err), `lambdacache: load "k" from ssm: `+test.text)
				want(t, what+" type", reflect.TypeOf(err), reflect.TypeFor[*lc.LoadError]())
				for _, kind := range []error{lc.ErrNotFound, lc.ErrThrottled, lc.ErrDenied, lc.ErrDecode} {
					want(t, fmt.Sprintf("%s is %q", what, kind), errors.Is(err, kind), kind == test.kind)
				}
				var service *serviceError
				want(t, what+" has the service's error", errors.As(err, &service) && service == cause, true)
				var coded interface{ ErrorCode() string }
				want(t, what+" has its code", errors.As(err, &coded) && coded.ErrorCode() == "Code", true)
				var failure *lc.Failure
				want(t, what+" has the failure", errors.As(err, &failure) && failure.Entry == "k" && failure.Source == "ssm" && failure.Key == "k", true)
			}
		})
	}
}

func TestDeniedError(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", lc.Denied(io.EOF, "ssm:GetParameters", "*"))
	var denied *lc.DeniedError
	if !errors.As(err, &denied) {
		t.Fatal(err)
	}
	want(t, "action", denied.Action, "ssm:GetParameters")
	want(t, "resource", denied.Resource, "*")
	want(t, "cause", errors.Unwrap(denied), io.EOF)
	want(t, "is something else", errors.Is(denied, lc.ErrNotFound), false)
}

func TestDecodeError(t *testing.T) {
	err := lc.Undecodable("not a port")
	var decode *lc.DecodeError
	want(t, "type", errors.As(err, &decode), true)
	want(t, "text", err.Error(), "cannot decode: not a port")
	want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
	want(t, "is something else", errors.Is(err, lc.ErrNotFound), false)
	want(t, "wraps", errors.Unwrap(err), nil)
}

// Failures come in the order of the entries, whatever order they happened in.
func TestFailuresInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var entries []lc.Cached
		var order []string
		for i, source := range []string{"slow", "quick", "good", "slower"} {
			pause := []time.Duration{2 * time.Second, 1, 1, time.Second}[i]
			entries = append(entries, lc.New(source, func(context.Context) (int, error) {
				<-time.After(pause)
				if source == "good" {
					return 1, nil
				}
				return 0, &serviceError{source}
			}))
		}
		err := lc.Prefetch(t.Context(), entries...)
		var failed *lc.LoadError
		if !errors.As(err, &failed) {
			t.Fatal(err)
		}
		for _, f := range failed.Failures {
			var cause *serviceError
			want(t, "its own cause", errors.As(f, &cause) && cause.code == f.Entry, true)
			order = append(order, f.Entry)
		}
		want(t, "order", strings.Join(order, " "), "slow quick slower")
		want(t, "lines", strings.Count(err.Error(), "\n\tload "), 3)
	})
}

// What the handler returns is passed on as it is, not wrapped and not looked at.
func TestHandlersOwnErrorIsUntouched(t *testing.T) {
	for _, own := range []error{errOwn, io.EOF, fmt.Errorf("wrapped: %w", io.EOF), lc.ErrNotFound, (*ownError)(nil), nil} {
		h := lc.Wrap(func(context.Context, int) (string, error) { return "partial", own }, constant("e"))
		got, err := h(context.Background(), 0)
		want(t, "error", err, own)
		want(t, "response beside it", got, "partial")
	}
}

func TestContextErrorsAreFound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		e := declare(lc.NewOrigin("scripted", s), "k")
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("shutting down")
		go func() { <-time.After(time.Second); cancel(cause) }()
		v, err := e.Get(ctx)
		want(t, "value", v, "")
		want(t, "cause", errors.Is(err, cause), true)
		wantError(t, err, `lambdacache: load "k" from scripted: gave up waiting for the load: shutting down`)

		synctest.Wait()
		_, err = e.Get(ctx) // done from the start: no call is made in vain
		want(t, "cause", errors.Is(err, cause), true)
		synctest.Wait()
		want(t, "calls", len(s.took()), 1)

		close(s.gate)
		must(e.Get(t.Context()))(t)
		want(t, "what is held needs no time", must(e.Get(ctx))(t), "v")
	})
}

// A key is the program's input at times: a line break in it must not pass for another failure.
func TestKeysInErrors(t *testing.T) {
	cause := errors.New("not there")
	for key, text := range map[string]string{
		"name":           `load "name" from thing: not there`,
		"/app/name":      `load "name" from thing /app/name: not there`,
		"/app/näme €":    `load "name" from thing /app/näme €: not there`,
		"/app/x\n\tload": `load "name" from thing "/app/x\n\tload": not there`,
	} {
		want(t, "error", (&lc.Failure{Entry: "name", Source: "thing", Key: key, Err: cause}).Error(), text)
	}
}
