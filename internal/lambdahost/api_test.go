//go:build linux

package lambdahost

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestExtensionsDoNotSeeTheFunctionsVariables(t *testing.T) {
	cfg, err := Config{Bootstrap: link(t, "bootstrap"), MaxConcurrency: 4, Env: map[string]string{"A": "b"}}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	function, extension := environ(&cfg, "addr", "/tmp/x"), extensionEnviron(&cfg, "addr", "/tmp/x")
	for _, name := range runtimeOnly {
		has := func(pair string) bool { return strings.HasPrefix(pair, name+"=") }
		if !slices.ContainsFunc(function, has) || slices.ContainsFunc(extension, has) {
			t.Errorf("%s: must be the function's and not the extension's", name)
		}
	}
	for _, pair := range []string{"A=b", "AWS_LAMBDA_RUNTIME_API=addr", "AWS_LAMBDA_INITIALIZATION_TYPE=lambda-managed-instances"} {
		if !slices.Contains(extension, pair) {
			t.Errorf("%s is missing", pair)
		}
	}
}

// TestRefusals asks the API what it must not grant, without any process.
func TestRefusals(t *testing.T) {
	cfg, err := Config{Bootstrap: link(t, "bootstrap"), Extensions: []string{link(t, "collector")}}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSandbox(&cfg, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.shutdown(spinDown)
	const extensions, runtimes = "/2020-01-01/extension/", "/2018-06-01/runtime/"
	named := http.Header{"Lambda-Extension-Name": {"other"}}
	unknown := http.Header{extensionID: {"nobody"}}
	for _, c := range []struct {
		method, path string
		header       http.Header
		body         string
		status       int
		errorType    string
	}{
		{"POST", extensions + "register", nil, `{}`, 403, "Extension.InvalidExtensionName"},
		{"POST", extensions + "register", named, `nonsense`, 403, "InvalidRequestFormat"},
		{"POST", extensions + "register", named, `{"events":["SHUTDOWN"]}`, 403, "Extension.InvalidEventType"},
		{"POST", extensions + "register", named, `{"events":["RESTORE"]}`, 403, "Extension.InvalidEventType"},
		{"POST", extensions + "register", named, `{"events":["INVOKE"]}`, 200, ""},
		{"POST", extensions + "register", named, `{"events":[]}`, 403, "Extension.InvalidExtensionState"},
		{"GET", extensions + "event/next", nil, ``, 403, "Extension.MissingExtensionIdentifier"},
		{"GET", extensions + "event/next", unknown, ``, 403, "Extension.UnknownExtensionIdentifier"},
		{"POST", extensions + "exit/error", unknown, ``, 403, "Extension.UnknownExtensionIdentifier"},
		{"POST", runtimes + "invocation/none/response", nil, `1`, 400, "InvalidRequestID"},
		{"POST", runtimes + "invocation/none/error", nil, `1`, 400, "InvalidRequestID"},
		{"PUT", "/2022-07-01/telemetry", unknown, `{}`, 202, "Telemetry.NotSupported"},
		{"PUT", "/2020-08-15/logs", unknown, `{}`, 202, "Logs.NotSupported"},
	} {
		status, object := request(t, s, c.method, c.path, c.header, c.body)
		if status != c.status || object.Type != c.errorType {
			t.Errorf("%s %s %s: %d %+v, want %d %s", c.method, c.path, c.body, status, object, c.status, c.errorType)
		}
	}
	s.closeRegistration()
	late := http.Header{"Lambda-Extension-Name": {"late"}}
	if status, object := request(t, s, "POST", extensions+"register", late, `{}`); status != 403 || object.Type != "Extension.RegistrationClosed" {
		t.Errorf("registering late: %d %+v", status, object)
	}
}

func TestARuntimeThatGivesUpWaitingIsNotIdle(t *testing.T) {
	cfg, err := Config{Bootstrap: link(t, "bootstrap")}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSandbox(&cfg, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.shutdown(spinDown)
	ctx, giveUp := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/2018-06-01/runtime/invocation/next", nil)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	if err := s.await(t.Context(), s.idle); err != nil {
		t.Fatal(err)
	}
	giveUp()
	<-gone
	if err := s.await(t.Context(), func() bool { return !s.idle() }); err != nil {
		t.Fatal(err)
	}
}

func request(t *testing.T, s *sandbox, method, path string, header http.Header, body string) (int, errorObject) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var object errorObject
	if err := json.NewDecoder(resp.Body).Decode(&object); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, object
}
