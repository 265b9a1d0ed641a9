package leaks_test

import (
	"context"
	"errors"
	"html"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/awskeys"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/dynamokey"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/fixed"
	"github.com/lambda-cache/lambdacache/internal/flight"
	"github.com/lambda-cache/lambdacache/internal/httpclient"
	"github.com/lambda-cache/lambdacache/internal/leaks"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// record is what a source of a user's own makes of an answer.
type record struct{ value string }

// keyed is a client of a user's own, with a key of his.
type keyed struct {
	ssmcache.API
	key string
}

func (w *world) optionsAndClients(all map[string][]instance) {
	cfg, err := awsconfig.Streaming("a test")
	if err != nil {
		panic(err)
	}
	header := func(context.Context) (string, error) { return leaks.Text, nil }
	token := lambdacache.NewOptionKind[string]("mine.Token")
	options := []lambdacache.Option{
		lambdacache.MaxAge(time.Minute), lambdacache.Name("n"), lambdacache.LoadTimeout(time.Second), secretcache.Stage("s"),
		httpcache.Client(http.DefaultClient), httpcache.SizeLimit(1),
		ssmcache.Label("l"), ssmcache.NotRecursive(),
		ssmcache.Client(ssm.NewFromConfig(cfg)), secretcache.Client(secretsmanager.NewFromConfig(cfg)), s3cache.Client(s3.NewFromConfig(cfg)),
		dynamocache.Client(dynamodb.NewFromConfig(cfg)), dynamocache.Consistent(),
		appconfigcache.Client(appconfigdata.NewFromConfig(cfg)),
	}
	for _, o := range options {
		all["lambdacache.Option"] = append(all["lambdacache.Option"], of("", o))
	}
	all["lambdacache.Option"] = append(all["lambdacache.Option"], of("zero", lambdacache.Option{}),
		revealing("of a header", httpcache.Header("X-Key", header), func(lambdacache.Option) any { return leaks.Text }),
		revealing("of a user's client", ssmcache.Client(&keyed{key: leaks.Text}), func(lambdacache.Option) any { return leaks.Text }),
		revealing("of a user's own", token.With(leaks.Text), func(o lambdacache.Option) any { v, _, _ := token.Take([]lambdacache.Option{o}); return v }))
	all["lambdacache.OptionKind"] = []instance{of("", token), of("behind the pointer", *token)}
	all["lambdacache.OriginOption"] = []instance{of("", lambdacache.OriginLoadTimeout(time.Second))}
	all["lambdacache.Result"] = []instance{
		result("of a text", lambdacache.Result[string]{Value: leaks.Text, Version: "1", Age: time.Minute}),
		result("of bytes", lambdacache.Result[[]byte]{Value: []byte(leaks.Text), Err: errors.New("err")}),
		result("of a pointer", lambdacache.Result[*record]{Value: &record{leaks.Text}, Unchanged: true}),
		result("of a list", lambdacache.Result[[]string]{Value: []string{leaks.Text}, Within: time.Minute, NotBefore: time.Second}),
	}
	all["also the configuration"] = []instance{
		revealing("", cfg, func(cfg aws.Config) any { c, _ := cfg.Credentials.Retrieve(context.Background()); return c }),
		of("the credentials", cfg.Credentials), of("the HTTP client", cfg.HTTPClient), of("a service's client", ssm.NewFromConfig(cfg)),
	}
	clients := awsorigin.NewClients("mine", awsconfig.Default, func(aws.Config) any { return &keyed{key: leaks.Text} })
	origins := awsorigin.NewOrigins(clients, "mine", func(name string, client awsorigin.Get) *lambdacache.Origin[string] {
		_, _ = client() // there is one to be found
		all["awsorigin.Get"] = []instance{of("", client)}
		return lambdacache.NewOrigin(name, plain{})
	})
	origins.Take("k", nil)
	w.sessions(all)
}

// sessions are credentials that are held, of a role and of anything.
func (w *world) sessions(all map[string][]instance) {
	text := html.EscapeString(leaks.Text)
	fake, err := cachetest.StartAWS() // the world's own has ended
	if err != nil {
		panic(err)
	}
	defer fake.Close()
	os.Setenv("AWS_ENDPOINT_URL_STS", fake.URL())
	defer os.Unsetenv("AWS_ENDPOINT_URL_STS")
	fake.Fail(cachetest.Fault{Operation: "AssumeRole", Do: answer(200, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>id</AccessKeyId>`+
		`<SecretAccessKey>`+text+`</SecretAccessKey><SessionToken>`+text+`</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>`)})
	session := assumerole.Role("arn:aws:iam::222222222222:role/reader")
	held := func(p aws.CredentialsProvider) any { c, _ := p.Retrieve(context.Background()); return c }
	grant := awskeys.NewGrant(aws.Credentials{SecretAccessKey: leaks.Text}, clock.Now())
	ask := awskeys.Ask(func(context.Context, bool) (*awskeys.Grant, error) { return grant, nil })
	cache := awskeys.New(ask)
	if _, err := session.Retrieve(context.Background()); err != nil {
		panic(err)
	}
	held(cache)
	all["assumerole.Session"] = []instance{revealing("", session, func(s *assumerole.Session) any { return held(s) })}
	all["assumerole.Option"] = []instance{of("", assumerole.ExternalID("id-1"))}
	all["awskeys.Cache"] = []instance{revealing("", cache, func(c *awskeys.Cache) any { return held(c) })}
	all["awskeys.Grant"] = []instance{revealing("", grant, func(g *awskeys.Grant) any { return g.Credentials() })}
	all["awskeys.Ask"] = []instance{of("", ask)}
}

// result is a source's own, who made it and can read it: it must not show in a log by
// mistake. It does where fmt calls no methods: in unexported fields, and told a verb
// that is none for it; gob and XML are nothing that happens by mistake.
func result[T any](what string, v T) instance {
	i := holding(what, v)
	i.shown = func() string {
		for place, v := range leaks.Places(v) {
			if darkForMethods.MatchString(place) {
				continue
			}
			for way, text := range leaks.Ways(v) {
				if !strange.MatchString(way) && leaks.Planted.In(text) != "" {
					return place + ", " + way
				}
			}
		}
		return ""
	}
	return i
}

var (
	darkForMethods = regexp.MustCompile("unexported|embedded|deep|context")
	strange        = regexp.MustCompile("%.*[^vsqxXd]$|XML|gob")
)

func redact[T any](what string, v T) instance {
	return revealing(what, lambdacache.Redact(v), func(r lambdacache.Redacted[T]) any { return r.Reveal() })
}

// mixed is a user's struct: printed as a whole, its secrets are not.
type mixed struct {
	User     string
	password lambdacache.Redacted[string]
	Token    *lambdacache.Redacted[[]byte]
	set      ssmcache.Set
	flags    appconfigcache.FlagSet
	cached   lambdacache.Cached
	ctx      context.Context
	lambdacache.Redacted[login]
}

func (w *world) redacted(all map[string][]instance) {
	type password string
	bytes := lambdacache.Redact([]byte(leaks.Text))
	set := w.set.Value(w.contexts["of Wrap"])
	flags := w.flags.Value(w.contexts["of Wrap"])
	all["lambdacache.Redacted"] = []instance{
		redact("text", leaks.Text), redact("named text", password(leaks.Text)), redact("bytes", []byte(leaks.Text)),
		redact("array", [18]byte([]byte(leaks.Text))), redact("list", []string{leaks.Text}), redact("map", map[string]string{"k": leaks.Text}),
		redact("map by value", map[string]int{leaks.Text: 1}), redact("struct", login{"app", leaks.Text}),
		redact("pointer", &login{"app", leaks.Text}), redact("anything", any(leaks.Text)), redact("error", errors.New(leaks.Text)),
		redact("URL", &url.URL{Scheme: "https", User: url.UserPassword("app", leaks.Text)}), redact("header", http.Header{"K": {leaks.Text}}),
		redact("int", leaks.Number), redact("uint64", uint64(leaks.Number)), redact("float", float64(leaks.Number)),
		redact("duration", time.Duration(leaks.Number)), redact("big number", big.NewInt(leaks.Number)),
		revealing("twice", lambdacache.Redact(lambdacache.Redact(leaks.Text)), func(r lambdacache.Redacted[lambdacache.Redacted[string]]) any { return r.Reveal().Reveal() }),
		of("zero", lambdacache.Redacted[string]{}), of("nil", (*lambdacache.Redacted[string])(nil)),
		of("in a user's struct", mixed{
			"app", lambdacache.Redact(leaks.Text), &bytes, set, flags, w.text, w.contexts["of Wrap"], lambdacache.Redact(login{"app", leaks.Text}),
		}),
	}
	all["ssmcache.Set"] = []instance{
		revealing("of a path", w.below.Value(w.contexts["of Wrap"]), func(s ssmcache.Set) any { return s.Text("secure") }),
		revealing("", set, func(s ssmcache.Set) any { return []string{s.Text("secure"), s.Text("text"), s.Text("list")} }),
		revealing("of a test", ssmcache.NewSet(map[string]string{"a": leaks.Text}, map[string][]string{"l": {leaks.Text}}), func(s ssmcache.Set) any { return s.List("l") }),
		of("zero", ssmcache.Set{}), of("names", slices.Collect(set.Names())), of("in a user's struct", struct{ ssmcache.Set }{set}),
	}
}

func (w *world) flagSets(all map[string][]instance) {
	password := func(s appconfigcache.FlagSet) any { return appconfigcache.Attribute(s, "f", "Password", "") }
	set := w.flags.Value(w.contexts["of Wrap"])
	all["appconfigcache.FlagSet"] = []instance{
		revealing("", set, password), revealing("of a test", appconfigcache.NewFlagSet(`{"f":{"enabled":true,"Password":`+quoted(leaks.Text)+`}}`), password),
		of("zero", appconfigcache.FlagSet{}), of("names", slices.Collect(set.Names())), of("in a user's struct", struct{ appconfigcache.FlagSet }{set}),
	}
}

func (w *world) fakes(all map[string][]instance) {
	fault := cachetest.Fault{Operation: "GetParameters", Do: cachetest.Throttle()}
	all["cachetest.AWS"] = []instance{holding("", w.aws)}
	all["cachetest.SSM"] = []instance{holding("", w.aws.SSM)}
	all["cachetest.Secrets"] = []instance{holding("", w.aws.Secrets)}
	all["cachetest.AppConfig"] = []instance{holding("", w.aws.AppConfig)}
	all["cachetest.AppConfigVersion"] = []instance{of("", cachetest.AppConfigVersion{Label: "one"})}
	all["cachetest.STS"] = []instance{holding("", w.aws.STS)}
	all["cachetest.S3"] = []instance{holding("", w.aws.S3)}
	all["cachetest.Dynamo"] = []instance{holding("", w.aws.Dynamo)}
	all["cachetest.AWSOption"] = []instance{of("", cachetest.TLS())}
	all["cachetest.Clock"] = []instance{of("", w.clock)}
	all["cachetest.Effect"] = []instance{of("", fault.Do)}
	all["cachetest.Fault"] = []instance{of("", fault)}
	all["cachetest.Gate"] = []instance{of("", cachetest.NewGate())}
	all["cachetest.ObjectVersion"] = []instance{of("", cachetest.ObjectVersion{ETag: w.aws.S3.ETag("app", "file")})}
	all["cachetest.Request"] = []instance{of("", w.aws.Requests()[0]), of("some", w.aws.Requests()[:3])}
	all["cachetest.Subject"] = []instance{of("", cachetest.Subject{Text: ssmcache.Parameter[string], MaxKeys: 1})}
	all["cachetest.TextFamily"] = []instance{of("", cachetest.FamilyOf(w.logins, func(l login) (string, error) { return l.Password, nil }))}
	all["cachetest.Elsewhere"] = []instance{of("", cachetest.Elsewhere{Text: ssmcache.Parameter[string]})}
	all["cachetest.FixedValue"] = []instance{
		holding("of a text", cachetest.Fixed(w.text, leaks.Text)), holding("of bytes", cachetest.Fixed(w.binary, []byte(leaks.Text))),
		holding("of a map", cachetest.Fixed(w.object, map[string]string{"k": leaks.Text})), holding("of a struct", cachetest.Fixed(w.secret, login{Password: leaks.Text})),
		holding("of a pointer", cachetest.Fixed(w.built, &login{Password: leaks.Text})), holding("of a number", cachetest.Fixed(w.number, leaks.Number)),
		holding("of a family's key", cachetest.FixedKey(w.logins, "login", login{Password: leaks.Text})),
	}
}

func (w *world) inner(all map[string][]instance) {
	_, bad := decode.As[int](decode.Text(leaks.Text))
	own, _ := errors.AsType[*decode.Error](bad)
	into, _ := decode.For(reflect.TypeFor[string]())
	call := flight.Go(context.WithValue(context.Background(), record{}, leaks.Text), 1, func(context.Context, *flight.Call) {})
	text := leaks.Text
	all["awsfault.Denial"] = []instance{of("", awsfault.Denial{Action: "ssm:GetParameters", Resource: "*"})}
	key := dynamokey.Of("app", dynamokey.Attribute{Name: "pk", Kind: dynamokey.String, Value: "login"})
	all["dynamocache.PrimaryKey"] = []instance{of("", dynamocache.Key("pk", "login", "sk", 7))}
	all["dynamokey.Key"] = []instance{of("", key)}
	all["dynamokey.Attribute"] = []instance{of("", key.Attributes[0])}
	all["dynamokey.Kind"] = []instance{of("", dynamokey.Binary)}
	all["clock.Due"] = []instance{of("", clock.Now().DueAfter(time.Minute))}
	all["clock.Reading"] = []instance{of("", clock.Now())}
	all["decode.Error"] = []instance{of("", own), of("behind the pointer", *own)}
	all["decode.Into"] = []instance{of("", into)}
	all["environment.Kind"] = []instance{of("", environment.Function)}
	all["fixed.Failure"] = []instance{of("", fixed.Failure{Err: w.errs[0]})}
	all["fixed.Key"] = []instance{of("", fixed.Key{Family: w.origin, Key: "a"})}
	all["fixed.Values"] = []instance{holding("", fixed.Values{w.text: &text})}
	all["httpclient.Client"] = []instance{of("", httpclient.Client{HTTP: http.DefaultClient, Limit: time.Second})}
	all["httpclient.Pool"] = []instance{of("", httpclient.NewPool(new(http.Transport), time.Second, time.Second))}
	all["leaks.Found"] = []instance{of("", leaks.Planted.Find("got "+leaks.Text+"\ngot "+leaks.Text))}
	all["flight.Call"] = []instance{of("", call)}
}

func (w *world) contextsAndPanics(all map[string][]instance) {
	for name, ctx := range w.contexts {
		i := of(name, ctx)
		i.holds = name != "of a source"
		all["also a context"] = append(all["also a context"], i, of(name+", behind the pointer", reflect.Indirect(reflect.ValueOf(ctx))))
	}
	for name, r := range w.panics {
		all["also a panic"] = append(all["also a panic"], of(name, r))
	}
	all["also a handler"] = []instance{of("", lambdacache.Wrap(func(context.Context, int) (int, error) { return 0, nil }, w.text))}
}
