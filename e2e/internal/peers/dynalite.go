package peers

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// DynaliteServer is a running dynalite: DynamoDB alone, as its authors found it to
// behave, for any credentials and any Region. It does not check signatures; like the
// service it refuses keys that are not as the table's schema says, duplicates, and
// empty values, sends a checksum, and leaves over what makes an answer too large. A table
// is active a moment after it was made.
type DynaliteServer struct {
	Endpoint string // as AWS_ENDPOINT_URL wants it, such as http://127.0.0.1:4567
}

// Dynalite starts dynalite, empty and in memory, until the test ends.
func Dynalite(t testing.TB) *DynaliteServer {
	t.Helper()
	cli := filepath.Join(repository(t), ".tools", "node", "node_modules", "dynalite", "cli.js")
	if _, err := os.Stat(cli); err != nil {
		missing(t, "dynalite", "dynalite")
	}
	node := program(t, "node", "dynalite")
	return &DynaliteServer{Endpoint: serve(t, "/", func(address string) *exec.Cmd {
		host, port, _ := net.SplitHostPort(address)
		return exec.Command(node, cli, "--host", host, "--port", port, "--createTableMs", "0")
	})}
}
