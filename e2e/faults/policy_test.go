package faults

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// operations are what each of the sources asks with.
var operations = map[string]string{
	"ssmcache.Parameter": "GetParameters", "ssmcache.Path": "GetParametersByPath", "secretcache.Secret": "GetSecretValue", "two secretcache.Secret": "BatchGetSecretValue",
	"s3cache.Object": "GetObject", "s3cache.File": "GetObject",
	"appconfigcache.Configuration": "StartConfigurationSession", // where each of them fails
	"dynamocache.Item":             "GetItem", "two dynamocache.Item": "BatchGetItem",
}

// invoke makes an invocation for each source of AWS and has its error and the number of its
// requests checked.
func invoke(t *testing.T, fake *services, clients func() *clients, check func(source string, err error, requests int)) {
	t.Helper()
	for i := range ofAWS {
		fake.ResetCounts()
		c := &cell{source: &ofAWS[i], clients: clients()}
		var list []lambdacache.Cached
		for n := range c.source.keys {
			e := c.source.declare(t, c.clients, fmt.Sprintf("policy/%d-%d", i, n), lambdacache.LoadTimeout(time.Minute))
			c.entries, list = append(c.entries, e), append(list, e.Cached)
		}
		_, err := lambdacache.Wrap(c.handle, list...)(t.Context(), struct{}{})
		requests := fake.Calls(operations[c.source.name])
		if all := fake.Calls(""); all != requests {
			t.Errorf("%s: %d requests, %d of them %s", c.source.name, all, requests, operations[c.source.name])
		}
		check(c.source.name, err, requests)
	}
}

// status answers with an HTTP status and without a code.
func status(code int) cachetest.Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
}

// Every answer that means "too often" is recognised by every source, is tried again as
// often as AWS_MAX_ATTEMPTS says, and splits no batch.
func TestEveryThrottle(t *testing.T) {
	throttles := map[string]cachetest.Effect{"429 without a code": status(429), "429": cachetest.Error(429, "Unheard", "of")}
	for code := range retry.DefaultThrottleErrorCodes {
		throttles[code] = cachetest.Error(400, code, "Rate exceeded")
	}
	fake := newAWS(t)
	serveNames(t)
	for attempts, setting := range map[int]string{1: "1", 2: "2"} {
		t.Setenv("AWS_MAX_ATTEMPTS", setting)
		cachetest.Reset(t)
		for _, name := range slices.Sorted(maps.Keys(throttles)) {
			remove := fake.Fail(cachetest.Fault{Do: throttles[name]})
			invoke(t, fake, func() *clients { return newClients(t, strings.TrimPrefix(fake.URL(), "http://")) }, func(source string, err error, requests int) {
				if !errors.Is(err, lambdacache.ErrThrottled) || requests != attempts {
					t.Errorf("%s, %s: %d requests, want %d; error %v", name, source, requests, attempts, err)
				}
			})
			remove()
			if attempts == 2 && name == "429" {
				break // one round of pauses is enough
			}
		}
	}
}

// S3 may answer a throttle without a body.
func TestUnavailableWithoutACode(t *testing.T) {
	fake := newAWS(t)
	cachetest.Reset(t)
	serveNames(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "2")
	fake.Fail(cachetest.Fault{Do: status(503)})
	invoke(t, fake, func() *clients { return newClients(t, strings.TrimPrefix(fake.URL(), "http://")) }, func(source string, err error, requests int) {
		if errors.Is(err, lambdacache.ErrThrottled) != strings.HasPrefix(source, "s3cache") || err == nil || requests != 2 {
			t.Errorf("%s: %d requests, %v", source, requests, err)
		}
	})
}

// One policy for all sources: the number of attempts is the environment's, in every
// mode, for each kind of failure that is tried again.
func TestOnePolicyForAllSources(t *testing.T) {
	fake := newAWS(t)
	serveNames(t)
	for _, mode := range []string{"", "standard", "adaptive"} {
		for setting, attempts := range map[string]int{"": 3, "2": 2} {
			t.Setenv("AWS_RETRY_MODE", mode)
			t.Setenv("AWS_MAX_ATTEMPTS", setting)
			for name, do := range map[string]cachetest.Effect{
				"500": cachetest.Error(500, "InternalServerError", "try again"), "502": status(502), "504": status(504),
				"closed": cachetest.DropConnection(), "reset": cachetest.ResetConnection(), "cut off": cachetest.TruncateBody(10),
			} {
				if name == "cut off" { // of an object that is there
					for i := range ofAWS {
						for n := range ofAWS[i].keys {
							ofAWS[i].put(fake, fmt.Sprintf("policy/%d-%d", i, n), strings.Repeat("x", valueSize))
						}
					}
				}
				remove := fake.Fail(cachetest.Fault{Do: do})
				cachetest.Reset(t) // a request on a kept connection that ends is sent once more
				invoke(t, fake, func() *clients { return newClients(t, strings.TrimPrefix(fake.URL(), "http://")) }, func(source string, err error, requests int) {
					if err == nil || requests != attempts {
						t.Errorf("mode %q, attempts %q, %s, %s: %d requests, want %d; error %v", mode, setting, name, source, requests, attempts, err)
					}
				})
				remove()
			}
		}
	}
}

// A client of one's own is used as it is.
func TestOwnClientsPolicy(t *testing.T) {
	fake := newAWS(t)
	cachetest.Reset(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "5") // of the default configuration
	fake.Fail(cachetest.Fault{Do: cachetest.Error(500, "InternalServerError", "try again")})
	for attempts, option := range map[int]config.LoadOptionsFunc{
		2: config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 2, time.Millisecond })
		}),
		1: config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	} {
		cfg, err := config.LoadDefaultConfig(t.Context(), option)
		if err != nil {
			t.Fatal(err)
		}
		own := func() *clients {
			return &clients{
				ssm: ssm.NewFromConfig(cfg), secrets: secretsmanager.NewFromConfig(cfg),
				s3:        s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
				appconfig: appconfigdata.NewFromConfig(cfg), dynamo: dynamodb.NewFromConfig(cfg),
			}
		}
		invoke(t, fake, own, func(source string, err error, requests int) {
			if err == nil || requests != attempts {
				t.Errorf("%s: %d requests, want %d; error %v", source, requests, attempts, err)
			}
		})
	}
}
