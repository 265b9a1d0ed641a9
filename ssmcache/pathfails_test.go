package ssmcache_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// What is denied by name is read by path all the same; what is denied is the path.
func TestDeniedPath(t *testing.T) {
	l := newLab(t)
	l.SSM.PutSecure("/app/key", secret)
	e := ssmcache.Path[ssmcache.Set]("/app/")
	for _, action := range []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"} {
		l.Deny(action, "/app/key")
	}
	want(t, "value", get(t, e).Text("key"), secret)
	version := e.Version()

	l.Deny("ssm:GetParametersByPath", "/app")
	l.due()
	err := fails(t, e, `lambdacache: load "app" from ssm /app/: GetParametersByPath: AccessDeniedException: `,
		"; allow ssm:GetParametersByPath on arn:aws:ssm:*:*:parameter/app, or kms:Decrypt on its key")
	denied, ok := errors.AsType[*lambdacache.DeniedError](err)
	want(t, "DeniedError", ok && denied.Action == "ssm:GetParametersByPath" && denied.Resource == "arn:aws:ssm:*:*:parameter/app", true)
	api, ok := errors.AsType[smithy.APIError](err)
	want(t, "the service's error", ok && api.ErrorCode() == "AccessDeniedException", true)
	want(t, "age and version of the old value", e.Stats().Age == lambdacache.DefaultMaxAge && e.Version() == version, true)
	want(t, "calls: nothing is tried alone", l.Calls(""), 2)
	l.Allow("ssm:GetParametersByPath", "/app")
	want(t, "value afterwards", get(t, e).Text("key"), secret)

	l.Deny("ssm:GetParametersByPath", "/")
	fails(t, ssmcache.Path[ssmcache.Set]("/"), `load "/" from ssm: `, "allow ssm:GetParametersByPath on arn:aws:ssm:*:*:parameter/, or")
}

// A key that may not be used is told with the action that it needs.
func TestPathWithADeniedKey(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", secret)
	l.SSM.PutSecure("/app/b", secret)
	l.Deny("kms:Decrypt", "/app/b")
	err := fails(t, ssmcache.Path[ssmcache.Set]("/app/"), "kms:Decrypt")
	want(t, "ErrDenied", errors.Is(err, lambdacache.ErrDenied), true)
}

// A page that fails fails the load, and the old set stays as it was.
func TestPathThatFailsHalfWay(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	l := newLab(t)
	for i := range 25 {
		l.SSM.Put(fmt.Sprintf("/half/p%02d", i), secret)
	}
	e := ssmcache.Path[ssmcache.Set]("/half/") // in no other test: a load feeds every entry of its path
	get(t, e)
	version := e.Version()
	l.SSM.Put("/half/p00", secret+"2")
	l.due()
	l.ResetCounts()
	heal := l.Fail(cachetest.Fault{Operation: "GetParametersByPath", After: 2, Do: cachetest.Throttle()})
	err := fails(t, e, `load "half" from ssm /half/: GetParametersByPath: ThrottlingException: `)
	want(t, "ErrThrottled", errors.Is(err, lambdacache.ErrThrottled), true)
	want(t, "calls", l.Calls(""), 3)
	want(t, "calls as the source counts them", l.of(lambdacache.EventFailed)[0].Calls, 3)
	want(t, "version", e.Version(), version)
	heal()
	want(t, "value afterwards", get(t, e).Text("p00"), secret+"2")
}

// An answer whose pages have no end is given up, not followed for as long as a load may
// take.
func TestPathWhosePagesHaveNoEnd(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Do: answer(200, `{"Parameters":[{"Name":"/endless/a","Value":"`+secret+`","Type":"String","Version":1}],"NextToken":"again"}`)})
	fails(t, ssmcache.Path[ssmcache.Set]("/endless/"), "GetParametersByPath gives the same NextToken again and again")
	want(t, "calls", l.Calls(""), 2)
	want(t, "calls as the source counts them", l.of(lambdacache.EventFailed)[0].Calls, 2)
}

// Pages may also go round in a circle.
func TestPathWhosePagesGoRound(t *testing.T) {
	l := newLab(t)
	calls := 0
	l.Fail(cachetest.Fault{Do: func(http.Handler) http.Handler {
		calls++
		return answer(200, fmt.Sprintf(`{"Parameters":[],"NextToken":"page %d"}`, calls%3))(nil)
	}})
	fails(t, ssmcache.Path[ssmcache.Set]("/round/"), "GetParametersByPath gives the same NextToken again and again")
	want(t, "calls", l.Calls(""), 4)
}

