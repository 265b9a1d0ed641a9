// Careless is a function that lets values go wrong, and prints all it can lay its
// hands on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

// login is a JSON secret with a part that must not show.
type login struct {
	User     string
	password lambdacache.Redacted[string] // unexported: fmt calls no method of it
	Password lambdacache.Redacted[string]
}

func (l *login) UnmarshalJSON(b []byte) error {
	var in struct {
		User     string
		Password lambdacache.Redacted[string]
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*l = login{in.User, in.Password, in.Password}
	return nil
}

// digits refuses a value in its own words.
type digits int

func (d *digits) UnmarshalText(text []byte) error { return fmt.Errorf("no digits: %q", text) }

var (
	always = lambdacache.MaxAge(0)
	token  = ssmcache.Parameter[lambdacache.Redacted[string]]("/leak/token")
	whole  = secretcache.Secret[login]("leak/login")
	set    = ssmcache.Parameters("set", []string{"/leak/token", "/leak/number"})
	plain  = ssmcache.Parameter[string]("/leak/token")

	wrong = map[string]lambdacache.Cached{
		"an int":       ssmcache.Parameter[int]("/leak/number", always),
		"a list":       ssmcache.Parameter[[]string]("/leak/token", always),
		"json":         secretcache.Secret[struct{ User int }]("leak/login", always),
		"a field":      secretcache.Field[bool]("leak/login", "Password", always),
		"a text":       secretcache.Secret[digits]("leak/text", always),
		"an object":    s3cache.Object[map[string]int]("s3://leak/object", always),
		"a duration":   ssmcache.Parameter[lambdacache.Redacted[int]]("/leak/number", always),
		"own decoder":  ssmcache.ParameterFunc("/leak/token", quoting, always),
		"own panic":    secretcache.SecretFunc("leak/text", panicking, always),
		"own function": lambdacache.New("made", making, always),
		"missing":      ssmcache.Parameter[string]("/leak/missing", always),
		"denied":       secretcache.Secret[string]("leak/denied", always),
	}
)

func quoting(value string) (int, error) { return 0, fmt.Errorf("bad value %q", value) }

func panicking(value []byte) (int, error) { panic("bad value " + string(value)) }

// making panics with a value, as a client of the user's own might.
func making(context.Context) (int, error) { panic(errors.New("bad value " + guest.Value(1))) }

type event struct{ Read string }

// shown is a user's struct, printed as a whole.
type shown struct {
	token lambdacache.Redacted[string]
	login login
	Deep  *login
	Map   map[string]lambdacache.Redacted[string]
	Set   ssmcache.Set
}

func handler(ctx context.Context, _ event) (shown, error) {
	l := whole.Value(ctx)
	s := shown{token.Value(ctx), l, &l, map[string]lambdacache.Redacted[string]{"k": l.Password}, set.Value(ctx)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		for _, v := range []any{
			s, &s, s.token, &s.token, s.login, s.Set, &s.Set, ctx, token, whole, set, plain,
			lambdacache.Cached(plain), token.Stats(), errors.New(fmt.Sprint(s.token)),
		} {
			log.Printf(verb, v)
		}
	}
	for _, logger := range []*slog.Logger{
		slog.New(slog.NewJSONHandler(os.Stderr, nil)), slog.New(slog.NewTextHandler(os.Stderr, nil)),
	} {
		logger.Info("all", "s", s, "p", &s, "token", s.token, "set", s.Set, "entry", plain, "login", l)
	}
	encoded, err := json.Marshal([]any{s, &s, s.token, l})
	log.Printf("%s %v", encoded, err)
	return s, nil
}

func main() {
	guest.LogEvents()
	show := lambdacache.Wrap(handler, token, whole, set, plain)
	readers := make(map[string]func(context.Context, event) (shown, error))
	for name, e := range wrong {
		readers[name] = lambdacache.Wrap(func(context.Context, event) (shown, error) { return shown{}, nil }, e)
	}
	lambda.Start(func(ctx context.Context, e event) (shown, error) {
		switch e.Read {
		case "":
			return show(ctx, e)
		case "outside":
			return shown{token: token.Value(ctx)}, nil
		case "panic":
			return lambdacache.Wrap(func(ctx context.Context, _ event) (shown, error) {
				panic(fmt.Sprintf("%+v", shown{token: token.Value(ctx), login: whole.Value(ctx)}))
			}, token, whole)(ctx, e)
		}
		r, err := readers[e.Read](ctx, e)
		if err != nil { // as a careful function does
			log.Printf("%v %+v %#v", err, err, err)
			slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("load", "err", err)
		}
		return r, err
	})
}
