//go:build linux

package lambdahost

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func respond(url string, v any) {
	body, _ := json.Marshal(v)
	post(url, string(body))
}

func post(url, body string) { finish(http.Post(url, "application/json", strings.NewReader(body))) }

// finish reads the API's answer. An API that is gone means that the host is about to
// kill this process.
func finish(resp *http.Response, err error) {
	if err != nil {
		block()
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusAccepted {
		record(fmt.Sprint("refused ", resp.StatusCode))
	}
}

// block waits for the end of the process.
func block() {
	r, _, _ := os.Pipe()
	_, _ = r.Read(make([]byte, 1))
}

// awaitGate waits until somebody opens the named pipe for writing.
func awaitGate(path string) {
	f, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	_, _ = bufio.NewReader(f).ReadByte()
	f.Close()
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(os.TempDir(), name))
	return err == nil
}

func write(name, content string) {
	if err := os.WriteFile(filepath.Join(os.TempDir(), name), []byte(content), 0o600); err != nil {
		panic(err)
	}
}

// record adds a line to the journal of the environment, in its tmp folder.
func record(line string) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "journal"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, line+"\n"); err != nil {
		panic(err)
	}
}