// A parameter always has a value. One that comes without is not an empty one.
func TestPathWithAParameterWithoutAValue(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/valued/a", "1")
	e := ssmcache.Path[ssmcache.Set]("/valued/")
	get(t, e)
	for _, value := range []string{"", `,"Value":null`, `,"Value":""`} {
		heal := l.Fail(cachetest.Fault{Do: answer(200, `{"Parameters":[{"Name":"/valued/a","Type":"String","Version":2`+value+`}]}`)})
		l.due()
		fails(t, e, "the parameter /valued/a has no value")
		heal()
	}
	l.due()
	want(t, "value afterwards", shown(get(t, e)), "a=1")
}

// An answer that says nothing must not pass for one that says there is nothing.
func TestPathWithoutAList(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/listed/a", "1")
	e := ssmcache.Path[ssmcache.Set]("/listed/")
	get(t, e)
	for _, body := range []string{"", "{}", `{"NextToken":""}`} {
		heal := l.Fail(cachetest.Fault{Do: answer(200, body)})
		l.due()
		fails(t, e, "the answer to GetParametersByPath has no list of parameters")
		heal()
	}
	want(t, "value afterwards", shown(get(t, e)), "a=1")
	l.Fail(cachetest.Fault{Do: answer(200, `{"Parameters":[]}`)})
	l.due()
	want(t, "an empty list", shown(get(t, e)), "")
	l.Fail(cachetest.Fault{Times: 1, Do: answer(200, `{"NextToken":"page-0"}`)})
	l.due()
	want(t, "a first page without a list", shown(get(t, e)), "")
}

// "x" and "/x" may both be there, and are one at the root.
func TestPathWithTwoParametersOfOneRelativeName(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/rooted/x", secret)
	heal := l.Fail(cachetest.Fault{Do: answer(200, `{"Parameters":[{"Name":"x","Value":"`+secret+`","Version":1},{"Name":"/x","Value":"`+secret+`","Version":1}]}`)})
	e := ssmcache.Path[ssmcache.Set]("/")
	fails(t, e, "the parameters x and /x are one with the same relative name: declare a longer path")
	heal()
	want(t, "names without a slash", get(t, e).Has("rooted/x"), true)
	l.Fail(cachetest.Fault{Do: answer(200, `{"Parameters":[{"Name":"x","Value":"v","Version":1},{"Version":2,"Value":"nameless"},{"Name":"/","Value":"v"}]}`)})
	l.due()
	want(t, "a name without a slash, and what is none", shown(get(t, e)), "x=v")
}

// What an answer holds beside the path is nothing of it.
func TestPathTakesWhatIsBelowIt(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Do: answer(200, `{"Parameters":[{"Name":"/app/a","Value":"1"},{"Name":"/apple","Value":"2"},{"Name":"/app/","Value":"3"},{"Name":"app/b","Value":"4"}]}`)})
	want(t, "values", shown(get(t, ssmcache.Path[ssmcache.Set]("/app/"))), "a=1")
}

// Of two versions of a parameter the newer one counts, also where it comes first.
func TestPathTakesTheNewerVersion(t *testing.T) {
	for _, list := range []string{
		`{"Name":"/twice/a","Value":"new","Version":2},{"Name":"/twice/a","Value":"old","Version":1}`,
		`{"Name":"/twice/a","Value":"old","Version":1},{"Name":"/twice/a","Value":"new","Version":2}`,
	} {
		l := newLab(t)
		l.Fail(cachetest.Fault{Do: answer(200, `{"Parameters":[`+list+`]}`)})
		want(t, "values", shown(get(t, ssmcache.Path[ssmcache.Set]("/twice/"))), "a=new")
	}
}

func TestPathWithALoadTimeout(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Do: cachetest.Hang()})
	e := ssmcache.Path[ssmcache.Set]("/hung/path", lambdacache.LoadTimeout(50*time.Millisecond))
	err := fails(t, e, `lambdacache: load "path" from ssm /hung/path/: no answer within 50ms (lambdacache.LoadTimeout): GetParametersByPath: `)
	want(t, "DeadlineExceeded", errors.Is(err, context.DeadlineExceeded), true)
	l.WaitIdle()
}

func TestPathWithAClientOfItsOwn(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", "1")
	l.SSM.In(cachetest.Account, "eu-west-1").Put("/app/a", "1")
	cfg := subject.Config(l.URL(), "any", "any")
	cfg.Region = "eu-west-1"
	e := ssmcache.Path[ssmcache.Set]("/app/", ssmcache.Client(ssm.NewFromConfig(cfg)))
	l.prefetch(e, ssmcache.Path[ssmcache.Set]("/app/"))
	want(t, "values", shown(get(t, e)), "a=1")
	var regions []string
	for _, r := range l.Requests() {
		regions = append(regions, r.Region)
	}
	if text := strings.Join(regions, " "); len(regions) != 2 || !strings.Contains(text, "eu-west-1") || !strings.Contains(text, cachetest.Region) {
		t.Errorf("requests in %s", text)
	}
}
