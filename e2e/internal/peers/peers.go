// Package peers starts servers that others wrote, so that the tests of this module
// meet more than our own fakes: moto for SSM, Secrets Manager, S3 and DynamoDB,
// dynalite for DynamoDB, versitygw for S3, serve-static for documents, toxiproxy for a
// network that fails, and @vercel/fun for a Lambda host that really stops its processes
// between invocations. The aws CLI and AWS's client for JavaScript meet our fake of
// AppConfig, for which there is no server of others.
//
// Each is a child process on a free loopback port, started for one test and ended
// with it; if the test binary dies first, the children end with it. What a server
// printed is shown when its test fails. A server that is not installed skips the
// test, naming the command that installs it; with CI=true it fails the test.
package peers

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program finds the executable called name, installed by tools/install.sh under
// the name tool, in .tools/bin or on the PATH.
func program(t testing.TB, name, tool string) string {
	t.Helper()
	ours := filepath.Join(repository(t), ".tools", "bin", name)
	for _, candidate := range []string{ours, name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	missing(t, name, tool)
	return ""
}

// missing ends a test whose server is not there.
func missing(t testing.TB, name, tool string) {
	t.Helper()
	const format = "%s is not installed; run tools/install.sh %s, or make e2e, which installs all servers"
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, name, tool)
	}
	t.Skipf(format, name, tool)
}

// repository is the folder that holds tools/ and .tools/. A test runs in the folder
// of its package, somewhere below.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "tools", "install.sh"))
		if err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || parent == dir {
			t.Fatalf("find the repository's folder: no tools/install.sh above the working directory: %v", err)
		}
		dir = parent
	}
}
