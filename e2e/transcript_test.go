package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/leaks"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

// transcript is all that left a function: its log with every event of the library,
// its responses and its errors.
type transcript struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.said.Write(p)
}

func (tr *transcript) contains(text string) bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return bytes.Contains(tr.said.Bytes(), []byte(text))
}

// tail is the end of it.
func (tr *transcript) tail() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	const most = 4 << 10
	said := tr.said.Bytes()
	return string(said[max(0, len(said)-most):])
}

// check fails the test if a piece of a marker, or any value that aws has ever held, got
// out in whatever form, or the race detector had something to say. The function must
// have ended.
func (tr *transcript) check(t testing.TB, aws *cachetest.AWS) (leaked bool) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	said := tr.said.String()
	for _, leak := range leaksIn(said, aws) {
		leaked = true
		t.Errorf("the function has let out %s", leak)
	}
	if _, race, found := strings.Cut(said, "WARNING: DATA RACE"); found {
		t.Errorf("a data race in the function:%s", race[:min(len(race), 4<<10)])
	}
	return leaked
}

var marker = leaks.Pieces(guest.Marker)

// leaksIn tells of the values that are in a text, and nothing of what they are.
func leaksIn(said string, aws *cachetest.AWS) []string {
	all := aws.ShownIn(said)
	for _, f := range marker.Find(said) {
		all = append(all, f.String())
	}
	return all
}

// The search itself must find what it is for.
func TestTheSearchFindsValues(t *testing.T) {
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	aws.SSM.Put("/app/unmarked", "what has no marker")
	aws.Secrets.PutString("app/staged", "an older value")
	aws.Secrets.PutString("app/staged", guest.Value(7))
	v := guest.Value(7)
	for name, line := range map[string]string{
		"plain":     "got " + v,
		"piece":     "got " + guest.Marker[3:7],
		"quoted":    "got \"" + v + "\"",
		"hex":       "got " + hex.EncodeToString([]byte(v)),
		"base64":    "got " + base64.StdEncoding.EncodeToString([]byte(v)),
		"in base64": "got " + base64.URLEncoding.EncodeToString([]byte("a"+v)) + base64.StdEncoding.EncodeToString([]byte("ab"+v)),
		"bytes":     "got " + fmt.Sprint([]byte(v)),
		"unmarked":  "got what has no marker",
		"older":     "got an older value",
	} {
		found := leaksIn("before\n"+line+"\nafter", aws)
		if len(found) == 0 {
			t.Errorf("%s: a value is not found", name)
		}
		for _, f := range found {
			if marker.In(f) != "" || !strings.Contains(f, "in line 2 after") {
				t.Errorf("%s: the report of a leak has the value, or not where it is", name)
			}
		}
	}
	if found := leaksIn("nothing to see: "+guest.Marker[:3]+guest.Marker[8:], aws); len(found) != 1 {
		t.Errorf("found %q", found)
	}
	if found := leaksIn("nothing to see: "+guest.Marker[:3]+" generation 7", aws); len(found) > 0 {
		t.Errorf("found %q where there is nothing", found)
	}
}

// A function that lets a value out fails its test, and the report does not let it out
// again.
func TestATranscriptFails(t *testing.T) {
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	aws.Secrets.PutString("app/staged", "an older value")
	for _, said := range []string{"event: {Err:" + guest.Value(1) + "}\n", "error: an older value\n", "WARNING: DATA RACE\n"} {
		var tr transcript
		fmt.Fprint(&tr, "quiet\n", said)
		r := &recorder{TB: t}
		tr.check(r, aws)
		if len(r.errors) == 0 {
			t.Errorf("%.7q… does not fail the test", said)
		}
		for _, e := range r.errors {
			if len(leaksIn(e, aws)) > 0 {
				t.Errorf("the report of %.7q… has the value", said)
			}
		}
	}
}

// recorder is a test that takes its errors down.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
