package bind_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

type row struct{ V string }

// The fields of many, one struct for each service.
type (
	parameters struct {
		A string        `ssm:"/many/a"`
		B string        `ssm:"/many/b"`
		C string        `ssm:"/many/c"`
		D string        `ssm:"/many/d"`
		E []string      `ssm:"/many/hosts"`
		F int           `ssm:"/many/number"`
		G float64       `ssm:"/many/number"`
		H time.Duration `ssm:"/many/pause"`
		I bool          `ssm:"/many/bool"`
		J []byte        `ssm:"/many/a"`
	}
	secrets struct {
		DB       DB                           `secret:"many/db"`
		User     string                       `secret:"many/db#user"`
		Password lambdacache.Redacted[string] `secret:"many/db#password"`
		Token    string                       `secret:"many/token"`
		Key      []byte                       `secret:"many/key"`
	}
	objects struct {
		Text  string         `s3:"s3://many/text.txt"`
		Table map[string]int `s3:"s3://many/table.json"`
		Blob  []byte         `s3:"s3://many/blob"`
	}
	configurations struct {
		Flags  appconfigcache.FlagSet `appconfig:"many/prod/flags"`
		Limits map[string]int         `appconfig:"many/prod/limits"`
		Body   []byte                 `appconfig:"many/prod/limits"`
	}
	items struct {
		A row            `dynamo:"many?pk=a"`
		B row            `dynamo:"many?pk=b"`
		C *row           `dynamo:"many?pk=c"`
		D map[string]any `dynamo:"others?pk=d"`
	}
	// many has 25 fields of five services.
	many struct {
		Parameters parameters
		Secrets    secrets
		Objects    objects
		Configs    configurations
		Items      items
	}
)

func manyFields() *lambdacache.Entry[many] {
	return bind.Struct[many](ssmcache.Tag, secretcache.Tag, s3cache.Tag, appconfigcache.Tag, dynamocache.Tag)
}

// fillMany puts what many names into a fake AWS.
func fillMany(aws *cachetest.AWS) {
	for _, name := range []string{"a", "b", "c", "d"} {
		aws.SSM.Put("/many/"+name, name)
	}
	aws.SSM.PutList("/many/hosts", "h1", "h2")
	aws.SSM.Put("/many/number", "7")
	aws.SSM.Put("/many/pause", "1m")
	aws.SSM.Put("/many/bool", "true")
	aws.Secrets.PutString("many/db", `{"User":"u","user":"u","password":"p"}`)
	aws.Secrets.PutString("many/token", "t")
	aws.Secrets.PutBinary("many/key", []byte{0, 255})
	aws.S3.CreateBucket("many")
	aws.S3.Put("many", "text.txt", []byte("text"))
	aws.S3.Put("many", "table.json", []byte(`{"a":1}`))
	aws.S3.Put("many", "blob", []byte("blob"))
	aws.AppConfig.Put("many", "prod", "flags", `{"dark":{"enabled":true}}`)
	aws.AppConfig.Put("many", "prod", "limits", `{"a":1}`)
	aws.Dynamo.CreateTable("many", "pk")
	aws.Dynamo.CreateTable("others", "pk")
	for _, pk := range []string{"a", "b", "c"} {
		aws.Dynamo.Put("many", map[string]any{"pk": pk, "V": pk})
	}
	aws.Dynamo.Put("others", map[string]any{"pk": "d", "V": "d"})
}

// asOne are the calls of an invocation in which all of many is due. They come in one
// round; only a session of AppConfig needs to be opened before it is asked.
var asOne = map[string]int{"GetParameters": 1, "BatchGetSecretValue": 1, "GetObject": 3, "GetLatestConfiguration": 2, "BatchGetItem": 1}

// TestManyFieldsInOneRound ends only if the calls to all services are in flight at once:
// none is answered before all have come.
func TestManyFieldsInOneRound(t *testing.T) {
	l := newLab(t)
	fillMany(l.AWS)
	e := manyFields()
	read := reading(e)
	var got many
	round := func(sessions int) {
		l.ResetCounts()
		gates, total := make(map[string]*cachetest.Gate), sessions
		for operation := range asOne {
			gates[operation] = l.Hold(operation)
		}
		var invocation sync.WaitGroup
		invocation.Go(func() { got = read(t) })
		for operation, calls := range asOne {
			gates[operation].Wait(calls)
			total += calls
		}
		for _, gate := range gates {
			gate.Release()
		}
		invocation.Wait()
		want(t, "StartConfigurationSession", l.Calls("StartConfigurationSession"), sessions)
		want(t, "calls", l.Calls(""), total)
	}
	round(2)
	const all = "{Parameters:{A:a B:b C:c D:d E:[h1 h2] F:7 G:7 H:1m0s I:true J:[97]}" +
		" Secrets:{DB:{User:u Password:p} User:u Password:[redacted] Token:t Key:[0 255]}" +
		" Objects:{Text:text Table:map[a:1] Blob:[98 108 111 98]}" +
		" Configs:{Flags:[redacted] Limits:map[a:1] Body:[123 34 97 34 58 49 125]}" +
		" Items:{A:{V:a} B:{V:b} C:<nil> D:map[V:d pk:d]}}"
	want(t, "behind a pointer", *got.Items.C, row{"c"})
	got.Items.C = nil
	want(t, "all fields", fmt.Sprintf("%+v", got), all)
	want(t, "flag", got.Configs.Flags.Enabled("dark"), true)
	want(t, "password", got.Secrets.Password.Reveal(), "p")

	l.ResetCounts()
	read(t)
	want(t, "calls of the next invocation", l.Calls(""), 0)
	l.clock.Advance(lambdacache.DefaultMaxAge)
	round(0)

	h := lambdacache.Wrap(func(ctx context.Context, _ int) (int, error) {
		want(t, "allocations of Value", testing.AllocsPerRun(100, func() { _ = e.Value(ctx).Parameters.F }), 0)
		return 0, nil
	}, e)
	if _, err := h(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}
