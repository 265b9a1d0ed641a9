package e2e

import (
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// The suite that every source passes against our own fake, against servers that
// others wrote.

func environment(t *testing.T, endpoint, accessKey, secretKey string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": cachetest.Region,
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
}

func TestMoto(t *testing.T) {
	moto := peers.Moto(t)
	environment(t, moto.Endpoint, "any", "any")
	cfg := subject.Config(moto.Endpoint, "any", "any")
	for name, s := range map[string]cachetest.Subject{
		"ssm":            subject.SSM(cfg),
		"secretsmanager": subject.Secrets(cfg),
	} {
		t.Run(name, func(t *testing.T) { cachetest.Conformance(t, s) })
	}
}
