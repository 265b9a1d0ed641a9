package dynamocache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func TestConformance(t *testing.T) {
	aws := cachetest.NewAWS(t)
	cfg := subject.Config(aws.URL(), "any", "any")
	cachetest.Conformance(t, subject.DynamoOnFake(subject.Dynamo(t, cfg), aws))
}

func TestConformanceWithASortKey(t *testing.T) {
	aws := cachetest.NewAWS(t)
	cfg := subject.Config(aws.URL(), "any", "any")
	cachetest.Conformance(t, subject.DynamoOnFake(subject.DynamoSorted(t, cfg), aws))
}
