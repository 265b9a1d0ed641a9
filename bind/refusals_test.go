package bind_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// declares makes Struct of a T with all Tags.
func declares[T any](opts ...lambdacache.Option) func() {
	return func() {
		bind.Struct[T](append(opts, ssmcache.Tag, secretcache.Tag, s3cache.Tag, appconfigcache.Tag, dynamocache.Tag, httpcache.Tag)...)
	}
}

type (
	misspelled struct {
		Key string `smm:"/app/key"`
	}
	deep struct {
		DB struct {
			Inner misspelled
		}
	}
	lonely struct {
		Hosts []string `maxage:"5m"`
	}
	twoSources struct {
		Key string `ssm:"/app/key" secret:"prod/key"`
	}
	hidden struct {
		key string `ssm:"/app/key"`
	}
	inHidden struct {
		inner struct {
			DB struct {
				Key string `ssm:"/app/key"`
			}
		}
	}
	loop struct {
		Next *loop
		Key  string `ssm:"/app/key"`
	}
	behind  struct{ DB *loop }
	several struct{ DBs []plain }
	byName  struct{ DBs map[string]*plain }
	pair    struct{ DBs [2][]plain }
	pointed struct{ *loop }
	unset   struct {
		Key string `ssm:"/${BIND_TEST_UNSET}/key"`
	}
	unclosed struct {
		Key string `ssm:"/${STAGE/key"`
	}
	unnamed struct {
		Key string `ssm:"/${}/key"`
	}
	badAge struct {
		Key string `ssm:"/app/key" maxage:"5"`
	}
	negativeAge struct {
		Key string `ssm:"/app/key" maxage:"-5m"`
	}
	badStale struct {
		Key string `ssm:"/app/key" stale:"forever"`
	}
	noStale struct {
		Key string `ssm:"/app/key" stale:"0s"`
	}
	badAhead struct {
		Key string `ssm:"/app/key" ahead:"80%"`
	}
	allAhead struct {
		Key string `ssm:"/app/key" ahead:"1"`
	}
	badJitter struct {
		Key string `ssm:"/app/key" jitter:"2"`
	}
	contrary struct {
		Key string `ssm:"/app/key" maxage:"forever" stale:"1h"`
	}
	marked struct {
		Key string `bind:"no"`
	}
	anything struct {
		Key any `ssm:"/app/key"`
	}
	channel struct {
		Key chan int `secret:"prod/key"`
	}
	function struct {
		Key func() `s3:"s3://rules/rules.json"`
	}
	channels struct {
		Keys map[string][]chan int `ssm:"/app/key"`
	}
	fileByValue struct {
		Rules s3cache.LocalFile `s3:"s3://rules/rules.json"`
	}
	badParameter struct {
		Key string `ssm:"/app/"`
	}
	badSecret struct {
		Key string `secret:"prod/db?x"`
	}
	noSecretField struct {
		Key string `secret:"prod/db#"`
	}
	badObject struct {
		Key string `s3:"rules/rules.json"`
	}
	badFile struct {
		Key *s3cache.LocalFile `s3:"s3://rules"`
	}
	noConfiguration struct {
		Flags string `appconfig:"shop/flags"`
	}
	noProfile struct {
		Flags appconfigcache.FlagSet `appconfig:"shop/prod/"`
	}
	noItem struct {
		Tenant map[string]any `dynamo:"tenants"`
	}
	badItem struct {
		Tenant map[string]any `dynamo:"tenants?tenant#1"`
	}
	badTable struct {
		Tenant map[string]any `dynamo:"my tenants?pk=tenant#1"`
	}
	noKey struct {
		Tenant map[string]any `dynamo:"tenants?pk=\"\""`
	}
	threeKeys struct {
		Tenant map[string]any `dynamo:"tenants?a=1&b=2&c=3"`
	}
	sameKeys struct {
		Tenant map[string]any `dynamo:"tenants?pk=a&pk=b"`
	}
	noItemType struct {
		Plan string `dynamo:"tenants?pk=tenant#1"`
	}
	badURL struct {
		Keys string `url:"issuer.example.com/jwks.json"`
	}
	badURLType struct {
		Keys chan int `url:"https://issuer.example.com/jwks.json?key=k1"`
	}
	empty struct {
		Key string `json:"key"`
		At  time.Time
	}
	plain struct {
		Key string `ssm:"/app/key"`
	}
)

