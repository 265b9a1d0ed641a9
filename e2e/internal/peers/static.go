package peers

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// StaticServer is a running serve-static, the file server of Express: ETags, dates,
// conditional requests, Cache-Control, and redirects of folders.
type StaticServer struct {
	Endpoint string
	folder   string

	mu   sync.Mutex
	puts int
}

// StaticOptions are those of serve-static that tests need.
type StaticOptions struct {
	ETag   bool   `json:"etag"`
	MaxAge string `json:"maxAge"` // of Cache-Control, such as "1h"
}

// ServeStatic starts serve-static on an empty folder until the test ends.
func ServeStatic(t testing.TB, options StaticOptions) *StaticServer {
	t.Helper()
	root := repository(t)
	modules := filepath.Join(root, ".tools", "node", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "serve-static")); err != nil {
		missing(t, "serve-static", "serve-static")
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	node := program(t, "node", "serve-static")
	s := &StaticServer{folder: t.TempDir()}
	s.Endpoint = serve(t, "/", func(address string) *exec.Cmd {
		_, port, _ := net.SplitHostPort(address)
		cmd := exec.Command(node, filepath.Join(root, "e2e", "internal", "peers", "static", "server.js"), s.folder, port, string(text))
		cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
		return cmd
	})
	return s
}

// Put makes body the file at a path. Each file is a second younger than the one before,
// and all are old: a date tells them apart, as it does where files change now and then.
func (s *StaticServer) Put(t testing.TB, path, body string) {
	t.Helper()
	s.mu.Lock()
	s.puts++
	modified := time.Date(2020, 1, 1, 0, 0, s.puts, 0, time.UTC)
	s.mu.Unlock()
	name := filepath.Join(s.folder, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".new", []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name+".new", modified, modified); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// Remove takes the file at a path away.
func (s *StaticServer) Remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(filepath.Join(s.folder, filepath.FromSlash(path))); err != nil {
		t.Fatal(err)
	}
}
