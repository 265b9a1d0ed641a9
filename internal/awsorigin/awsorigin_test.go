package awsorigin_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	leftover.Main(m)
}

// provider names an application in every request.
type provider struct {
	app   string
	fails *int
}

func (p *provider) Configure(cfg aws.Config) (aws.Config, error) {
	if *p.fails > 0 {
		*p.fails--
		return cfg, errors.New("not yet")
	}
	cfg.AppID = p.app
	return cfg, nil
}

func (p *provider) String() string { return p.app }

type byValue struct{ list []string }

func (byValue) Configure(cfg aws.Config) (aws.Config, error) { return cfg, nil }
func (byValue) String() string                               { return "" }

func TestContradictionsAndMistakesPanic(t *testing.T) {
	cfg := aws.Config{Region: "us-east-1"}
	p := &provider{"app", new(int)}
	parameter := func(opts ...lambdacache.Option) func() { return func() { ssmcache.Parameter[string]("/a", opts...) } }
	secret := func(opts ...lambdacache.Option) func() { return func() { secretcache.Secret[string]("s", opts...) } }
	own := ": a client has credentials and a Region of its own; leave one of them out"
	for text, f := range map[string]func(){
		`ssmcache: "/a": ssmcache.Client with ssmcache.Region` + own:         parameter(ssmcache.Client(ssm.NewFromConfig(cfg)), ssmcache.Region("eu-west-1")),
		`ssmcache: "/a": ssmcache.Client with ssmcache.Config` + own:         parameter(ssmcache.Config(p), ssmcache.Client(ssm.NewFromConfig(cfg))),
		`secretcache: "s": secretcache.Client with secretcache.Region` + own: secret(secretcache.Region("eu-west-1"), secretcache.Client(secretsmanager.NewFromConfig(cfg))),
		`s3cache: "s3://b/k": s3cache.Client with s3cache.Config` + own: func() {
			s3cache.File("s3://b/k", s3cache.Client(s3.NewFromConfig(cfg)), s3cache.Config(p))
		},
		`s3cache: "s3://b/k": s3cache.Client with s3cache.Region` + own: func() {
			s3cache.Object[string]("s3://b/k", s3cache.Client(s3.NewFromConfig(cfg)), s3cache.Region("eu-west-1"))
		},
		`ssmcache.Region(""): not a Region: write its code, such as eu-west-1`:       func() { ssmcache.Region("") },
		`s3cache.Region("Ireland"): not a Region: write its code, such as eu-west-1`: func() { s3cache.Region("Ireland") },
		`secretcache.Region("arn:x-y"): not a Region: write its code, such as eu-west-1`: func() {
			secretcache.Region("arn:x-y")
		},
		`ssmcache.Config was given nil: give it a provider, or leave the option out for the default one`: func() { ssmcache.Config(nil) },
		`ssmcache.Config was given a provider that cannot be compared with others: give it a pointer`:    func() { ssmcache.Config(byValue{[]string{"x"}}) },
		`secretcache: "s": secretcache.Client with secretcache.Config` + own:                             secret(secretcache.Client(secretsmanager.NewFromConfig(cfg)), secretcache.Config(p), secretcache.Region("eu-west-1")),
	} {
		func() {
			defer func() {
				if r := recover(); r != "lambdacache: "+text {
					t.Errorf("%v\nwant %s", r, text)
				}
			}()
			f()
		}()
	}
}

// A user's own provider: asked at the first load, again after an error, and once.
func TestAProviderOfOnesOwn(t *testing.T) {
	fake := cachetest.NewAWS(t)
	cachetest.Reset(t)
	fake.SSM.Put("/a", "v")
	fails := 1
	p := &provider{"mine", &fails}
	a, b := ssmcache.Parameter[string]("/a", ssmcache.Config(p)), ssmcache.Parameter[string]("/a", ssmcache.Config(p))
	other := ssmcache.Parameter[string]("/a", ssmcache.Config(&provider{"other", new(int)}))
	if _, err := a.Get(t.Context()); err == nil || err.Error() != `lambdacache: load "a" from ssm as mine /a: not yet` {
		t.Error(err)
	}
	if err := lambdacache.Prefetch(t.Context(), a, b, other); err != nil {
		t.Fatal(err)
	}
	apps := make(map[string]int)
	for _, r := range fake.Requests() {
		for _, app := range []string{"app/mine", "app/other"} {
			if strings.Contains(r.Header.Get("User-Agent"), app) {
				apps[app]++
			}
		}
	}
	if apps["app/mine"] != 1 || apps["app/other"] != 1 || fake.Calls("") != 2 {
		t.Errorf("%v of %d calls", apps, fake.Calls(""))
	}
}

// Every choice has one client and one origin, until a reset, after an error of its
// configuration too.
func TestAClientOfEachChoice(t *testing.T) {
	cachetest.Reset(t)
	var fails error
	var made []string
	clients := awsorigin.NewClients("thingcache",
		func(user string) (aws.Config, error) { return aws.Config{Region: user + "'s own"}, fails },
		func(cfg aws.Config) any { made = append(made, cfg.Region); return &cfg })
	getters := make(map[string]awsorigin.Get)
	origins := awsorigin.NewOrigins(clients, "thing", func(name string, client awsorigin.Get) *lambdacache.Origin[string] {
		getters[name] = client
		return lambdacache.NewOrigin[string](name, nobody{})
	})
	for range 2 {
		origins.Take("k", nil)
		origins.Take("k", []lambdacache.Option{clients.Region("eu-west-1")})
	}
	fails = errors.New("no Region")
	if _, err := getters["thing"](); err != fails {
		t.Error(err)
	}
	fails = nil
	first, _ := getters["thing"]()
	again, _ := getters["thing"]()
	elsewhere, _ := getters["thing in eu-west-1"]()
	if again != first || elsewhere == first || len(getters) != 2 {
		t.Errorf("%d origins, the same client again: %v, elsewhere: %v", len(getters), again == first, elsewhere == first)
	}
	testhook.Reset()
	if reset, _ := getters["thing"](); reset == first {
		t.Error("the same client after a reset")
	}
	if got := strings.Join(made, ", "); got != "thingcache's own, eu-west-1, thingcache's own" {
		t.Errorf("made clients for %s", got)
	}
}

// nobody is a source that is not asked.
type nobody struct{}

func (nobody) Load(context.Context, []lambdacache.Request) []lambdacache.Result[string] { return nil }

// A provider that takes its time keeps only those waiting who want its configuration.
func TestAProviderThatTakesItsTime(t *testing.T) {
	fake := cachetest.NewAWS(t)
	cachetest.Reset(t)
	fake.SSM.Put("/a", "v")
	p := &slow{asked: make(chan bool), answer: make(chan bool)}
	late, other := ssmcache.Parameter[string]("/a", ssmcache.Config(p)), ssmcache.Parameter[string]("/a")
	done := make(chan error)
	go func() { _, err := late.Get(t.Context()); done <- err }()
	<-p.asked
	if _, err := other.Get(t.Context()); err != nil {
		t.Error(err)
	}
	p.answer <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// slow is a provider that waits.
type slow struct{ asked, answer chan bool }

func (p *slow) Configure(cfg aws.Config) (aws.Config, error) {
	p.asked <- true
	<-p.answer
	return cfg, nil
}

func (p *slow) String() string { return "slow" }