func TestRefusals(t *testing.T) {
	const known = "known: appconfig, dynamo, s3, secret, ssm, url"
	const key = `not a table and a key: write "tenants?pk=tenant#1" or "tenants?pk=tenant#1&sk=7"`
	foreign := lambdacache.NewOptionKind[int]("othercache.Option").With(1)
	_, _ = hidden{}.key, inHidden{}.inner
	for _, test := range []struct {
		declare func()
		panics  string
	}{
		{declares[misspelled](), `misspelled]: field Key: the tag smm is unknown (` + known + `): give bind.Struct the Tag of its source, or mark the field bind:"-"`},
		{declares[deep](), `deep]: field DB.Inner.Key: the tag smm is unknown (` + known + `): give bind.Struct the Tag of its source, or mark the field bind:"-"`},
		{
			func() { bind.Struct[twoSources](ssmcache.Tag) },
			`twoSources]: field Key: the tag secret is unknown (known: ssm): give bind.Struct the Tag of its source, or mark the field bind:"-"`,
		},
		{declares[marked](), `marked]: field Key: bind:"no" is unknown: write bind:"-" to leave the field out`},
		{declares[lonely](), `lonely]: field Hosts: maxage stands beside the tag of a source (` + known + `), and there is none`},
		{declares[twoSources](), `twoSources]: field Key: ssm and secret: a field has one source`},

		{declares[hidden](), `hidden]: field key: it is unexported, and nothing can set it: export it, or take its tag away`},
		{declares[inHidden](), `inHidden]: field inner: its field DB.Key has a tag, but cannot be set: export inner, or mark it bind:"-"`},
		{declares[behind](), `behind]: field DB: its field Key has a tag, but cannot be set: make DB a struct instead of a pointer, or mark it bind:"-"`},
		{declares[several](), `several]: field DBs: its field Key has a tag, but cannot be set: make DBs a struct instead of a slice, or mark it bind:"-"`},
		{declares[byName](), `byName]: field DBs: its field Key has a tag, but cannot be set: make DBs a struct instead of a map, or mark it bind:"-"`},
		{declares[pair](), `pair]: field DBs: its field Key has a tag, but cannot be set: make DBs a struct instead of an array, or mark it bind:"-"`},
		{declares[pointed](), `pointed]: field loop: its field Key has a tag, but cannot be set: make loop a struct instead of a pointer, or mark it bind:"-"`},

		{declares[unset](), `unset]: field Key: the environment variable BIND_TEST_UNSET is not set`},
		{declares[unclosed](), `unclosed]: field Key: "${STAGE/key": write ${NAME} for an environment variable`},
		{declares[unnamed](), `unnamed]: field Key: "${}/key": write ${NAME} for an environment variable`},

		{declares[badAge](), `badAge]: field Key: maxage:"5": not a duration: write "90s", "5m" or "1h30m"`},
		{declares[negativeAge](), `negativeAge]: field Key: maxage:"-5m": MaxAge(-5m0s): an age cannot be negative; write MaxAge(0) to load for every invocation`},
		{declares[badStale](), `badStale]: field Key: stale:"forever": not a duration: write "90s", "5m" or "1h30m"`},
		{declares[noStale](), `noStale]: field Key: stale:"0s": StaleIfError(0s): say how long past its max age a value may be served; leave the option out for not at all`},
		{declares[badAhead](), `badAhead]: field Key: ahead:"80%": not a fraction: write "0.25"`},
		{declares[allAhead](), `allAhead]: field Key: ahead:"1": RefreshAhead(1): write the part of the max age after which to load early, such as 0.8; leave the option out for never`},
		{declares[badJitter](), `badJitter]: field Key: jitter:"2": Jitter(2): write the most of the max age to take away, such as 0.25; leave the option out for nothing`},
		{declares[contrary](), `contrary]: field Key: the entry for "/app/key" from ssm: StaleIfError with MaxAge(Forever): nothing is ever due; leave one of them out`},

		{declares[anything](), `anything]: field Key: ssm:"/app/key": nothing can be decoded into a value of type interface {}: use a concrete type, such as string, []byte or a struct for JSON`},
		{declares[channel](), `channel]: field Key: secret:"prod/key": nothing can be decoded into a value of type chan int: use a concrete type, such as string, []byte or a struct for JSON`},
		{declares[function](), `function]: field Key: s3:"s3://rules/rules.json": nothing can be decoded into a value of type func(): use a concrete type, such as string, []byte or a struct for JSON`},
		{declares[channels](), `channels]: field Keys: ssm:"/app/key": nothing can be decoded into a value of type map[string][]chan int: use a concrete type, such as string, []byte or a struct for JSON`},
		{declares[fileByValue](), `fileByValue]: field Rules: s3:"s3://rules/rules.json": a file is kept for as long as its LocalFile is reached: declare *s3cache.LocalFile`},
		{declares[badParameter](), `badParameter]: field Key: ssmcache: parameter "/app/": a name does not end with a slash: name one parameter`},
		{declares[badSecret](), `badSecret]: field Key: secretcache: secret "prod/db?x": a name has letters, digits and /_+=.@!- only: write secretcache.Field for one field, secretcache.Stage for a stage`},
		{declares[noSecretField](), `noSecretField]: field Key: secret:"prod/db#": the field is empty: name one after the #, or leave the # out`},
		{declares[badObject](), `badObject]: field Key: s3cache.Object("rules/rules.json"): not the URI of an object: write "s3://bucket/key"`},
		{declares[badFile](), `badFile]: field Key: s3cache.File("s3://rules"): there is no key: write "s3://rules/key"`},

		{declares[noConfiguration](), `noConfiguration]: field Flags: appconfig:"shop/flags": write "application/environment/profile"`},
		{declares[noProfile](), `noProfile]: field Flags: appconfigcache.Configuration("shop", "prod", ""): the configuration profile is empty: write its name or id`},
		{declares[noItem](), `noItem]: field Tenant: dynamo:"tenants": ` + key},
		{declares[badItem](), `badItem]: field Tenant: dynamo:"tenants?tenant#1": ` + key},
		{declares[badTable](), `badTable]: field Tenant: dynamocache: table "my tenants": the name of a table has up to 255 letters, digits and the characters . - _ only`},
		{declares[noKey](), `noKey]: field Tenant: dynamocache.Key: attribute "pk": the value is empty, which that of a key cannot be`},
		{declares[threeKeys](), `threeKeys]: field Tenant: dynamocache.Key: attribute "a": a key has one or two attributes, each a name and a value: write dynamocache.Key("pk", "tenant#1", "sk", 7)`},
		{declares[sameKeys](), `sameKeys]: field Tenant: dynamocache.Key: attribute "pk": the partition key and the sort key have different names`},
		{declares[noItemType](), `noItemType]: field Plan: dynamo:"tenants?pk=tenant#1": an item cannot be decoded into a value of type string: use a struct or a map, or write dynamocache.ItemFunc`},
		{declares[badURL](), `badURL]: field Keys: httpcache.URL("issuer.example.com/jwks.json"): not the URL of a document: write "https://host/path"`},
		{declares[badURLType](), `badURLType]: field Keys: url:"https://issuer.example.com/jwks.json?key=…": nothing can be decoded into a value of type chan int: use a concrete type, such as string, []byte or a struct for JSON`},

		{declares[empty](), `empty]: no field has the tag of a source (` + known + `)`},
		{func() { bind.Struct[plain]() }, `plain]: it was given no Tag of a source, such as ssmcache.Tag`},
		{func() { bind.Struct[plain](lambdacache.MaxAge(0)) }, `plain]: it was given no Tag of a source, such as ssmcache.Tag`},
		{declares[plain](foreign), `plain]: options for every field: the entry for "plain" from func: othercache.Option is not an option of this source`},
		{declares[plain](secretcache.Stage("AWSPREVIOUS")), `plain]: options for every field: the entry for "plain" from func: secretcache.Stage is not an option of this source`},
		{
			declares[plain](httpcache.Header("Authorization", func(context.Context) (string, error) { return "", nil })),
			`plain]: options for every field: the entry for "plain" from func: httpcache.Header is not an option of this source`,
		},
		{
			func() { bind.Struct[badSecret](secretcache.Tag, ssmcache.Client(new(ssm.Client))) },
			`badSecret]: options for every field: the entry for "badSecret" from func: ssmcache.Client is not an option of this source`,
		},
	} {
		wantPanic(t, "lambdacache: bind.Struct[bind_test."+test.panics, test.declare)
	}
	wantPanic(t, "lambdacache: bind.Struct[string]: the type is not a struct, nor a pointer to one", declares[string]())
	wantPanic(t, "lambdacache: bind.Struct[**bind_test.plain]: the type is not a struct, nor a pointer to one", declares[**plain]())
	wantPanic(t, "lambdacache: bind.Struct[*bind_test.empty]: no field has the tag of a source ("+known+")", declares[*empty]())
	wantPanic(t, "lambdacache: bind.Struct[struct]: no field has the tag of a source ("+known+")", declares[struct{ Key string }]())
}

// A Tag is for Struct: a constructor of one entry has no use for it.
func TestATagIsNoOption(t *testing.T) {
	wantPanic(t, `lambdacache: the entry for "/app/key" from ssm: Tag (for bind.Struct) is not an option of this source`,
		func() { ssmcache.Parameter[string]("/app/key", ssmcache.Tag) })
}

// What is left out is not looked at.
func TestLeftOut(t *testing.T) {
	type config struct {
		Key   string `ssm:"/app/key" json:"key"`
		Other string `bind:"-" mine:"x"`
		Wrong string `ssm:"wrong wrong" bind:"-"`
		Deep  deep   `bind:"-"`
		inner hidden `bind:"-"`
		Loop  *loop  `bind:"-"`
		Also  *time.Location
	}
	_ = config{}.inner
	bind.Struct[config](ssmcache.Tag)
}
