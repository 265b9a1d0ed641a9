package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	code := m.Run()
	if bootstraps.dir != "" {
		_ = os.RemoveAll(bootstraps.dir)
	}
	os.Exit(code)
}

// bootstraps are the functions of folder functions, built once a run with the race
// detector: what it says is in their logs, which every test searches.
var bootstraps struct {
	once sync.Once
	dir  string
	err  error
}

// bootstrap is the executable of a function.
func bootstrap(t testing.TB, name string) string {
	t.Helper()
	bootstraps.once.Do(func() {
		if bootstraps.dir, bootstraps.err = os.MkdirTemp("", "e2e-functions-"); bootstraps.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-race", "-ldflags=-s -w", "-o", bootstraps.dir+string(filepath.Separator), "./functions/...")
		if out, err := cmd.CombinedOutput(); err != nil {
			bootstraps.err = fmt.Errorf("build the functions: %w\n%s", err, out)
		}
	})
	if bootstraps.err != nil {
		t.Fatal(bootstraps.err)
	}
	return filepath.Join(bootstraps.dir, name)
}
