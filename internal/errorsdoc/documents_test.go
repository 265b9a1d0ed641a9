package errorsdoc_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/site"
)

// documents are the errors of httpcache. A site stands in for the server; AWS is there and
// not asked.
func documents() []loading {
	const query = "?token=" + goodValue // a secret as well
	document := func(heading, path string, good string, bad func(*site.Site), opts ...lambdacache.Option) loading {
		var s *site.Site
		return loading{
			heading: heading,
			setup:   func(t *testing.T) { s = site.New(t) },
			good:    func(*cachetest.AWS) { s.Heal(); s.Put(path, good) },
			bad:     func(*cachetest.AWS) { bad(s) },
			declare: func() probe {
				return probing(func(more ...lambdacache.Option) *lambdacache.Entry[string] {
					return httpcache.URL[string](s.URL+path+query, append(more, opts...)...)
				})
			},
			values: []string{badValue},
		}
	}
	all := func(do func(http.Handler) http.Handler) func(*site.Site) { return func(s *site.Site) { s.Fail(0, do) } }
	value := goodValue
	return []loading{
		document("A document that does not exist", "/missing/jwks.json", goodValue, func(s *site.Site) { s.Remove("/missing/jwks.json") }),
		document("A document that may not be read", "/denied/jwks.json", goodValue, all(site.Answer(401, badValue))),
		document("A document that may not be read with the credentials given", "/refused/jwks.json", goodValue, all(site.Answer(403, badValue)),
			httpcache.Header("Authorization", func(context.Context) (string, error) { return "Bearer " + goodValue, nil })),
		document("A header whose value cannot be sent", "/header/jwks.json", goodValue, func(*site.Site) { value = goodValue + "\n" },
			httpcache.Header("Authorization", func(context.Context) (v string, err error) { v, value = value, goodValue; return v, nil })),
		document("A server that is asked too often", "/throttled/jwks.json", goodValue, all(site.Answer(429, badValue, "Retry-After", "30"))),
		document("A server that is out of order", "/broken/jwks.json", goodValue, all(site.Answer(500, badValue))),
		document("A server that hangs up", "/dropped/jwks.json", goodValue, all(cachetest.DropConnection())),
		document("A server that does not speak HTTP", "/raw/jwks.json", goodValue, all(site.Raw(badValue+"\r\n\r\n"))),
		document("An answer that is no document", "/empty/jwks.json", goodValue, all(site.Answer(204, ""))),
		document("A document that breaks off", "/cut/jwks.json", goodValue, func(s *site.Site) {
			s.Put("/cut/jwks.json", strings.Repeat(badValue, 1000))
			s.Fail(0, cachetest.TruncateBody(7000))
		}),
		document("A document that comes compressed", "/compressed/jwks.json", goodValue, all(site.Answer(200, badValue, "Content-Encoding", "br"))),
		document("A document that is too large", "/large/jwks.json", goodValue, func(s *site.Site) {
			s.Put("/large/jwks.json", strings.Repeat(badValue, 100_000))
		}),
		document("A redirect to what is not https", "/moved/jwks.json", goodValue, all(site.Answer(302, "", "Location", "http://issuer.example.com/jwks.json"+query))),
		document("Redirects without an end", "/circle/jwks.json", goodValue, all(site.Answer(302, "", "Location", "/circle/jwks.json"))),
	}
}
