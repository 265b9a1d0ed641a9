package peers

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const emptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // its SHA-256

func TestVersityGW(t *testing.T) {
	var endpoint string
	t.Run("running", func(t *testing.T) {
		s := VersityGW(t)
		endpoint = s.Endpoint
		for _, call := range []struct {
			method, path, secret string
			want                 int
		}{
			{http.MethodPut, "/models", "wrong", http.StatusForbidden},
			{http.MethodPut, "/models", s.SecretKey, http.StatusOK},
			{http.MethodHead, "/models", s.SecretKey, http.StatusOK},
			{http.MethodHead, "/others", s.SecretKey, http.StatusNotFound},
		} {
			if got := s3(t, s, call.method, call.path, call.secret); got != call.want {
				t.Errorf("%s %s with secret key %q: status %d, want %d", call.method, call.path, call.secret, got, call.want)
			}
		}
	})
	if endpoint != "" { // not skipped
		gone(t, endpoint)
	}
}

// s3 makes one signed call without a body and returns its status.
func s3(t *testing.T, s *S3Server, method, path, secret string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Content-Sha256", emptyBody)
	credentials := aws.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: secret}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, req, emptyBody, "s3", s.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}
