package environment

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	const api, name = "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME"
	const most, initialization = "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_INITIALIZATION_TYPE"
	for _, test := range []struct {
		name string
		env  map[string]string
		want Kind
	}{
		{"nothing set", nil, Elsewhere},
		{"concurrency alone does not make a Lambda", map[string]string{most: "16"}, Elsewhere},
		{"initialization type alone neither", map[string]string{initialization: "lambda-managed-instances"}, Elsewhere},
		{"runtime API", map[string]string{api: "host:1"}, Function},
		{"function name", map[string]string{name: "f"}, Function},
		{"on demand", map[string]string{api: "host:1", name: "f", initialization: "on-demand"}, Function},
		{"provisioned concurrency freezes", map[string]string{name: "f", initialization: "provisioned-concurrency"}, Function},
		{"SnapStart freezes", map[string]string{name: "f", initialization: "snap-start"}, Function},
		{"one at a time", map[string]string{api: "host:1", most: "1"}, Function},
		{"managed by type", map[string]string{name: "f", initialization: "lambda-managed-instances"}, Managed},
		{"managed by type, one at a time", map[string]string{name: "f", initialization: "lambda-managed-instances", most: "1"}, Managed},
		{"managed by concurrency", map[string]string{api: "host:1", most: "16"}, Managed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Detect(func(key string) string { return test.env[key] }); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	before := Kind(kind.Load())
	for k, want := range map[Kind]struct{ freezes, hostDeadlines bool }{
		Elsewhere: {false, false},
		Function:  {true, true},
		Managed:   {false, false},
	} {
		restore := Replace(k)
		if Freezes() != want.freezes || HasHostDeadlines() != want.hostDeadlines {
			t.Errorf("kind %d: freezes %v, deadlines of the host %v", k, Freezes(), HasHostDeadlines())
		}
		restore()
		if Kind(kind.Load()) != before {
			t.Errorf("kind %d was not undone", k)
		}
	}
}

// The process asks its own variables once, before anything else runs.
func TestKindOfTheProcess(t *testing.T) {
	const child = "KIND_OF_THE_PROCESS"
	if os.Getenv(child) != "" {
		if !Freezes() || NeverFreezes() {
			t.Errorf("kind %d", kind.Load())
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), child+"=Function", "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_MAX_CONCURRENCY=", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}
