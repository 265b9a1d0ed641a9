package leaks_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/leaks"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// login is a user's own type.
type login struct {
	User     string
	Password string
}

const document = `{"User":"app","Password":"` + `zQ7~EW9!<J4^p&2%Xv` + `"}`

// world is a process that holds values in all its entries, and what it came by in
// an invocation.
type world struct {
	aws   *cachetest.AWS
	site  *site.Site
	clock *cachetest.Clock

	text   *lambdacache.Entry[string]
	list   *lambdacache.Entry[[]string]
	set    *lambdacache.Entry[ssmcache.Set]
	below  *lambdacache.Entry[ssmcache.Set]
	secret *lambdacache.Entry[login]
	binary *lambdacache.Entry[[]byte]
	field  *lambdacache.Entry[lambdacache.Redacted[string]]
	object *lambdacache.Entry[map[string]string]
	file   *lambdacache.Entry[*s3cache.LocalFile]
	remote *lambdacache.Entry[string]
	flags  *lambdacache.Entry[appconfigcache.FlagSet]
	config *lambdacache.Entry[[]byte]
	number *lambdacache.Entry[int]
	item   *lambdacache.Entry[login]
	built  *lambdacache.Entry[*login]
	origin *lambdacache.Origin[string]
	own    *lambdacache.Entry[string]

	logins  *lambdacache.Family[string, login]
	remotes *lambdacache.Family[int, string] // of documents whose URLs hold a secret
	numbers *lambdacache.Family[string, int]

	contexts map[string]context.Context
	panics   map[string]any
	errs     []error

	mu     sync.Mutex
	events []lambdacache.Event
}

// newWorld makes the world and has it do all that it can, well and badly. Nothing of
// it runs any more when it returns.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{aws: cachetest.NewAWS(t), contexts: make(map[string]context.Context), panics: make(map[string]any)}
	t.Setenv("AWS_SECRET_ACCESS_KEY", leaks.Text)
	t.Setenv("AWS_SESSION_TOKEN", leaks.Text)
	t.Setenv("TMPDIR", t.TempDir())
	cachetest.Reset(t)
	w.clock = cachetest.NewClock(t)
	lambdacache.Observe(func(e lambdacache.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
	})
	w.site = site.Start()
	w.put()
	w.declare()
	w.live(t)
	w.suffer(t)
	w.aws.Close()
	w.site.Close()
	return w
}

func (w *world) put() {
	w.aws.SSM.Put("/app/text", leaks.Text)
	w.aws.SSM.PutSecure("/app/secure", leaks.Text)
	w.aws.SSM.PutList("/app/list", leaks.Text, leaks.Text)
	w.aws.Secrets.PutString("app/login", document)
	w.aws.Secrets.PutBinary("app/binary", []byte(leaks.Text))
	w.aws.S3.Put("app", "object", []byte(document))
	w.aws.S3.Put("app", "file", []byte(leaks.Text))
	w.site.Put("/document", leaks.Text)
	w.aws.AppConfig.Put("app", "prod", "flags", `{"f":{"enabled":true,"Password":`+quoted(leaks.Text)+`}}`)
	w.aws.AppConfig.Put("app", "prod", "config", leaks.Text)
	w.aws.Dynamo.CreateTable("app", "pk")
	w.aws.Dynamo.Put("app", map[string]any{"pk": "login", "User": "app", "Password": leaks.Text})
}

func (w *world) declare() {
	w.text = ssmcache.Parameter[string]("/app/text")
	w.list = ssmcache.Parameter[[]string]("/app/list")
	w.set = ssmcache.Parameters("set", []string{"/app/text", "/app/secure", "/app/list"})
	w.below = ssmcache.Path[ssmcache.Set]("/app/")
	w.secret = secretcache.Secret[login]("app/login")
	w.binary = secretcache.Secret[[]byte]("app/binary")
	w.field = secretcache.Field[lambdacache.Redacted[string]]("app/login", "Password")
	w.object = s3cache.Object[map[string]string]("s3://app/object")
	w.file = s3cache.File("s3://app/file")
	w.remote = httpcache.URL[string](w.site.URL+"/document?token="+url.QueryEscape(leaks.Text),
		httpcache.Header("X-Key", func(context.Context) (string, error) { return leaks.Text, nil }))
	w.flags = appconfigcache.Flags("app", "prod", "flags")
	w.config = appconfigcache.Configuration[[]byte]("app", "prod", "config")
	w.item = dynamocache.Item[login]("app", dynamocache.Key("pk", "login"), lambdacache.Name("item"))
	w.number = lambdacache.New("number", func(ctx context.Context) (int, error) {
		w.contexts["of a source"] = ctx
		return leaks.Number, nil
	})
	w.built = lambdacache.Derive("built", func(ctx context.Context) (*login, error) {
		w.contexts["of a derived entry"] = ctx
		return &login{"app", w.text.Value(ctx)}, nil
	}, []lambdacache.Cached{w.text})
	w.logins = secretcache.Family[login](func(name string) string { return "app/" + name })
	w.remotes = httpcache.Family[string](func(n int) string {
		return fmt.Sprintf("%s/document?token=%s%d", w.site.URL, url.QueryEscape(leaks.Text), n)
	})
	w.numbers = lambdacache.NewFamily("numbers", func(context.Context, string) (int, error) { return leaks.Number, nil })
	w.origin = lambdacache.NewOrigin("plain", plain{})
	w.own = lambdacache.Declare(w.origin, "plain", "", func(s string) (string, error) { return s, nil })
}

