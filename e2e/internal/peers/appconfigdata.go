package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// AppConfigAnswer is what a client of AppConfig's data plane made of an answer.
type AppConfigAnswer struct {
	Body        string `json:"body"`
	Label       string `json:"label"`
	ContentType string `json:"contentType"`
	Next        string `json:"next"` // the token
	Interval    int    `json:"interval"`

	Error    string `json:"error"`    // the code, "" for none
	Problem  string `json:"problem"`  // of the token; "" with a client that does not tell
	Resource string `json:"resource"` // the type of what is missing; likewise
}

// AppConfigClient is a client that somebody else wrote. Each call is a process of its own.
type AppConfigClient struct {
	Start func(t testing.TB, application, environment, profile string, seconds int) AppConfigAnswer
	Get   func(t testing.TB, token string) AppConfigAnswer
	Tells bool // Problem and Resource
}

// AppConfigOfNode is AWS's own client for JavaScript, with env beside the process's own
// environment.
func AppConfigOfNode(t testing.TB, env []string) AppConfigClient {
	t.Helper()
	root := repository(t)
	modules := filepath.Join(root, ".tools", "node", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "@aws-sdk", "client-appconfigdata")); err != nil {
		missing(t, "@aws-sdk/client-appconfigdata", "fun")
	}
	node := program(t, "node", "fun")
	script := filepath.Join(root, "e2e", "internal", "peers", "appconfigdata", "client.js")
	call := func(t testing.TB, args ...string) (a AppConfigAnswer) {
		t.Helper()
		out, printed, err := output(t.Context(), append(env, "NODE_PATH="+modules), node, append([]string{script}, args...)...)
		if err != nil || json.Unmarshal(out, &a) != nil {
			t.Fatalf("@aws-sdk/client-appconfigdata: %v\n%s%s", err, out, printed)
		}
		return a
	}
	return AppConfigClient{
		Start: func(t testing.TB, application, environment, profile string, seconds int) AppConfigAnswer {
			t.Helper()
			return call(t, "start", application, environment, profile, strconv.Itoa(seconds))
		},
		Get:   func(t testing.TB, token string) AppConfigAnswer { t.Helper(); return call(t, "get", token) },
		Tells: true,
	}
}

// refusal is how the aws CLI prints an error of a service.
var refusal = regexp.MustCompile(`An error occurred \((\w+)\)`)

// AppConfigOfCLI is the aws CLI.
func AppConfigOfCLI(t testing.TB, env []string) AppConfigClient {
	t.Helper()
	cli := program(t, "aws", "awscli")
	env = append(env, "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	call := func(t testing.TB, into any, args ...string) string {
		t.Helper()
		out, printed, err := output(t.Context(), env, cli, append([]string{"appconfigdata", "--output", "json"}, args...)...)
		if m := refusal.FindStringSubmatch(printed); err != nil && m != nil {
			return m[1]
		}
		if err != nil || json.Unmarshal(out, into) != nil {
			t.Fatalf("aws: %v\n%s%s", err, out, printed)
		}
		return ""
	}
	return AppConfigClient{
		Start: func(t testing.TB, application, environment, profile string, seconds int) (a AppConfigAnswer) {
			t.Helper()
			var out struct{ InitialConfigurationToken string }
			a.Error = call(t, &out, "start-configuration-session", "--application-identifier", application,
				"--environment-identifier", environment, "--configuration-profile-identifier", profile,
				"--required-minimum-poll-interval-in-seconds", strconv.Itoa(seconds))
			a.Next = out.InitialConfigurationToken
			return a
		},
		Get: func(t testing.TB, token string) (a AppConfigAnswer) {
			t.Helper()
			file := filepath.Join(t.TempDir(), "configuration")
			var out struct {
				NextPollConfigurationToken, ContentType, VersionLabel string
				NextPollIntervalInSeconds                             json.Number // a string in version 2
			}
			a.Error = call(t, &out, "get-latest-configuration", "--configuration-token", token, file)
			a.Next, a.ContentType, a.Label = out.NextPollConfigurationToken, out.ContentType, out.VersionLabel
			if a.Error == "" {
				interval, err := out.NextPollIntervalInSeconds.Int64()
				body, missing := os.ReadFile(file)
				if err != nil || missing != nil {
					t.Fatal(err, missing)
				}
				a.Body, a.Interval = string(body), int(interval)
			}
			return a
		},
	}
}

// output runs a program that ends by itself.
func output(ctx context.Context, env []string, name string, args ...string) (out []byte, printed string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err = cmd.Output()
	return out, strings.TrimSpace(stderr.String()), err
}
