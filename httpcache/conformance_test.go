package httpcache_test

import (
	"net/http"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func TestConformance(t *testing.T) {
	t.Run("http of this machine", func(t *testing.T) { cachetest.Conformance(t, subject.OnSite(site.New(t), http.StatusForbidden)) })
	t.Run("https", func(t *testing.T) {
		s := site.NewTLS(t)
		cachetest.Conformance(t, subject.OnSite(s, http.StatusUnauthorized, httpcache.Client(s.Client())))
	})
}
