package httpcache_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// issuer stands in for an identity provider in the examples.
func issuer() (s *site.Site, stop func()) {
	testhook.Reset()
	s = site.Start()
	return s, func() {
		testhook.Reset()
		s.Close()
	}
}

func elevenMinutesLater() (restore func()) {
	now, passed := clock.Now(), int64(11*time.Minute)
	return clock.Replace(func() (mono, wall int64) { return now.Mono + passed, now.Wall + passed })
}

// The keys that tokens are signed with, as an identity provider publishes them. While
// it is down, the keys of before are good for another hour.
func Example() {
	provider, stop := issuer()
	defer stop()
	provider.Put("/.well-known/jwks.json", `{"keys":[{"kid":"2026-03","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)

	type Key struct{ Kid, Kty, Crv, X string }
	type KeySet struct{ Keys []Key }
	keys := httpcache.URL[KeySet](provider.URL+"/.well-known/jwks.json", // https://issuer.example.com/.well-known/jwks.json
		lambdacache.MaxAge(10*time.Minute),
		lambdacache.StaleIfError(time.Hour))

	handler := lambdacache.Wrap(func(ctx context.Context, kid string) (string, error) {
		for _, key := range keys.Value(ctx).Keys {
			if key.Kid == kid {
				return "verified with " + key.Crv, nil
			}
		}
		return "", fmt.Errorf("no key %q", kid)
	}, keys)

	fmt.Println(handler(context.Background(), "2026-03"))
	defer elevenMinutesLater()()
	provider.Remove("/.well-known/jwks.json")
	fmt.Println(handler(context.Background(), "2026-03")) // the provider is down
	fmt.Println(provider.Calls(), "requests")
	// Output:
	// verified with Ed25519 <nil>
	// verified with Ed25519 <nil>
	// 2 requests
}

func ExampleURL() {
	provider, stop := issuer()
	defer stop()
	provider.Put("/.well-known/openid-configuration", `{"issuer":"https://issuer.example.com","jwks_uri":"https://issuer.example.com/jwks.json"}`)

	type Discovery struct {
		Issuer string
		Keys   string `json:"jwks_uri"`
	}
	discovery := httpcache.URL[Discovery](provider.URL + "/.well-known/openid-configuration")

	d, err := discovery.Get(context.Background())
	fmt.Println(d.Issuer, d.Keys, err)
	// Output: https://issuer.example.com https://issuer.example.com/jwks.json <nil>
}

func ExampleURLFunc() {
	provider, stop := issuer()
	defer stop()
	provider.Put("/features", "dark-mode=on&limit=3")

	features := httpcache.URLFunc(provider.URL+"/features", func(body []byte) (url.Values, error) {
		return url.ParseQuery(string(body))
	})

	f, err := features.Get(context.Background())
	fmt.Println(f.Get("dark-mode"), f.Get("limit"), err)
	// Output: on 3 <nil>
}

func ExampleHeader() {
	provider, stop := issuer()
	defer stop()
	provider.Put("/token", "secret") // in earnest a secretcache.Secret
	provider.Put("/features", "on")

	token := httpcache.URL[string](provider.URL + "/token")
	features := httpcache.URL[string](provider.URL+"/features",
		httpcache.Header("Authorization", func(ctx context.Context) (string, error) {
			t, err := token.Get(ctx)
			return "Bearer " + t, err
		}))

	fmt.Println(features.Get(context.Background()))
	fmt.Println(provider.Last().Header.Get("Authorization"))
	// Output:
	// on <nil>
	// Bearer secret
}

func ExampleClient() {
	provider, stop := issuer()
	defer stop()
	provider.Put("/features", "on")

	slow := &http.Client{Timeout: 10 * time.Second} // for a server that thinks for long
	features := httpcache.URL[string](provider.URL+"/features", httpcache.Client(slow), lambdacache.LoadTimeout(30*time.Second))

	fmt.Println(features.Get(context.Background()))
	// Output: on <nil>
}

// The keys of each tenant's identity provider.
func ExampleFamily() {
	provider, stop := issuer()
	defer stop()
	provider.Put("/acme/discovery/keys", `{"keys":[{"kid":"2026-03"}]}`)

	type KeySet struct{ Keys []struct{ Kid string } }
	keys := httpcache.Family[KeySet](func(tenant string) string { return provider.URL + "/" + tenant + "/discovery/keys" })
	set, err := keys.Get(context.Background(), "acme")
	fmt.Println(set.Keys[0].Kid, err)
	// Output: 2026-03 <nil>
}
