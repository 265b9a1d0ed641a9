package peers

import (
	"net"
	"net/http"
	"os/exec"
	"testing"
)

// MotoServer is a running moto: SSM, Secrets Manager, S3, DynamoDB and STS at one
// endpoint, for any credentials and any Region, in account 123456789012 or that of the
// role whose session asks. It does not check signatures nor whether a session has ended,
// lets anybody assume any role, accepts duplicate names and values over 4 KB, and leaves
// Selector out of SSM's answers.
type MotoServer struct {
	Endpoint string // as AWS_ENDPOINT_URL wants it, such as http://127.0.0.1:5000
}

// Moto starts moto_server, empty, until the test ends. It takes a second or two to
// start: share one between subtests and Reset it.
func Moto(t testing.TB) *MotoServer {
	t.Helper()
	moto := program(t, "moto_server", "moto")
	return &MotoServer{Endpoint: serve(t, "/moto-api/data.json", func(address string) *exec.Cmd {
		host, port, _ := net.SplitHostPort(address)
		return exec.Command(moto, "-H", host, "-p", port)
	})}
}

// Reset forgets everything that was stored.
func (m *MotoServer) Reset(t testing.TB) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.Endpoint+"/moto-api/reset", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // leave no idle connection behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("reset moto: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("reset moto: %s", resp.Status)
	}
}
