package peers

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestDynalite(t *testing.T) {
	var endpoint string
	t.Run("running", func(t *testing.T) {
		d := Dynalite(t)
		endpoint = d.Endpoint
		dynamo(t, d, "CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
			"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}`, `"TableName":"tab"`)
		for active := false; !active; { // the state of a table changes after the answer
			active = strings.Contains(ask(t, d, "DescribeTable", `{"TableName":"tab"}`), `"TableStatus":"ACTIVE"`)
		}
		dynamo(t, d, "PutItem", `{"TableName":"tab","Item":{"pk":{"S":"a"},"v":{"N":"1.0"}}}`, "{}")
		dynamo(t, d, "GetItem", `{"TableName":"tab","Key":{"pk":{"S":"a"}}}`, `"v":{"N":"1"}`)
		dynamo(t, d, "GetItem", `{"TableName":"none","Key":{"pk":{"S":"a"}}}`, "ResourceNotFoundException")
	})
	if endpoint != "" { // not skipped
		gone(t, endpoint)
	}
}

// dynamo makes one call and fails unless the answer contains want.
func dynamo(t *testing.T, d *DynaliteServer, operation, body, want string) {
	t.Helper()
	if got := ask(t, d, operation, body); !strings.Contains(got, want) {
		t.Fatalf("%s: %s, want it to contain %s", operation, got, want)
	}
}

// ask makes one call, whose answer must have a checksum.
func ask(t *testing.T, d *DynaliteServer, operation, body string) (answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	req.Header.Set("X-Amz-Date", "20260101T000000Z")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("X-Amz-Crc32") == "" {
		t.Fatalf("%s: %s %v %s, want a checksum", operation, resp.Status, resp.Header, got)
	}
	return string(got)
}
