package secretcache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func TestConformance(t *testing.T) {
	aws := cachetest.NewAWS(t)
	s := subject.Secrets(subject.Config(aws.URL(), "any", "any"))
	cachetest.Conformance(t, subject.OnFake(s, aws, "secretsmanager:GetSecretValue", "GetSecretValue", "BatchGetSecretValue"))
}
