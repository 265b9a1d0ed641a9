package peers

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestToxiproxy(t *testing.T) {
	var endpoint string
	t.Run("running", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
		}))
		defer server.Close()
		x := Toxiproxy(t)
		endpoint = x.control
		p := x.Proxy(t, "server", server.Listener.Addr().String())
		for _, step := range []struct {
			kind       string
			attributes map[string]any
			broken     bool
		}{
			{kind: ""},
			{"reset_peer", map[string]any{"timeout": 0}, true},
			{kind: ""},
			{"limit_data", map[string]any{"bytes": 500}, true},
			{kind: ""},
		} {
			if step.kind != "" {
				p.Add(t, step.kind, "downstream", step.attributes)
			}
			if got := readAll(t, "http://"+p.Address); (got != 1000) != step.broken {
				t.Errorf("%q: %d bytes", step.kind, got)
			}
			p.Heal(t)
		}
		endpoint = "http://" + p.Address
	})
	if endpoint != "" { // not skipped
		gone(t, endpoint)
	}
}

// readAll is how many bytes come.
func readAll(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return len(b)
}
