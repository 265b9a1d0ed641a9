//go:build linux

package lambdahost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// runExtension is an external extension that records its events.
func runExtension(name string) {
	mode := os.Getenv("EXTENSION")
	door := os.Getenv("GATE") + name
	if mode == "registers late" {
		awaitGate(door)
	}
	if mode == "dies at once" {
		os.Exit(4)
	}
	events := strings.Fields(os.Getenv("EVENTS"))
	record(name + " registers")
	status, id, reply := register(name, events)
	record(fmt.Sprint(name, " register ", status, " ", reply))
	if status != http.StatusOK {
		status, id, _ = register(name, []string{shutdownEvent})
		record(fmt.Sprint(name, " register ", status))
	}
	if mode == "init error" {
		extensionError("init/error", id)
		block()
	}
	for {
		event := nextEvent(id)
		record(name + " " + event)
		switch {
		case strings.Contains(event, shutdownEvent) && mode != "stays":
			os.Exit(0)
		case mode == "works on":
			awaitGate(door)
		case mode == "crashes":
			os.Exit(9)
		case mode == "exit error":
			extensionError("exit/error", id)
			os.Exit(1)
		}
	}
}

func extensionError(path, id string) {
	req, _ := http.NewRequest(http.MethodPost, extensionURL(path), strings.NewReader(`{"errorMessage":"no licence"}`))
	req.Header.Set(extensionID, id)
	req.Header.Set("Lambda-Extension-Function-Error-Type", "Extension.NoLicence")
	finish(http.DefaultClient.Do(req))
}

func extensionURL(path string) string {
	return "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2020-01-01/extension/" + path
}

func register(name string, events []string) (status int, id, reply string) {
	body, _ := json.Marshal(map[string]any{"events": events})
	req, _ := http.NewRequest(http.MethodPost, extensionURL("register"), bytes.NewReader(body))
	req.Header.Set("Lambda-Extension-Name", name)
	req.Header.Set("Lambda-Extension-Accept-Feature", "accountId")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get(extensionID), strings.TrimSpace(string(content))
}

func nextEvent(id string) string {
	req, _ := http.NewRequest(http.MethodGet, extensionURL("event/next"), nil)
	req.Header.Set(extensionID, id)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		block()
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	return string(content)
}
