package e2e

import (
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// The suite that every source passes against our own fake, against servers that
// others wrote.

// useServer points the default AWS configuration at a server.
func useServer(t testing.TB, endpoint, accessKey, secretKey string) {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", endpoint)
	t.Setenv("AWS_REGION", cachetest.Region)
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	t.Setenv("AWS_SESSION_TOKEN", "")
}

func TestConformanceOnMoto(t *testing.T) {
	moto := peers.Moto(t)
	useServer(t, moto.Endpoint, "any", "any")
	cfg := subject.Config(moto.Endpoint, "any", "any")
	t.Run("ssmcache", func(t *testing.T) { cachetest.Conformance(t, subject.SSM(cfg)) })
	t.Run("ssmcache.Path", func(t *testing.T) { cachetest.Conformance(t, subject.Paths(cfg)) })
	t.Run("secretcache", func(t *testing.T) { cachetest.Conformance(t, subject.Secrets(cfg)) })
	objects := subject.S3(t, cfg)
	t.Run("s3cache.Object", func(t *testing.T) { cachetest.Conformance(t, objects) })
	t.Run("s3cache.File", func(t *testing.T) { cachetest.Conformance(t, subject.Files(objects)) })
	t.Run("dynamocache", func(t *testing.T) { cachetest.Conformance(t, subject.Dynamo(t, cfg)) })
	t.Run("dynamocache with a sort key", func(t *testing.T) { cachetest.Conformance(t, subject.DynamoSorted(t, cfg)) })
}

func TestConformanceOnDynalite(t *testing.T) {
	dynalite := peers.Dynalite(t)
	useServer(t, dynalite.Endpoint, "any", "any")
	cfg := subject.Config(dynalite.Endpoint, "any", "any")
	t.Run("dynamocache", func(t *testing.T) { cachetest.Conformance(t, subject.Dynamo(t, cfg)) })
	t.Run("dynamocache with a sort key", func(t *testing.T) { cachetest.Conformance(t, subject.DynamoSorted(t, cfg)) })
}

func TestConformanceOnVersityGW(t *testing.T) {
	gw := peers.VersityGW(t)
	useServer(t, gw.Endpoint, gw.AccessKey, gw.SecretKey)
	objects := subject.S3(t, subject.Config(gw.Endpoint, gw.AccessKey, gw.SecretKey))
	t.Run("s3cache.Object", func(t *testing.T) { cachetest.Conformance(t, objects) })
	t.Run("s3cache.File", func(t *testing.T) { cachetest.Conformance(t, subject.Files(objects)) })
}

func TestConformanceOnServeStatic(t *testing.T) {
	for name, options := range map[string]peers.StaticOptions{
		"by ETag":          {ETag: true, MaxAge: "1h"},
		"by Last-Modified": {ETag: false, MaxAge: "1h"},
	} {
		s := peers.ServeStatic(t, options)
		t.Run("httpcache, "+name, func(t *testing.T) {
			cachetest.Conformance(t, subject.HTTP(s.Endpoint, s.Put, s.Remove))
		})
	}
}

func TestConformanceOnTheFake(t *testing.T) {
	for _, s := range subject.Sources {
		t.Run(s.Name, func(t *testing.T) { cachetest.Conformance(t, s.In(t, cachetest.NewAWS(t), subject.Place{})) })
	}
}
