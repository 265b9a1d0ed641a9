package secretcache_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
)

// foreign is an option of another source.
var foreign = lambdacache.NewOptionKind[int]("othercache.Option").With(1)

func TestBadDeclarationsPanic(t *testing.T) {
	declare := func(id string, opts ...lambdacache.Option) func() {
		return func() { secretcache.Secret[string](id, opts...) }
	}
	const empty = "the id is empty: write the secret's name or ARN"
	const letters = "a name has letters, digits and /_+=.@!- only: write secretcache.Field for one field, secretcache.Stage for a stage"
	const notARN = "the ARN is not a secret's: write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
	const long = "an id has no more than 2048 characters"
	const concrete = ": use a concrete type, such as string, []byte or a struct for JSON"
	for _, test := range []struct {
		declare func()
		panics  string
	}{
		{declare(""), `secretcache: secret "": ` + empty},
		{declare(" \t"), `secretcache: secret " \t": ` + empty},
		{declare("my db"), `secretcache: secret "my db": ` + letters},
		{declare("prod/größe"), `secretcache: secret "prod/größe": ` + letters},
		{declare("prod/$db"), `secretcache: secret "prod/$db": ` + letters},
		{declare("prod/d\x00"), `secretcache: secret "prod/d\x00": ` + letters},
		{declare(strings.Repeat("a", 2049)), `secretcache: secret "` + strings.Repeat("a", 2049) + `": ` + long},
		{declare("prod/db#password"), `secretcache: secret "prod/db#password": ` + letters},
		{declare("prod/db?stage=x"), `secretcache: secret "prod/db?stage=x": ` + letters},
		{declare("prod/db:AWSPREVIOUS"), `secretcache: secret "prod/db:AWSPREVIOUS": ` + letters},
		{declare(arn + "db-AbCdEf:password::"), `secretcache: secret "` + arn + `db-AbCdEf:password::": ` + letters},
		{declare(arn), `secretcache: secret "` + arn + `": ` + notARN},
		{declare("arn:aws:secretsmanager:us?stage=x:1:secret:n"), `secretcache: secret "arn:aws:secretsmanager:us?stage=x:1:secret:n": ` + notARN},
		{declare("arn:aws:secretsmanager:us east:1:secret:n"), `secretcache: secret "arn:aws:secretsmanager:us east:1:secret:n": ` + notARN},
		{
			declare("arn:aws:secretsmanager:us-east-1:123456789012:other:x"),
			`secretcache: secret "arn:aws:secretsmanager:us-east-1:123456789012:other:x": ` + notARN,
		},
		{declare("arn:aws:secretsmanager"), `secretcache: secret "arn:aws:secretsmanager": ` + notARN},
		{
			declare("arn:aws:ssm:us-east-1:123456789012:parameter/secretsmanager:x"),
			`secretcache: secret "arn:aws:ssm:us-east-1:123456789012:parameter/secretsmanager:x": ` + notARN,
		},
		{func() { secretcache.Stage("") }, `secretcache.Stage(""): leave the option out for the current version`},
		{func() { secretcache.VersionID("") }, `secretcache.VersionID(""): leave the option out for the current version`},
		{declare("prod/db", foreign), `the entry for "prod/db" from secretsmanager: othercache.Option is not an option of this source`},
		{
			declare("prod/db", secretcache.Stage("x"), foreign),
			`the entry for "prod/db?stage=x" from secretsmanager: othercache.Option is not an option of this source`,
		},
		{
			func() { secretcache.Secret[any]("prod/db") },
			`secretcache.Secret("prod/db"): nothing can be decoded into a value of type interface {}` + concrete,
		},
		{
			func() { secretcache.Field[func()]("prod/db", "f") },
			`secretcache.Field("prod/db"): nothing can be decoded into a value of type func()` + concrete,
		},
		{
			func() { secretcache.Field[string]("prod/db", "") },
			`secretcache.Field("prod/db"): the field is empty: name one, or declare secretcache.Secret`,
		},
		{func() { secretcache.Field[string]("", "f") }, `secretcache: secret "": ` + empty},
		{func() { secretcache.SecretFunc[int]("prod/db", nil) }, `secretcache.SecretFunc("prod/db"): the decoder is nil`},
		{func() { secretcache.SecretFunc("", func([]byte) (int, error) { return 0, nil }) }, `secretcache: secret "": ` + empty},
	} {
		wantPanic(t, "lambdacache: "+test.panics, test.declare)
	}
	declare(strings.Repeat("a", 2048))() // the longest that there is
}

func TestNames(t *testing.T) {
	for want, e := range map[string]lambdacache.Cached{
		"db":          secretcache.Secret[string]("prod/app/db"),
		"db2":         secretcache.Secret[string](" db2 "),
		"db-AbCdEf":   secretcache.Secret[string](arn + "prod/db-AbCdEf"),
		"x-AbCdEf":    secretcache.Secret[string](arn + "x-AbCdEf"),
		"before":      secretcache.Secret[string]("prod/before", secretcache.Stage("AWSPREVIOUS")),
		"f":           secretcache.SecretFunc("prod/f", func([]byte) (int, error) { return 0, nil }),
		"db#password": secretcache.Field[string]("prod/db", "password"),
		"db3#a/b":     secretcache.Field[string](arn+"prod/db3", "a/b"),
		"own":         secretcache.Field[string]("prod/db", "password", lambdacache.Name("own")),
	} {
		if e.Name() != want {
			t.Errorf("%q, want %q", e.Name(), want)
		}
	}
}

// Two fields of a secret with different max ages: the load that one needs serves both.
func TestMaxAges(t *testing.T) {
	l := newLab(t)
	l.Secrets.PutString("ages/db", `{"short":"s1","long":"l1"}`)
	short := secretcache.Field[string]("ages/db", "short", lambdacache.MaxAge(10*time.Second))
	long := secretcache.Field[string]("ages/db", "long", lambdacache.MaxAge(time.Hour))
	l.prefetch(short, long)
	l.Secrets.PutString("ages/db", `{"short":"s2","long":"l2"}`)
	l.clock.Advance(10 * time.Second)
	want(t, "fresh still", get(t, long), "l1")
	want(t, "due", get(t, short), "s2")
	want(t, "loaded with it", get(t, long), "l2")
	want(t, "calls", l.Calls(""), 2)
}
