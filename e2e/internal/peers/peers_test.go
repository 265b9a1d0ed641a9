package peers

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// gone fails the test if anybody still listens at endpoint.
func gone(t *testing.T, endpoint string) {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(endpoint, "http://"))
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connecting to %s after its test: %v, want it refused", endpoint, err)
	}
	if err == nil {
		_ = conn.Close()
	}
}

// verdict is a testing.TB that remembers how a test was ended.
type verdict struct {
	testing.TB
	how, message string
}

func (v *verdict) end(how, format string, args []any) {
	v.how, v.message = how, fmt.Sprintf(format, args...)
	panic(v)
}
func (v *verdict) Skipf(format string, args ...any)  { v.end("skipped", format, args) }
func (v *verdict) Fatalf(format string, args ...any) { v.end("failed", format, args) }

func TestMissingServer(t *testing.T) {
	for ci, want := range map[string]string{"": "skipped", "true": "failed"} {
		t.Run("CI="+ci, func(t *testing.T) {
			t.Setenv("CI", ci)
			v := &verdict{TB: t}
			func() {
				defer func() {
					if r := recover(); r != nil && r != any(v) {
						panic(r)
					}
				}()
				program(v, "no-such-server", "moto")
			}()
			if v.how != want {
				t.Errorf("the test was %q, want %q", v.how, want)
			}
			if !strings.Contains(v.message, "tools/install.sh moto") {
				t.Errorf("message %q does not name the command that installs it", v.message)
			}
		})
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	p := start(t, exec.Command("sh", "-c", "echo no luck; exit 3"))
	err := p.answers(t.Context(), "http://"+freeAddress(t))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("err = %v, want one with the exit status", err)
	}
	if got := p.printed(); got != "no luck\n" {
		t.Errorf("printed %q", got)
	}
}
