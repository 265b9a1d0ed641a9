package s3cache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func TestConformance(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	aws := cachetest.NewAWS(t)
	objects := subject.OnFake(subject.S3(t, subject.Config(aws.URL(), "any", "any")), aws, "s3:GetObject", "GetObject")
	t.Run("Object", func(t *testing.T) { cachetest.Conformance(t, objects) })
	t.Run("File", func(t *testing.T) { cachetest.Conformance(t, subject.Files(objects)) })
}
