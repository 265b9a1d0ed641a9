package awsconfig

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/lambda-cache/lambdacache/internal/httpclient"
)

// newPool gives a pool of connections and the client that uses them.
func newPool(h *host, roots *x509.CertPool) (*httpclient.Pool, *http.Client) {
	// The SDK's transport brings the proxy variables, TLS 1.2 and FIPS curves.
	transport := awshttp.NewBuildableClient().GetTransport()
	transport.TLSClientConfig.RootCAs = roots
	pool := httpclient.NewPool(transport, h.connect, h.idle)
	return pool, &http.Client{Transport: transport, CheckRedirect: sameMethodOnly}
}

// sameMethodOnly follows the redirects that keep method and body, as the SDK's own
// client does, and keeps the session token from another host.
func sameMethodOnly(next *http.Request, via []*http.Request) error {
	status := next.Response.StatusCode
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	if via[len(via)-1].URL.Host != next.URL.Host {
		next.Header.Del("X-Amz-Security-Token")
	}
	return nil
}

// readRoots reads the certificates trusted instead of the system's; nil without a
// file.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of AWS_CA_BUNDLE: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("AWS_CA_BUNDLE names " + file + ", which holds no PEM certificate")
	}
	return roots, nil
}
