package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/internal/subject"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

const (
	theirs  = "222222222222"
	reader  = "arn:aws:iam::" + theirs + ":role/reader"
	hub     = "arn:aws:iam::333333333333:role/hub"
	ireland = "eu-west-1"
)

// gate is a server's front door. moto keeps each account's resources apart, but takes
// sessions that have ended: the door refuses those that it is told to.
type gate struct {
	*httptest.Server

	mu      sync.Mutex
	assumed int             // how often a role was
	keys    []string        // access key ids, in the order in which they were first used
	ended   map[string]bool // those that are refused
	refused int
}

var signer = regexp.MustCompile(`Credential=(\w+)/`)

func newGate(t *testing.T, endpoint string) *gate {
	t.Helper()
	behind, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{ended: make(map[string]bool)}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.passes(r) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) passes(r *http.Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := signer.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return true
	}
	if r.Header.Get("X-Amz-Target") == "" { // STS has a form, the others of this test have targets
		g.assumed++
	}
	if len(g.keys) == 0 || g.keys[len(g.keys)-1] != m[1] {
		g.keys = append(g.keys, m[1])
	}
	if g.ended[m[1]] {
		g.refused++
		return false
	}
	return true
}

// end refuses from now on who was the last to ask.
func (g *gate) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended[g.keys[len(g.keys)-1]] = true
}

func (g *gate) counted(t *testing.T, what string, assumed, refused int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.assumed != assumed || g.refused != refused {
		t.Errorf("%s: %d AssumeRole and %d refusals, want %d and %d", what, g.assumed, g.refused, assumed, refused)
	}
}

// as is a configuration with a session of a role, made by the SDK alone.
func as(t *testing.T, endpoint, role, region string) aws.Config {
	t.Helper()
	cfg := subject.Config(endpoint, "any", "any")
	out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")})
	if err != nil {
		t.Fatal(err)
	}
	c := out.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	cfg.Region = region
	return cfg
}

func reads(t *testing.T, what string, e *lambdacache.Entry[string], want string) {
	t.Helper()
	if got, err := e.Refresh(t.Context()); err != nil || got != want {
		t.Errorf("%s: %q, %v; want %q", what, got, err, want)
	}
}

func TestRolesOnMoto(t *testing.T) {
	moto := peers.Moto(t)
	home := subject.Config(moto.Endpoint, "any", "any")
	there, inIreland := as(t, moto.Endpoint, reader, cachetest.Region), as(t, moto.Endpoint, reader, ireland)
	for value, cfg := range map[string]aws.Config{"ours": home, "theirs": there, "theirs, in Ireland": inIreland} {
		subject.SSM(cfg).Put(t, "/suite/key", value)
		subject.Secrets(cfg).Put(t, "suite/key", value)
		subject.Dynamo(t, cfg).Put(t, "conformance-suite?pk=key", value)
	}
	type text struct {
		Text string `dynamodbav:"text"`
	}
	item := func(opts ...lambdacache.Option) *lambdacache.Entry[string] {
		e := dynamocache.Item[text]("conformance-suite", dynamocache.Key("pk", "key"), opts...)
		return lambdacache.Derive("text", func(ctx context.Context) (string, error) { return e.Value(ctx).Text, nil }, []lambdacache.Cached{e})
	}

	t.Run("each account and Region has its own", func(t *testing.T) {
		g := atGate(t, moto)
		role := assumerole.Role(reader)
		for what, e := range map[string]*lambdacache.Entry[string]{
			"ours":               ssmcache.Parameter[string]("/suite/key"),
			"theirs":             ssmcache.Parameter[string]("/suite/key", ssmcache.Config(role)),
			"theirs, in Ireland": ssmcache.Parameter[string]("/suite/key", ssmcache.Config(role), ssmcache.Region(ireland)),
		} {
			reads(t, "parameter", e, what)
		}
		for what, e := range map[string]*lambdacache.Entry[string]{
			"ours":               secretcache.Secret[string]("suite/key"),
			"theirs":             secretcache.Secret[string]("suite/key", secretcache.Config(role)),
			"theirs, in Ireland": secretcache.Secret[string]("suite/key", secretcache.Config(role), secretcache.Region(ireland)),
		} {
			reads(t, "secret", e, what)
		}
		for what, e := range map[string]*lambdacache.Entry[string]{
			"ours":               item(),
			"theirs":             item(dynamocache.Config(role)),
			"theirs, in Ireland": item(dynamocache.Config(role), dynamocache.Region(ireland)),
		} {
			reads(t, "item", e, what)
		}
		g.counted(t, "nine entries", 1, 0)
	})

	t.Run("a session is kept and renewed", func(t *testing.T) {
		g := atGate(t, moto)
		clock := cachetest.NewClock(t) // of ours: a session ends by moto's own
		e := ssmcache.Parameter[string]("/suite/key", ssmcache.Config(assumerole.Role(reader)))
		reads(t, "first", e, "theirs")
		clock.Advance(54 * time.Minute)
		reads(t, "kept", e, "theirs")
		g.counted(t, "kept", 1, 0)
		clock.Advance(2 * time.Minute)
		reads(t, "renewed", e, "theirs")
		g.counted(t, "renewed", 2, 0)
	})

	t.Run("a session that has ended is replaced", func(t *testing.T) {
		g := atGate(t, moto)
		clock := cachetest.NewClock(t)
		e := ssmcache.Parameter[string]("/suite/key", ssmcache.Config(assumerole.Role(reader)))
		reads(t, "first", e, "theirs")
		clock.Advance(10 * time.Minute)
		g.end()
		reads(t, "replaced", e, "theirs")
		g.counted(t, "replaced", 2, 1)
		reads(t, "kept", e, "theirs")
		g.end()
		_, err := e.Refresh(t.Context()) // too young to be replaced
		if err == nil || !strings.Contains(err.Error(), "ExpiredTokenException: The security token included in the request is expired; the credentials have expired") {
			t.Error(err)
		}
		clock.Advance(time.Minute)
		reads(t, "replaced again", e, "theirs")
		g.counted(t, "replaced again", 3, 3)
	})

	t.Run("a role is assumed as another", func(t *testing.T) {
		g := atGate(t, moto)
		role := assumerole.Role(reader, assumerole.Config(assumerole.Role(hub)))
		e := ssmcache.Parameter[string]("/suite/key", ssmcache.Config(role))
		reads(t, "chained", e, "theirs")
		reads(t, "chained", e, "theirs")
		g.counted(t, "chained", 2, 0)
		if len(g.keys) != 3 { // the function's, the hub's, the reader's
			t.Errorf("%d keys were used", len(g.keys))
		}
	})
}

// atGate points the default configuration at the door of a server.
func atGate(t *testing.T, moto *peers.MotoServer) *gate {
	t.Helper()
	g := newGate(t, moto.Endpoint)
	useServer(t, g.URL, "any", "any")
	cachetest.Reset(t)
	return g
}
