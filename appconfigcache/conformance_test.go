package appconfigcache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func TestConformance(t *testing.T) {
	aws := cachetest.NewAWS(t)
	cachetest.Conformance(t, subject.OnFake(subject.AppConfig(aws.AppConfig), aws,
		"appconfig:GetLatestConfiguration", "StartConfigurationSession", "GetLatestConfiguration"))
}
