package ssmcache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func TestConformance(t *testing.T) {
	aws := cachetest.NewAWS(t)
	s := subject.SSM(subject.Config(aws.URL(), "any", "any"))
	cachetest.Conformance(t, subject.OnFake(s, aws, "ssm:GetParameters", "GetParameters", "GetParameter"))
}

func TestConformanceOfPaths(t *testing.T) {
	aws := cachetest.NewAWS(t)
	s := subject.Paths(subject.Config(aws.URL(), "any", "any"))
	cachetest.Conformance(t, subject.OnFake(s, aws, "ssm:GetParametersByPath", "GetParametersByPath"))
}
