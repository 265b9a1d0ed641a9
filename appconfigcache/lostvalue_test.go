package appconfigcache

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// A load may end when its answer has come and its value is not yet kept. Who asks again
// within the poll interval has an older body than the session, and "too early" must not
// pass for "unchanged".
func TestValueThatNobodyKept(t *testing.T) {
	l := testlab.New(t)
	l.AppConfig.Put("app", "prod", "flags", "v1")
	cfg, err := awsconfig.Default("appconfigcache")
	if err != nil {
		t.Fatal(err)
	}
	client := appconfigdata.NewFromConfig(cfg)
	s := newSource(func() (any, error) { return client, nil })
	req := lambdacache.Request{Key: "app/prod/flags", MaxAge: time.Minute}
	req.Have = s.load(t.Context(), req).Version
	l.AppConfig.Put("app", "prod", "flags", "v2")
	l.Clock.Advance(minPollInterval)
	s.load(t.Context(), req)
	again := s.load(t.Context(), req)
	testlab.Want(t, "error", again.Err, nil)
	testlab.Want(t, "unchanged", again.Unchanged, false)
	testlab.Want(t, "value", string(again.Value), "v2")
}
