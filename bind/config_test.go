package bind_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

type DB struct{ User, Password string }

type limits struct {
	Rate  int           `ssm:"/prod/app/rate" maxage:"forever"`
	Pause time.Duration `ssm:"/prod/app/pause"`
}

type config struct {
	Key   string   `ssm:"/${STAGE}/app/key"`
	Hosts []string `ssm:"/${STAGE}/app/${APP}hosts" maxage:"5m" json:"hosts,omitempty"`
	limits
	Secrets struct {
		DB    *DB                          `secret:"prod/db"`
		Pass  lambdacache.Redacted[string] `secret:"prod/db#password"`
		Token []byte                       `secret:"prod/token" maxage:"0"`
	}
	Rules *s3cache.LocalFile `s3:"s3://rules/a rule$.txt" maxage:"1h"`
	Table map[string]int     `s3:"s3://rules/table.json" maxage:"1h"`
	Left  string
	mine  int
}

// filled is a lab whose AWS has all that config names.
func filled(t *testing.T) *lab {
	l := newLab(t)
	t.Setenv("STAGE", "prod")
	t.Setenv("APP", "") // set to nothing is set
	l.SSM.PutSecure("/prod/app/key", "k1")
	l.SSM.PutList("/prod/app/hosts", "a", "b")
	l.SSM.Put("/prod/app/rate", "10")
	l.SSM.Put("/prod/app/pause", "1m30s")
	l.Secrets.PutString("prod/db", `{"User":"u1","Password":"p1","password":"f1"}`)
	l.Secrets.PutString("prod/token", "t1")
	l.S3.CreateBucket("rules")
	l.S3.Put("rules", "a rule$.txt", []byte("r1"))
	l.S3.Put("rules", "table.json", []byte(`{"a":1}`))
	return l
}

func declared() *lambdacache.Entry[config] {
	return bind.Struct[config](ssmcache.Tag, secretcache.Tag, s3cache.Tag)
}

func TestOneRoundOfCallsFillsTheStruct(t *testing.T) {
	l := filled(t)
	gate := l.Hold("") // no call is answered before all are made
	read := reading(declared())
	var c config
	var reader sync.WaitGroup
	reader.Go(func() { c = read(t) })
	gate.Wait(4)
	gate.Release()
	reader.Wait()

	want(t, "Key", c.Key, "k1")
	want(t, "Hosts", strings.Join(c.Hosts, "+"), "a+b")
	want(t, "Rate", c.Rate, 10)
	want(t, "Pause", c.Pause, 90*time.Second)
	want(t, "DB", *c.Secrets.DB, DB{"u1", "f1"}) // encoding/json takes the last of names that differ in case
	want(t, "Pass", c.Secrets.Pass.Reveal(), "f1")
	want(t, "Token", string(c.Secrets.Token), "t1")
	rules, err := os.ReadFile(c.Rules.Path())
	want(t, "Rules", string(rules), "r1")
	want(t, "error", err, nil)
	want(t, "Table", c.Table["a"], 1)
	want(t, "Left", c.Left, "")
	want(t, "mine", c.mine, 0)
	want(t, "GetParameters", l.Calls("GetParameters"), 1)
	want(t, "BatchGetSecretValue", l.Calls("BatchGetSecretValue"), 1)
	want(t, "GetObject", l.Calls("GetObject"), 2)
	want(t, "calls", l.Calls(""), 4)
}

