//go:build linux

package lambdahost

import (
	"io"
	"os"
	"sync"
)

// shareLog makes the log writers safe for several processes at once. A file is
// left as it is: the processes write to it without a detour through the host.
func (c *Config) shareLog() {
	var mu sync.Mutex
	if _, file := c.Stdout.(*os.File); c.Stdout != nil && !file {
		c.Stdout = &lockedWriter{&mu, c.Stdout}
	}
	if _, file := c.Stderr.(*os.File); c.Stderr != nil && !file {
		c.Stderr = &lockedWriter{&mu, c.Stderr}
	}
}

// lockedWriter lets the log copiers of several processes share a writer.
type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
