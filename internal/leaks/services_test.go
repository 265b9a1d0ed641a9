package leaks_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/internal/leaks"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// xmlName is a value that can be a name in XML, which its decoder quotes.
const xmlName = "Zq7Kw9Jx4P"

var unread = leaks.Planted.And(leaks.Pieces(xmlName))

// answers are a body with a value, in answers that cannot be read.
func answers() map[string]cachetest.Effect {
	s := quoted(leaks.Text)
	return map[string]cachetest.Effect{
		"no JSON":            answer(200, leaks.Text),
		"JSON of a string":   answer(200, s),
		"JSON that ends":     answer(200, `{"Parameters":[{"Value":`+s),
		"a list":             answer(200, `[`+s+`]`),
		"no parameters":      answer(200, `{"Parameters":`+s+`,"SecretValues":`+s+`,"SecretString":[`+s+`],"SecretBinary":`+s+`}`),
		"no item":            answer(200, `{"Item":{"pk":{"S":[`+s+`]}},"Responses":{"app":[{"pk":{"S":[`+s+`]}}]}}`),
		"items of no type":   answer(200, `{"Item":{"Password":{"N":`+s+`,"B":`+s+`}},"Responses":{"app":[{"pk":{"S":"a"},"User":{"B":"!`+leaks.Text+`"}}]}}`),
		"no parameter":       answer(200, `{"Parameters":[`+s+`],"SecretValues":[`+s+`],"SecretBinary":"!`+leaks.Text+`"}`),
		"fields of no type":  answer(200, `{"Parameters":[{"Name":1,"Value":{"a":`+s+`},"Version":`+s+`}],"SecretValues":[{"SecretString":{"a":`+s+`},"CreatedDate":`+s+`}],"SecretString":{"a":`+s+`},"CreatedDate":`+s+`}`),
		"dates of no kind":   answer(200, `{"Parameters":[{"Value":`+s+`,"LastModifiedDate":`+s+`}],"SecretValues":[{"CreatedDate":`+s+`}],"CreatedDate":`+strconv.Itoa(leaks.Number)+`e999}`),
		"an error's page":    answer(502, `<html>`+leaks.Text+`</html>`),
		"an error's text":    answer(500, leaks.Text),
		"an error's list":    answer(400, `[`+s+`]`),
		"no XML":             answer(500, `<Error><Code>`+xmlName+`</`+xmlName+`></Error>`),
		"an entity":          answer(400, `<Error><Code>a&`+xmlName+`;</Code></Error>`),
		"an attribute":       answer(400, `<Error `+xmlName+`=>`),
		"a status of no use": answer(299, `{"Value":`+s),
		"no HTTP":            raw(leaks.Text + "\r\n\r\n" + leaks.Text),
		"no status":          raw("HTTP/1.1 " + leaks.Text + "\r\n\r\n"),
		"no version":         raw("HTTP/" + leaks.Text + " 200 OK\r\n\r\n"),
		"no header":          raw("HTTP/1.1 200 OK\r\n" + leaks.Text + "\r\n\r\n"),
		"no length":          raw("HTTP/1.1 200 OK\r\nContent-Length: " + leaks.Text + "\r\n\r\n"),
		"no encoding":        raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + leaks.Text + "\r\n\r\n"),
		"no chunk":           raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + leaks.Text + "\r\n"),
		"no trailer":         raw("HTTP/1.1 200 OK\r\nTrailer: " + leaks.Text + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		"no trailer's name":  raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + leaks.Text + "\r\n\r\n"),
		"no chunk's size":    raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n" + leaks.Text + "\r\n\r\n"),
		"no connection":      raw("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + leaks.Text),
		"two lengths":        raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: " + strconv.Itoa(leaks.Number) + "\r\n\r\n"),
		"no redirect":        raw("HTTP/1.1 307 T\r\nLocation: http://%zz" + leaks.Text + "\r\nContent-Length: 0\r\n\r\n"),
		"no clock":           raw("HTTP/1.1 200 OK\r\nDate: " + quoted("") + "x\r\nContent-Length: 1\r\n\r\n{"),
	}
}

func answer(status int, body string) cachetest.Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body)) // the client may have left
		})
	}
}

// raw writes what may not be HTTP.
func raw(text string) cachetest.Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = conn.Write([]byte(text)) // likewise
			_ = conn.Close()
		})
	}
}

// TestNoAnswerIsQuoted reads answers that cannot be read and hold a value.
func TestNoAnswerIsQuoted(t *testing.T) {
	aws := cachetest.NewAWS(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("TMPDIR", t.TempDir())
	cachetest.Reset(t)
	var mu sync.Mutex
	var events []lambdacache.Event
	lambdacache.Observe(func(e lambdacache.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	})
	for name, effect := range answers() {
		remove := aws.Fail(cachetest.Fault{Do: effect})
		for source, get := range map[string]func(context.Context) error{
			"parameter": untyped(ssmcache.Parameter[string]("/app/text")).get,
			"parameters": func(ctx context.Context) error {
				return lambdacache.Prefetch(ctx, ssmcache.Parameter[string]("/a"), ssmcache.Parameter[string]("/b"))
			},
			"path":   untyped(ssmcache.Path[ssmcache.Set]("/app/")).get,
			"secret": untyped(secretcache.Secret[string]("app/text")).get,
			"secrets": func(ctx context.Context) error {
				return lambdacache.Prefetch(ctx, secretcache.Secret[string]("a"), secretcache.Secret[string]("b"))
			},
			"item": untyped(dynamocache.Item[login]("app", dynamocache.Key("pk", "login"))).get,
			"items": func(ctx context.Context) error {
				return lambdacache.Prefetch(ctx, dynamocache.Item[login]("app", dynamocache.Key("pk", "a")), dynamocache.Item[login]("app", dynamocache.Key("pk", "b")))
			},
			"object": untyped(s3cache.Object[int]("s3://app/text")).get,
			"file":   untyped(s3cache.File("s3://app/" + name)).get,
			"flags":  untyped(appconfigcache.Flags("app", "prod", "flags "+name)).get,
		} {
			err := get(t.Context())
			if err == nil && source != "object" && source != "file" {
				t.Errorf("%s of a %s: no error", name, source)
			}
			if err == nil {
				continue
			}
			if load, ok := errors.AsType[*lambdacache.LoadError](err); !ok || len(load.Failures) == 0 {
				t.Errorf("%s of a %s: a %T", name, source, err)
			}
			if way := unread.Shown(err); way != "" {
				t.Errorf("%s of a %s shows the value: %s", name, source, way)
			}
		}
		remove()
	}
	for _, e := range events {
		if way := unread.Shown(e); way != "" {
			t.Errorf("the event of %s shows the value: %s", e.Key, way)
		}
	}
}
