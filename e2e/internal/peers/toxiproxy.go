package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Toxiproxies is a running toxiproxy: proxies for TCP whose connections are made to
// fail by toxics.
type Toxiproxies struct{ control string }

// Toxiproxy starts toxiproxy, without a proxy, until the test ends.
func Toxiproxy(t testing.TB) *Toxiproxies {
	t.Helper()
	server := program(t, "toxiproxy-server", "toxiproxy")
	return &Toxiproxies{control: serve(t, "/version", func(address string) *exec.Cmd {
		host, port, _ := strings.Cut(address, ":")
		cmd := exec.Command(server, "-host", host, "-port", port)
		cmd.Env = append(os.Environ(), "LOG_LEVEL=error") // or it tells of every connection
		return cmd
	})}
}

// Proxy is one of its proxies.
type Proxy struct {
	Address string // where it listens, host and port
	control string
}

// Proxy makes a proxy on a free port for the server at upstream, a host and a port.
func (x *Toxiproxies) Proxy(t testing.TB, name, upstream string) *Proxy {
	t.Helper()
	var made struct{ Listen string }
	ask := map[string]any{"name": name, "listen": "127.0.0.1:0", "upstream": upstream, "enabled": true}
	control(t, http.MethodPost, x.control+"/proxies", ask, &made)
	return &Proxy{Address: made.Listen, control: x.control + "/proxies/" + name}
}

// Add makes connections fail, those that are open and those to come: what kind of
// toxic ("reset_peer", "timeout", "latency", "limit_data", …) on which stream
// ("upstream" or "downstream") with which attributes. There is one at most of a kind
// and stream.
func (p *Proxy) Add(t testing.TB, kind, stream string, attributes map[string]any) {
	t.Helper()
	ask := map[string]any{"type": kind, "stream": stream, "attributes": attributes}
	control(t, http.MethodPost, p.control+"/toxics", ask, nil)
}

// Heal removes every toxic and ends the connections that were open, since a toxic
// may have eaten a part of what they carried.
func (p *Proxy) Heal(t testing.TB) {
	t.Helper()
	var toxics []struct{ Name string }
	control(t, http.MethodGet, p.control+"/toxics", nil, &toxics)
	control(t, http.MethodPatch, p.control, map[string]any{"enabled": false}, nil)
	for _, toxic := range toxics {
		control(t, http.MethodDelete, p.control+"/toxics/"+toxic.Name, nil, nil)
	}
	control(t, http.MethodPatch, p.control, map[string]any{"enabled": true}, nil)
}

// control makes one call to toxiproxy's API.
func control(t testing.TB, method, url string, ask, answer any) {
	t.Helper()
	var body bytes.Buffer
	if ask != nil {
		if err := json.NewEncoder(&body).Encode(ask); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // leave no idle connection behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("toxiproxy: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("toxiproxy: %s %s: %s", method, url, resp.Status)
	}
	if answer != nil {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			t.Fatal(fmt.Errorf("toxiproxy: %s %s: %w", method, url, err))
		}
	}
}
