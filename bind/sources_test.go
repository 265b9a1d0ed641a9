package bind_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/site"
)

type tenant struct {
	Plan string                    `dynamodbav:"plan"`
	Pin  lambdacache.Redacted[int] `dynamodbav:"pin"`
}

// elsewhere is read from the sources that came last.
type elsewhere struct {
	Flags  appconfigcache.FlagSet  `appconfig:"shop/${STAGE}/sources-flags" maxage:"5m"`
	Also   *appconfigcache.FlagSet `appconfig:"shop/${STAGE}/sources-flags" maxage:"5m"`
	Limits map[string]int          `appconfig:"shop/${STAGE}/sources-limits" maxage:"5m"`
	Body   []byte                  `appconfig:"shop/${STAGE}/sources-limits" maxage:"5m"`
	Inner  struct {
		Tenant tenant          `dynamo:"tenants?pk=tenant#${TENANT}&sk=7"`
		Same   *tenant         `dynamo:"tenants?sk=7&pk=\"tenant#${TENANT}\""`
		Strong map[string]any  `dynamo:"tenants?pk=tenant#${TENANT}&sk=7&consistent"`
		Digits tenant          `dynamo:"digits?pk=\"${TENANT}\""`
		Bytes  tenant          `dynamo:"bytes?pk=base64:AP8="`
		Keys   struct{ N int } `url:"${ISSUER}/sources/jwks.json?key=k1" maxage:"10m"`
	}
}

func TestEverySourceFillsAField(t *testing.T) {
	l, issuer := newLab(t), site.New(t)
	for name, value := range map[string]string{"STAGE": "prod", "TENANT": "1", "ISSUER": issuer.URL} {
		t.Setenv(name, value)
	}
	l.AppConfig.Put("shop", "prod", "sources-flags", `{"dark":{"enabled":true,"share":0.5}}`)
	l.AppConfig.Put("shop", "prod", "sources-limits", `{"a":1}`)
	l.Dynamo.CreateTable("tenants", "pk", "sk:N")
	l.Dynamo.CreateTable("digits", "pk")
	l.Dynamo.CreateTable("bytes", "pk:B")
	l.Dynamo.Put("tenants", map[string]any{"pk": "tenant#1", "sk": 7, "plan": "gold", "pin": 1234})
	l.Dynamo.Put("digits", map[string]any{"pk": "1", "plan": "digits"})
	l.Dynamo.Put("bytes", map[string]any{"pk": []byte{0, 255}, "plan": "bytes"})
	issuer.Put("/sources/jwks.json", `{"N":1}`)

	read := reading(bind.Struct[elsewhere](appconfigcache.Tag, dynamocache.Tag, httpcache.Tag))
	v := read(t)
	want(t, "Flags", v.Flags.Enabled("dark"), true)
	want(t, "attribute", appconfigcache.Attribute(v.Flags, "dark", "share", 1.0), 0.5)
	want(t, "Also", v.Also.Enabled("dark"), true)
	want(t, "Limits", v.Limits["a"], 1)
	want(t, "Body", string(v.Body), `{"a":1}`)
	want(t, "Tenant", v.Inner.Tenant.Plan, "gold")
	want(t, "Tenant's pin", v.Inner.Tenant.Pin.Reveal(), 1234)
	want(t, "Same", v.Inner.Same.Pin.Reveal(), 1234)
	want(t, "Strong", v.Inner.Strong["plan"], any("gold"))
	want(t, "Digits", v.Inner.Digits.Plan, "digits")
	want(t, "Bytes", v.Inner.Bytes.Plan, "bytes")
	want(t, "Keys", v.Inner.Keys.N, 1)
	asked := func() string {
		var calls []string
		for _, r := range l.Requests() {
			calls = append(calls, r.Operation+" "+strings.Join(slices.Sorted(slices.Values(r.Keys)), ","))
		}
		slices.Sort(calls)
		l.ResetCounts()
		return strings.Join(calls, "; ")
	}
	const items = `BatchGetItem bytes?pk=base64:AP8=,digits?pk="1",tenants?pk=tenant#1&sk=7; GetItem tenants?pk=tenant#1&sk=7`
	want(t, "first", asked(), items+"; GetLatestConfiguration shop/prod/sources-flags; GetLatestConfiguration shop/prod/sources-limits"+
		"; StartConfigurationSession shop/prod/sources-flags; StartConfigurationSession shop/prod/sources-limits")
	want(t, "documents", issuer.Calls(), 1)
	l.clock.Advance(time.Minute)
	read(t)
	want(t, "a minute later", asked(), items)
	want(t, "documents", issuer.Calls(), 1)
}

// Options of these sources hold for their fields, and a field's error names it.
func TestOptionsOfEverySource(t *testing.T) {
	type lacking struct {
		A, B  tenant                 `dynamo:"nowhere?pk=1"`
		Flags appconfigcache.FlagSet `appconfig:"a%2Fb/prod/100%25"`
		Wrong appconfigcache.FlagSet `appconfig:"shop/prod/lacking-flags"`
		Doc   string                 `url:"${ISSUER}/lacking?key=${SECRET}"`
	}
	l, issuer := newLab(t), site.New(t)
	t.Setenv("ISSUER", issuer.URL)
	t.Setenv("SECRET", secret)
	issuer.Put("/lacking", "too long")
	l.AppConfig.Put("shop", "prod", "lacking-flags", `{"dark":"`+secret+`"}`)
	e := bind.Struct[lacking](appconfigcache.Tag, dynamocache.Tag, httpcache.Tag, dynamocache.Consistent(), httpcache.SizeLimit(3))
	_, err := e.Get(t.Context())
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	texts := []string{
		`"lacking.A" from dynamodb nowhere?pk=1&consistent: GetItem: ResourceNotFoundException`,
		`"lacking.B" from dynamodb nowhere?pk=1&consistent: GetItem: ResourceNotFoundException`,
		`"lacking.Flags" from appconfig a%2Fb/prod/100%25: StartConfigurationSession: ResourceNotFoundException`,
		`"lacking.Wrong" from appconfig shop/prod/lacking-flags: cannot decode: not JSON of a appconfigcache.flags: what ends at byte `,
		`"lacking.Doc" from http ` + issuer.URL + "/lacking?key=…: the document has 8 bytes, and the limit is 3: set httpcache.SizeLimit",
	}
	if failed == nil || len(failed.Failures) != len(texts) {
		t.Fatalf("not %d failures: %v", len(texts), err)
	}
	for i, f := range failed.Failures {
		if !strings.HasPrefix(f.Error(), "load "+texts[i]) {
			t.Errorf("failure\n%s\nwant\n%s", f, texts[i])
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", f, f, f), secret) {
			t.Errorf("the failure of %s shows a value", f.Entry)
		}
	}
}
