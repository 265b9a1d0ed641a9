package bind_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Sixteen handlers at once read user, password and the whole secret, an item and a
// document twice each, all due for each invocation, while these change.
func TestFieldsOfOneKeyAreOfOneVersion(t *testing.T) {
	type login struct {
		User     int                   `secret:"busy/db#user" maxage:"0"`
		Password int                   `secret:"busy/db#password" maxage:"0"`
		Whole    struct{ User string } `secret:"busy/db" maxage:"0"`
		Row      struct{ V string }    `dynamo:"busy?pk=a" maxage:"0"`
		Fields   map[string]string     `dynamo:"busy?pk=a" maxage:"0"`
		Text     string                `url:"${ISSUER}/busy" maxage:"0"`
		Number   int                   `url:"${ISSUER}/busy" maxage:"0"`
	}
	l, issuer := newLab(t), site.New(t)
	t.Setenv("ISSUER", issuer.URL)
	l.Dynamo.CreateTable("busy", "pk")
	rotate := func(i int) {
		l.Secrets.PutString("busy/db", fmt.Sprintf(`{"user":"%d","password":"%d","padding":%q}`, i, i, strings.Repeat("x", i%7)))
		l.Dynamo.Put("busy", map[string]any{"pk": "a", "V": fmt.Sprint(i)})
		issuer.Put("/busy", fmt.Sprint(i))
	}
	rotate(0)
	read := reading(bind.Struct[login](secretcache.Tag, dynamocache.Tag, httpcache.Tag))
	var readers, rotation sync.WaitGroup
	stop := make(chan struct{})
	rotation.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			default:
				rotate(i)
			}
		}
	})
	newest := make([]int, 16)
	for i := range newest {
		readers.Go(func() {
			for range 20 {
				got := read(t)
				if got.User != got.Password || got.Whole.User != fmt.Sprint(got.User) || got.Row.V != got.Fields["V"] || got.Text != fmt.Sprint(got.Number) {
					t.Errorf("of several versions: %v", got)
				}
				if got.User < newest[i] {
					t.Errorf("back from version %d to %d", newest[i], got.User)
				}
				newest[i] = got.User
			}
		})
	}
	readers.Wait()
	close(stop)
	rotation.Wait()
	if n := l.Calls("GetSecretValue"); n > 16*20 {
		t.Errorf("%d calls for %d invocations", n, 16*20)
	}
}

func TestAllocationsOfAHit(t *testing.T) {
	filled(t)
	cfg := declared()
	h := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (int, error) {
		want(t, "value", len(cfg.Value(ctx).Hosts), 2)
		want(t, "allocations of Value", testing.AllocsPerRun(100, func() { _ = cfg.Value(ctx).Hosts }), 0)
		return 0, nil
	}, cfg)
	if _, err := h(t.Context(), struct{}{}); err != nil {
		t.Fatal(err)
	}
}

const secret = "s3cr3t"

// clumsy panics with what it was to decode.
type clumsy struct{}

func (*clumsy) UnmarshalText(text []byte) error { panic(string(text)) }

// Every field that has no value is in the error, with the field's name and type and
// without a byte of the value.
func TestErrorsNameTheFields(t *testing.T) {
	type wrong struct {
		Rate   int                `ssm:"/app/rate"`
		Hosts  []string           `ssm:"/app/hosts"`
		Clumsy clumsy             `ssm:"/app/clumsy"`
		Good   string             `ssm:"/app/good"`
		DB     struct{ Port int } `secret:"prod/db"`
		Inner  struct {
			Port int    `secret:"prod/db#Port"`
			None string `secret:"prod/db#none"`
		}
		Missing string `ssm:"/app/missing"`
	}
	l := newLab(t)
	for _, name := range []string{"rate", "hosts", "clumsy", "good"} {
		l.SSM.Put("/app/"+name, secret)
	}
	l.Secrets.PutString("prod/db", `{"Port":"`+secret+`"}`)
	_, err := bind.Struct[wrong](ssmcache.Tag, secretcache.Tag).Get(t.Context())
	texts := []string{
		`"wrong.Rate" from ssm /app/rate: cannot decode: not a valid int`,
		`"wrong.Hosts" from ssm /app/hosts: cannot decode: the parameter is a String, and only a StringList becomes a []string: declare string, or change the parameter`,
		`"wrong.Clumsy" from ssm /app/clumsy: cannot decode: the decoder into bind_test.clumsy panicked with a string`,
		`"wrong.DB" from secretsmanager prod/db: cannot decode: not JSON of a struct { Port int }: what ends at byte 16 is no int`,
		`"wrong.Inner.Port" from secretsmanager prod/db: cannot decode: not a valid int`,
		`"wrong.Inner.None" from secretsmanager prod/db: cannot decode: the secret's JSON has no value for the field "none"`,
		`"wrong.Missing" from ssm /app/missing: ParameterNotFound: there is no such parameter, version or label in this account and Region`,
	}
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != len(texts) {
		t.Fatalf("not %d failures: %v", len(texts), err)
	}
	for i, f := range failed.Failures {
		want(t, "failure", f.Error(), "load "+texts[i])
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			if strings.Contains(fmt.Sprintf(verb, f), secret) {
				t.Errorf("%s of the failure of %s shows a value", verb, f.Entry)
			}
		}
	}
}

// Two fields of one parameter and one type are loaded with one call for the key.
func TestFieldsOfOneKey(t *testing.T) {
	type twice struct {
		A, B string `ssm:"/app/a"`
		C    int    `ssm:"/app/a"`
	}
	l := newLab(t)
	l.SSM.Put("/app/a", "7")
	want(t, "value", reading(bind.Struct[twice](ssmcache.Tag))(t), twice{"7", "7", 7})
	want(t, "keys asked for", len(l.Requests()[0].Keys), 1)
	want(t, "calls", l.Calls(""), 1)
}

// Options of a source hold for its fields: each secret's rotation is asked for once.
func TestUntilRotationForEverySecret(t *testing.T) {
	type two struct {
		Key string `ssm:"/app/key"`
		A   string `secret:"a"`
		B   string `secret:"b"`
	}
	l := newLab(t)
	l.SSM.Put("/app/key", "k")
	l.Secrets.PutString("a", "a1")
	l.Secrets.PutString("b", "b1")
	read := reading(bind.Struct[two](ssmcache.Tag, secretcache.Tag, secretcache.UntilRotation()))
	want(t, "value", read(t), two{"k", "a1", "b1"})
	want(t, "DescribeSecret", l.Calls("DescribeSecret"), 2)
}

// A bound entry is fixed in a test as any other is.
func TestFixed(t *testing.T) {
	e := bind.Struct[plain](ssmcache.Tag)
	want(t, "name", e.Name(), "plain")
	want(t, "value", e.Value(cachetest.Context(t, cachetest.Fixed(e, plain{"k"}))), plain{"k"})
	want(t, "unnamed", bind.Struct[struct {
		Key string `ssm:"/app/key"`
	}](ssmcache.Tag).Name(), "struct")
}

// A pointer to the struct is one to a new struct whenever a field has changed.
func TestAPointerToTheStruct(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/key", "k1")
	e := bind.Struct[*plain](ssmcache.Tag)
	want(t, "name", e.Name(), "plain")
	read := reading(e)
	first := read(t)
	want(t, "the next one's", read(t), first)
	l.SSM.Put("/app/key", "k2")
	l.clock.Advance(lambdacache.DefaultMaxAge)
	want(t, "changed", *read(t), plain{"k2"})
	want(t, "what another invocation holds", *first, plain{"k1"})
}