// plain is a source of which the record is the value itself.
type plain struct{}

func (plain) Load(_ context.Context, reqs []lambdacache.Request) []lambdacache.Result[string] {
	results := make([]lambdacache.Result[string], len(reqs))
	for i := range results {
		results[i] = lambdacache.Result[string]{Value: leaks.Text, Version: "1"}
	}
	return results
}

func (w *world) entries() []lambdacache.Cached {
	return []lambdacache.Cached{
		w.text, w.list, w.set, w.below, w.secret, w.binary, w.field, w.object, w.file, w.remote, w.flags, w.config, w.number, w.item, w.built, w.own,
	}
}

// live is an invocation in which all goes well but what the handler does wrong.
func (w *world) live(t *testing.T) {
	t.Helper()
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (struct{}, error) {
		inner := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (struct{}, error) {
			w.contexts["of a Wrap in a Wrap"] = ctx
			return struct{}{}, nil
		}, w.text)
		if _, err := inner(ctx, struct{}{}); err != nil {
			return struct{}{}, err
		}
		w.contexts["of Wrap"] = ctx
		w.contexts["with a value"] = context.WithValue(ctx, login{}, w.text)
		w.contexts["without cancel"] = context.WithoutCancel(ctx)
		w.contexts["with cancel"], w.contexts["with a deadline"] = children(t, ctx)
		for name, misuse := range map[string]func(){
			"of another type": func() { lambdacache.Value[int](ctx, "text") },
			"of a pointer":    func() { lambdacache.Value[string](ctx, "built") },
			"of no name":      func() { lambdacache.Value[string](ctx, leaks.Text[:3]) },
			"outside":         func() { w.secret.Value(context.Background()) },
			"not listed":      func() { ssmcache.Parameter[string]("/app/text").Value(ctx) },
			"of no attribute": func() { appconfigcache.Attribute[any](w.flags.Value(ctx), "f", "Password", nil) },
			"of no parameter": func() { w.set.Value(ctx).Text("missing") },
		} {
			w.panics[name] = recovered(misuse)
		}
		return struct{}{}, nil
	}, w.entries()...)
	if _, err := h(t.Context(), struct{}{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.logins.Prefetch(t.Context(), "login"), w.remotes.Prefetch(t.Context(), 1, 2), w.numbers.Prefetch(t.Context(), "a")); err != nil {
		t.Fatal(err)
	}
	w.contexts["of a test"] = cachetest.Context(t, cachetest.Fixed(w.text, leaks.Text), cachetest.Fixed(w.secret, login{Password: leaks.Text}))
	w.panics["of a fixed type"] = recovered(func() { lambdacache.Value[int](w.contexts["of a test"], "text") })
	w.panics["of what is not fixed"] = recovered(func() { w.list.Value(w.contexts["of a test"]) })
}

func children(t *testing.T, ctx context.Context) (canceled, timed context.Context) {
	t.Helper()
	canceled, cancel := context.WithCancelCause(ctx)
	t.Cleanup(func() { cancel(nil) })
	timed, stop := context.WithTimeout(canceled, time.Hour)
	t.Cleanup(stop)
	return canceled, timed
}

func recovered(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

// suffer has loads of every kind fail, while the old values are held.
func (w *world) suffer(t *testing.T) {
	t.Helper()
	w.clock.Advance(time.Hour)
	w.aws.Deny("ssm:GetParameters", "/app/list")
	w.aws.Deny("secretsmanager:BatchGetSecretValue", "")
	w.aws.Deny("secretsmanager:GetSecretValue", "app/binary")
	w.aws.S3.Delete("app", "object")
	w.site.Fail(0, site.Answer(403, leaks.Text, "Location", leaks.Text))
	w.aws.AppConfig.Put("app", "prod", "flags", `{"f":{"Password":`+quoted(leaks.Text)+`}}`)
	w.aws.Deny("appconfig:GetLatestConfiguration", "app/prod/config")
	wrong := []lambdacache.Cached{
		ssmcache.Parameter[int]("/app/text"), ssmcache.Parameter[[]string]("/app/secure"), secretcache.Field[bool]("app/login", "Password"),
		ssmcache.ParameterFunc("/app/text", func(s string) (int, error) { return 0, errors.New(s) }),
		secretcache.SecretFunc("app/login", func(b []byte) (int, error) { panic(string(b)) }),
		s3cache.Object[float64]("s3://app/file"),
		appconfigcache.Configuration[time.Duration]("app", "prod", "config"), appconfigcache.Flags("app", "prod", "config"),
		appconfigcache.ConfigurationFunc("app", "prod", "flags", func(b []byte) (int, error) { return 0, errors.New(string(b)) }),
		lambdacache.Derive("ill", func(ctx context.Context) (int, error) { return strconv.Atoi(w.text.Value(ctx)) }, []lambdacache.Cached{w.text}),
		lambdacache.New("panics", func(context.Context) (int, error) { panic(fmt.Sprint("no ", leaks.Text)) }),
	}
	w.fail(lambdacache.Prefetch(t.Context(), append(w.entries(), wrong...)...))
	w.aws.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	_, err := w.text.Refresh(t.Context())
	w.fail(err)
	w.fail(w.logins.Prefetch(t.Context(), "login", "binary", "no login"))
	w.fail(w.remotes.Prefetch(t.Context(), 1, 2))
	_, err = w.binary.Refresh(w.contexts["of Wrap"])
	w.fail(err)
}

func (w *world) fail(err error) {
	if err != nil {
		w.errs = append(w.errs, err)
	}
}
