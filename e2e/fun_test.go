//go:build linux

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// funFunction is function "many" under a Lambda host that others wrote.
type funFunction struct {
	*peers.FunHost
	said transcript
}

func newFun(t *testing.T, aws *cachetest.AWS, age time.Duration) *funFunction {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(bootstrap(t, "many"), filepath.Join(dir, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{ // fun sets Region and credentials by itself
		"AWS_ENDPOINT_URL":   aws.URL(),
		guest.MaxAgeVariable: age.String(),
		"TMPDIR":             t.TempDir(),
	}
	f := &funFunction{FunHost: peers.Fun(t, peers.Function{Dir: dir, Env: env, Timeout: 20 * time.Second})}
	t.Cleanup(func() {
		_, _ = f.said.Write([]byte(f.Printed()))
		f.said.check(t, aws)
	})
	return f
}

func (f *funFunction) invoke(t *testing.T) manyResponse {
	t.Helper()
	a, err := f.Invoke(t.Context(), []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.said.Write(append(a.Payload, '\n'))
	var r manyResponse
	if err := json.Unmarshal(a.Payload, &r); err != nil || a.FunctionError != "" {
		t.Fatalf("%s error: %s: %v", a.FunctionError, a.Payload, err)
	}
	if err := f.Frozen(t.Context(), r.PID); err != nil {
		t.Fatal(err)
	}
	return r
}

// stayFrozen waits until the environment has been stopped for d. Nobody but the host
// lets it go on.
func (f *funFunction) stayFrozen(t *testing.T, pid int, d time.Duration) {
	t.Helper()
	end := time.Now().Add(d)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for now := range look.C {
		if err := f.Frozen(t.Context(), pid); err != nil {
			t.Fatal(err)
		}
		if now.After(end) {
			return
		}
	}
}

func TestUnderFun(t *testing.T) {
	const age = 3 * time.Second
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	putMany(aws, 1)
	f := newFun(t, aws, age)
	first := f.invoke(t)
	first.want(t, 1)
	wantCalls(t, aws, fewest)
	aws.WaitIdle() // frozen, and nothing in flight

	putMany(aws, 2)
	f.invoke(t).want(t, 1)
	wantCalls(t, aws, map[string]int{})

	f.stayFrozen(t, first.PID, age)
	second := f.invoke(t)
	second.want(t, 2)
	wantCalls(t, aws, fewest)
	f.invoke(t).want(t, 2)
	wantCalls(t, aws, map[string]int{})
	if first.PID != second.PID {
		t.Errorf("process %d, then %d: want one environment", first.PID, second.PID)
	}
}
