package faults

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/site"
)

// services are what the sources load from.
type services struct {
	*cachetest.AWS
	site *site.Site // nil where only AWS is asked
}

// newAWS is a fake AWS with the table of the items.
func newAWS(t *testing.T) *services {
	t.Helper()
	fake := cachetest.NewAWS(t)
	fake.Dynamo.CreateTable(table, "pk")
	return &services{AWS: fake}
}

// newServices has a site as well, which httpcache's own client trusts.
func newServices(t *testing.T) *services {
	t.Helper()
	s := newAWS(t)
	s.site = site.NewTLS(t)
	file := filepath.Join(t.TempDir(), "roots.pem")
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.site.Certificate().Raw})
	if err := os.WriteFile(file, roots, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file) // read once, when the process first trusts somebody
	return s
}

// siteName is in the site's certificate.
const siteName = "example.com"
