package cachetest

import (
	"os"
	"strings"
	"testing"
)

// misleading are the variables that would take a client past AWS_ENDPOINT_URL and
// the credentials of the fake.
var misleading = []string{
	"AWS_PROFILE",
	"AWS_DEFAULT_PROFILE",
	"AWS_ENDPOINT_URL_SSM",
	"AWS_ENDPOINT_URL_SECRETS_MANAGER",
	"AWS_ENDPOINT_URL_S3",
	"AWS_ENDPOINT_URL_APPCONFIGDATA",
	"AWS_ENDPOINT_URL_STS",
	"AWS_ENDPOINT_URL_DYNAMODB",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
	"AWS_USE_FIPS_ENDPOINT",
	"AWS_USE_DUALSTACK_ENDPOINT",
	"AWS_CA_BUNDLE",
}

func (a *AWS) setenv(t testing.TB) {
	t.Helper()
	for _, name := range misleading {
		unsetenv(t, name)
	}
	for _, kv := range a.Env() {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
}

// unsetenv removes a variable until the test ends. An empty one is not the same to
// every client: some look for a profile without a name.
func unsetenv(t testing.TB, name string) {
	t.Helper()
	t.Setenv(name, "") // remembers the old state and restores it
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}
