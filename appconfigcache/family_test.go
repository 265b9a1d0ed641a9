package appconfigcache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
)

func flagsOf(tenant string) (application, environment, profile string) { return "shop", "prod", tenant }

// Each key has a session, which ends when the key has to make room.
func TestFamily(t *testing.T) {
	l := newLab(t)
	for _, tenant := range []string{"acme", "umbrella"} {
		l.AppConfig.Put("shop", "prod", tenant, `{"dark":{"enabled":true}}`)
	}
	flags := appconfigcache.Family[appconfigcache.FlagSet](flagsOf, lambdacache.MaxEntries(1))
	read := func(tenant string) {
		t.Helper()
		f, err := flags.Get(t.Context(), tenant)
		if err != nil || !f.Enabled("dark") {
			t.Error(err)
		}
	}
	read("acme")
	l.due()
	read("acme")
	want(t, "sessions", l.Calls("StartConfigurationSession"), 1)
	want(t, "polls", l.Calls("GetLatestConfiguration"), 2)
	read("umbrella")
	l.due() // a session that is kept could be asked again
	read("acme")
	want(t, "sessions", l.Calls("StartConfigurationSession"), 3)
	_, err := flags.Get(t.Context(), " acme")
	wantError(t, err, `load "appconfig" from appconfig  acme: "shop", "prod", " acme": the configuration profile begins or ends with white space`)
	wantPanic(t, "lambdacache: appconfigcache.Family: the function for the names is nil", func() { appconfigcache.Family[int, string](nil) })
}
