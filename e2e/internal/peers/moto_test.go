package peers

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestMoto(t *testing.T) {
	var endpoint string
	t.Run("running", func(t *testing.T) {
		m := Moto(t)
		endpoint = m.Endpoint
		ssm(t, m, "PutParameter", `{"Name":"/a/b","Value":"one","Type":"String"}`, `"Version"`)
		ssm(t, m, "GetParameter", `{"Name":"/a/b"}`, `"Value": "one"`)
		m.Reset(t)
		ssm(t, m, "GetParameter", `{"Name":"/a/b"}`, "ParameterNotFound")
	})
	if endpoint != "" { // not skipped
		gone(t, endpoint)
	}
}

// ssm makes one call and fails unless the answer contains want.
func ssm(t *testing.T, m *MotoServer, operation, body, want string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.Endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
	// moto finds the service by the credential's scope and checks no signature.
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(got), want) {
		t.Fatalf("%s: %s %s, want it to contain %s", operation, resp.Status, got, want)
	}
}