func TestOnlyWhatIsDueIsFetched(t *testing.T) {
	l := filled(t)
	read := reading(declared())
	first := read(t)
	l.SSM.Put("/prod/app/key", "k2")
	l.SSM.Put("/prod/app/rate", "20")
	l.SSM.PutList("/prod/app/hosts", "c")
	l.Secrets.PutString("prod/token", "t2")
	l.S3.Put("rules", "table.json", []byte(`{"a":2}`))
	for _, step := range []struct {
		after time.Duration
		asked []string
		seen  string
	}{
		{time.Second, []string{"GetSecretValue prod/token"}, "k1 a+b 10 t2 1"},
		{time.Minute, []string{"BatchGetSecretValue prod/db,prod/token", "GetParameters /prod/app/key,/prod/app/pause"}, "k2 a+b 10 t2 1"},
		{time.Second, []string{"GetSecretValue prod/token"}, "k2 a+b 10 t2 1"},
		{5 * time.Minute, []string{"BatchGetSecretValue prod/db,prod/token", "GetParameters /prod/app/hosts,/prod/app/key,/prod/app/pause"}, "k2 c 10 t2 1"},
		{time.Hour, []string{
			"BatchGetSecretValue prod/db,prod/token", "GetObject rules/a rule$.txt", "GetObject rules/table.json",
			"GetParameters /prod/app/hosts,/prod/app/key,/prod/app/pause",
		}, "k2 c 10 t2 2"},
	} {
		l.ResetCounts()
		l.clock.Advance(step.after)
		c := read(t)
		var asked []string
		for _, r := range l.Requests() {
			asked = append(asked, r.Operation+" "+strings.Join(slices.Sorted(slices.Values(r.Keys)), ","))
		}
		slices.Sort(asked)
		want(t, "calls", strings.Join(asked, "; "), strings.Join(step.asked, "; "))
		seen := strings.Join([]string{c.Key, strings.Join(c.Hosts, "+"), strconv.Itoa(c.Rate), string(c.Secrets.Token), strconv.Itoa(c.Table["a"])}, " ")
		want(t, "values", seen, step.seen)
		want(t, "the file, which did not change", c.Rules, first.Rules)
	}
}

// What Struct is given holds for every field, and a field's tag wins.
func TestOptionsForEveryField(t *testing.T) {
	type aged struct {
		A string `ssm:"/app/a"`
		B string `ssm:"/app/b" maxage:"10m" stale:"1m"`
		C string `secret:"c" ahead:"0.5" jitter:"0.01"`
	}
	l := newLab(t)
	l.SSM.In(cachetest.Account, "eu-west-1").Put("/app/a", "a1")
	l.SSM.In(cachetest.Account, "eu-west-1").Put("/app/b", "b1")
	l.Secrets.PutString("c", "c1")
	client := ssm.New(ssm.Options{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""), BaseEndpoint: aws.String(l.URL()),
	})
	e := bind.Struct[aged](ssmcache.Tag, lambdacache.MaxAge(time.Hour), ssmcache.Client(client), lambdacache.Name("aged"), secretcache.Tag)
	want(t, "name", e.Name(), "aged")
	read := reading(e)
	want(t, "first", read(t), aged{"a1", "b1", "c1"})
	for _, r := range l.Requests() {
		region := map[string]string{"ssm": "eu-west-1", "secretsmanager": os.Getenv("AWS_REGION")}[r.Service]
		want(t, "Region of "+r.Service, r.Region, region)
	}
	l.ResetCounts()
	l.clock.Advance(10*time.Minute + time.Second)
	l.SSM.In(cachetest.Account, "eu-west-1").Put("/app/a", "a2")
	l.SSM.In(cachetest.Account, "eu-west-1").Delete("/app/b")
	want(t, "B is due and stands in", read(t), aged{"a1", "b1", "c1"})
	want(t, "A is asked for", l.CallsFor("GetParameters", "/app/a"), 0)
	l.clock.Advance(time.Minute)
	handler := lambdacache.Wrap(func(context.Context, struct{}) (int, error) { return 0, nil }, e)
	_, err := handler(t.Context(), struct{}{})
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != 1 || failed.Failures[0].Entry != "aged.B" {
		t.Errorf("past the limit: %v", err)
	}
	l.SSM.In(cachetest.Account, "eu-west-1").Put("/app/b", "b2")
	l.clock.Advance(25 * time.Minute)
	want(t, "C so far", l.Calls("GetSecretValue"), 0)
	read(t)
	want(t, "C is loaded ahead", l.Calls("GetSecretValue"), 1)
	l.clock.Advance(25 * time.Minute)
	want(t, "an hour later", read(t).A, "a2")
}
