package leaks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/internal/leaks"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// number is one that the compiler does not know.
var number = leaks.Number

var noMap map[string]int

// TestNoFunctionQuotes has the functions of a user do all that they should not.
func TestNoFunctionQuotes(t *testing.T) {
	aws := cachetest.NewAWS(t)
	cachetest.Reset(t)
	aws.SSM.Put("/app/text", leaks.Text)
	aws.Secrets.PutString("app/text", leaks.Text)
	aws.S3.Put("app", "text", []byte(leaks.Text))
	aws.Dynamo.CreateTable("app", "pk")
	aws.Dynamo.Put("app", map[string]any{"pk": "a", "text": leaks.Text})
	var mu sync.Mutex
	var events []lambdacache.Event
	lambdacache.Observe(func(e lambdacache.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	})
	for name, do := range map[string]func(string) (int, error){
		"error":              func(s string) (int, error) { return 0, errors.New(s) },
		"wrapped":            func(s string) (int, error) { _, err := strconv.Atoi(s); return 0, fmt.Errorf("port: %w", err) },
		"error with a field": func(s string) (int, error) { return 0, &quote{s} },
		"joined":             func(s string) (int, error) { return 0, errors.Join(errors.New(s), &quote{s}) },
		"ours in it":         func(s string) (int, error) { return 0, fmt.Errorf("%s: %w", s, lambdacache.Undecodable("no port")) },
		"ours beside it":     func(s string) (int, error) { return 0, errors.Join(&quote{s}, lambdacache.Undecodable("no port")) },
		"marked":             func(s string) (int, error) { return 0, lambdacache.Denied(&quote{s}, "a", "r") },
		"not found":          func(s string) (int, error) { return 0, lambdacache.NotFound(errors.New(s)) },
		"JSON":               func(s string) (int, error) { return 0, json.Unmarshal([]byte(s), new(int)) },
		"URL":                func(s string) (int, error) { _, err := url.Parse("%" + s); return 0, err },
		"panic":              func(s string) (int, error) { panic(s) },
		"panic of an error":  func(s string) (int, error) { panic(&quote{s}) },
		"panic of a struct":  func(s string) (int, error) { panic(quote{s}) },
		"panic of ours":      func(s string) (int, error) { panic(fmt.Errorf("%s: %w", s, lambdacache.Undecodable("no port"))) },
		"panic of runtime":   func(string) (int, error) { return make([]int, 1)[number], nil },
		"nil in a map":       func(s string) (int, error) { noMap[s] = 1; return 0, nil },
		"wrong type":         func(s string) (int, error) { return any(s).(int), nil },
	} {
		text := ssmcache.Parameter[string]("/app/text")
		for source, e := range map[string]*lambdacache.Entry[int]{
			"parameter": ssmcache.ParameterFunc("/app/text", do),
			"secret":    secretcache.SecretFunc("app/text", func(b []byte) (int, error) { return do(string(b)) }),
			"object":    s3cache.ObjectFunc("s3://app/text", func(b []byte) (int, error) { return do(string(b)) }),
			"item": dynamocache.ItemFunc("app", dynamocache.Key("pk", "a"), func(item map[string]types.AttributeValue) (int, error) {
				return do(item["text"].(*types.AttributeValueMemberS).Value)
			}),
			"derived": lambdacache.Derive("d", func(ctx context.Context) (int, error) { return do(text.Value(ctx)) }, []lambdacache.Cached{text}),
		} {
			_, err := e.Get(t.Context())
			if !errors.Is(err, lambdacache.ErrDecode) {
				t.Errorf("%s of a %s: not ErrDecode: a %T", name, source, err)
			}
			if way := leaks.Planted.Shown(err); way != "" {
				t.Errorf("%s of a %s shows the value: %s", name, source, way)
			}
		}
		for _, e := range events {
			if way := leaks.Planted.Shown(e); way != "" {
				t.Errorf("the event of %s shows the value: %s", name, way)
			}
		}
		events = nil
	}
}

// holds is an item with one attribute.
type holds[T any] struct{ Text T }

// TestNoItemQuotes decodes items that hold a value into what they are not.
func TestNoItemQuotes(t *testing.T) {
	aws := cachetest.NewAWS(t)
	cachetest.Reset(t)
	aws.Dynamo.CreateTable("app", "pk")
	key, failed := dynamocache.Key("pk", "a"), 0
	for _, v := range []any{leaks.Text, leaks.Number, []byte(leaks.Text), []string{leaks.Text}, map[string]any{leaks.Text: leaks.Number}, -leaks.Number} {
		aws.Dynamo.Put("app", map[string]any{"pk": "a", "Text": v})
		for _, e := range []declared{
			untyped(dynamocache.Item[holds[int8]]("app", key)), untyped(dynamocache.Item[holds[uint]]("app", key)), untyped(dynamocache.Item[holds[bool]]("app", key)),
			untyped(dynamocache.Item[holds[[]int]]("app", key)), untyped(dynamocache.Item[holds[[2]int]]("app", key)), untyped(dynamocache.Item[holds[map[int]int]]("app", key)),
			untyped(dynamocache.Item[holds[time.Time]]("app", key)), untyped(dynamocache.Item[holds[netip.Addr]]("app", key)), untyped(dynamocache.Item[holds[quotesText]]("app", key)),
			untyped(dynamocache.Item[holds[quotesBinary]]("app", key)), untyped(dynamocache.Item[holds[wrapsText]]("app", key)), untyped(dynamocache.Item[holds[panicsText]]("app", key)),
			untyped(dynamocache.Item[holds[nested]]("app", key)), untyped(dynamocache.Item[holds[lambdacache.Redacted[int]]]("app", key)), untyped(dynamocache.Item[holds[fmt.Stringer]]("app", key)),
			untyped(dynamocache.Item[map[string]int8]("app", key)), untyped(dynamocache.Item[map[int]string]("app", key)), untyped(dynamocache.Item[holds[*big.Int]]("app", key)),
		} {
			err := e.get(t.Context())
			if err == nil {
				continue
			}
			failed++
			if way := leaks.Planted.Shown(err); way != "" || !errors.Is(err, lambdacache.ErrDecode) {
				t.Errorf("a %T is shown: %q, or not ErrDecode", v, way)
			}
		}
		cachetest.Reset(t)
	}
	if failed < 60 {
		t.Errorf("only %d failed", failed)
	}
}

// TestNoSourceQuotes has a source of a user panic.
func TestNoSourceQuotes(t *testing.T) {
	for name, do := range map[string]func(context.Context) (int, error){
		"panic":             func(context.Context) (int, error) { panic(leaks.Text) },
		"panic of an error": func(context.Context) (int, error) { panic(&quote{leaks.Text}) },
		"panic of runtime":  func(context.Context) (int, error) { return make([]int, 1)[number], nil },
		"slice of runtime":  func(context.Context) (int, error) { return make([]int, 1)[number:][0], nil },
		"wrong type":        func(context.Context) (int, error) { return any(leaks.Text).(int), nil },
	} {
		_, err := lambdacache.New("f", do).Get(t.Context())
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if way := leaks.Planted.Shown(err); way != "" {
			t.Errorf("%s shows the value: %s", name, way)
		}
	}
}
