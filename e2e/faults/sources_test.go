package faults

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/middleware"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// entry is a declared entry and how to read its value in an invocation.
type entry struct {
	lambdacache.Cached
	read  func(context.Context) string
	stats func() lambdacache.Stats
}

func entryOf[T any](e *lambdacache.Entry[T], text func(T) string) entry {
	return entry{e, func(ctx context.Context) string { return text(e.Value(ctx)) }, e.Stats}
}

func itself(s string) string { return s }

// source is a column of rows: what is loaded, how many keys in one call.
type source struct {
	name    string
	keys    int
	put     func(at *services, key, value string)
	remove  func(at *services, key string)
	declare func(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry
}

// sources are all; AWS's own come first.
var sources = append(slices.Clone(ofAWS), source{
	name: "httpcache.URL", keys: 1,
	put: func(at *services, key, value string) {
		at.site.Put("/"+key, fmt.Sprintf(`{"value":%q}`, value))
	},
	remove: func(at *services, key string) { at.site.Remove("/" + key) },
	declare: func(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
		type document struct{ Value string }
		return entryOf(httpcache.URL[document](c.site+"/"+key, opts...), func(d document) string { return d.Value })
	},
})

var ofAWS = []source{
	{
		name: "ssmcache.Parameter", keys: 1,
		put:    func(at *services, key, value string) { at.SSM.Put("/"+key, value) },
		remove: func(at *services, key string) { at.SSM.Delete("/" + key) },
		declare: func(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
			return entryOf(ssmcache.Parameter[string]("/"+key, append(opts, ssmcache.Client(c.ssm))...), itself)
		},
	},
	{
		name: "ssmcache.Path", keys: 1,
		put:    func(at *services, key, value string) { at.SSM.Put("/"+key+"/value", value) },
		remove: func(at *services, key string) { at.SSM.Delete("/" + key + "/value") },
		declare: func(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
			type values struct {
				Value string `ssm:"value"`
			}
			e := ssmcache.Path[values]("/"+key, append(opts, ssmcache.Client(c.ssm))...)
			return entryOf(e, func(v values) string { return v.Value })
		},
	},
	{name: "secretcache.Secret", keys: 1, put: putSecret, remove: removeSecret, declare: declareSecret},
	{name: "two secretcache.Secret", keys: 2, put: putSecret, remove: removeSecret, declare: declareSecret},
	{
		name: "s3cache.Object", keys: 1, put: putObject, remove: removeObject,
		declare: func(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
			e := s3cache.Object[[]byte]("s3://bucket/"+key, append(opts, s3cache.Client(c.s3))...)
			return entryOf(e, func(b []byte) string { return string(b) })
		},
	},
	{
		name: "s3cache.File", keys: 1, put: putObject, remove: removeObject,
		declare: func(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
			e := s3cache.File("s3://bucket/"+key, append(opts, s3cache.Client(c.s3))...)
			return entryOf(e, func(f *s3cache.LocalFile) string {
				b, err := os.ReadFile(f.Path())
				if err != nil {
					t.Error(err)
				}
				return string(b)
			})
		},
	},
	{
		name: "appconfigcache.Configuration", keys: 1,
		put: func(at *services, key, value string) {
			environment, profile := configuration(key)
			at.AppConfig.Put("app", environment, profile, value)
		},
		remove: func(at *services, key string) {
			environment, profile := configuration(key)
			at.AppConfig.Delete("app", environment, profile)
		},
		declare: func(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
			environment, profile := configuration(key)
			return entryOf(appconfigcache.Configuration[string]("app", environment, profile, append(opts, appconfigcache.Client(c.appconfig))...), itself)
		},
	},
	{name: "dynamocache.Item", keys: 1, put: putItem, remove: removeItem, declare: declareItem},
	{name: "two dynamocache.Item", keys: 2, put: putItem, remove: removeItem, declare: declareItem},
}

const table = "items"

func putItem(at *services, key, value string) {
	at.Dynamo.Put(table, map[string]any{"pk": key, "value": value})
}

func removeItem(at *services, key string) { at.Dynamo.Delete(table, map[string]any{"pk": key}) }

func declareItem(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
	type item struct {
		Value string `dynamodbav:"value"`
	}
	e := dynamocache.Item[item](table, dynamocache.Key("pk", key), append(opts, dynamocache.Client(c.dynamo))...)
	return entryOf(e, func(i item) string { return i.Value })
}

// configuration is a key with a slash in it as environment and profile.
func configuration(key string) (environment, profile string) {
	environment, profile, _ = strings.Cut(key, "/")
	return environment, profile
}

func putSecret(at *services, key, value string) { at.Secrets.PutString(key, value) }
func removeSecret(at *services, key string)     { at.Secrets.Delete(key) }
func putObject(at *services, key, value string) { at.S3.Put("bucket", key, []byte(value)) }
func removeObject(at *services, key string)     { at.S3.Delete("bucket", key) }
func declareSecret(t *testing.T, c *clients, key string, opts ...lambdacache.Option) entry {
	return entryOf(secretcache.Secret[string](key, append(opts, secretcache.Client(c.secrets))...), itself)
}

// clients are the SDK's with our configuration; they count the attempts.
type clients struct {
	ssm       *ssm.Client
	secrets   *secretsmanager.Client
	s3        *s3.Client
	appconfig *appconfigdata.Client
	dynamo    *dynamodb.Client
	site      string // the URL of the documents, for httpcache's own client

	mu       sync.Mutex
	attempts map[string]int // by operation
}

// newClients makes clients for the service behind a proxy. They reach it by a name,
// not an address.
func newClients(t *testing.T, address string) *clients {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := awsconfig.Default("e2e")
	if err != nil {
		t.Fatal(err)
	}
	streaming, err := awsconfig.Streaming("e2e")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://service.test:" + port
	c := &clients{attempts: make(map[string]int)}
	for _, options := range []*[]func(*middleware.Stack) error{&plain.APIOptions, &streaming.APIOptions} {
		*options = append(*options, c.count)
	}
	plain.BaseEndpoint, streaming.BaseEndpoint = &endpoint, &endpoint
	c.ssm, c.secrets = ssm.NewFromConfig(plain), secretsmanager.NewFromConfig(plain)
	c.appconfig, c.dynamo = appconfigdata.NewFromConfig(plain), dynamodb.NewFromConfig(plain)
	c.s3 = s3.NewFromConfig(streaming, func(o *s3.Options) {
		o.UsePathStyle = true
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	return c
}

// count puts itself behind the SDK's retries.
func (c *clients) count(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("count", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		c.mu.Lock()
		c.attempts[awsmiddleware.GetOperationName(ctx)]++
		c.mu.Unlock()
		return next.HandleFinalize(ctx, in)
	}), "Retry", middleware.After)
}

// asked counts what httpcache asked: it has no place for a counter and tells by an event.
func (c *clients) asked(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempts["GET"] += n
}

func (c *clients) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.attempts)
}

// String is what was sent: "GetParameters ×3".
func (c *clients) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, operation := range slices.Sorted(maps.Keys(c.attempts)) {
		list = append(list, fmt.Sprintf("%s ×%d", operation, c.attempts[operation]))
	}
	return strings.Join(list, ", ")
}
