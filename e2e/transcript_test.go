package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

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

// check fails the test if a value got out, in whatever form, or the race detector had
// something to say. The function must have ended.
func (tr *transcript) check(t testing.TB) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, leak := range leaks(tr.said.Bytes()) {
		t.Errorf("a value got out of the function: %s", leak)
	}
	if _, race, found := bytes.Cut(tr.said.Bytes(), []byte("WARNING: DATA RACE")); found {
		t.Errorf("a data race in the function:%s", race[:min(len(race), 4<<10)])
	}
}

// leaks gives the lines that contain a value, with the value taken out.
func leaks(said []byte) (lines []string) {
	for form, text := range markers() {
		for rest := said; ; {
			at := bytes.Index(rest, []byte(text))
			if at < 0 {
				break
			}
			before := rest[bytes.LastIndexByte(rest[:at], '\n')+1 : at]
			lines = append(lines, "in "+form+" after "+strings.ReplaceAll(string(before), text, "…"))
			rest = rest[at+len(text):]
		}
	}
	return lines
}

// markers is the marker in the forms in which programs print bytes.
func markers() map[string]string {
	m := []byte(guest.Marker)
	forms := map[string]string{
		"text":    guest.Marker,
		"hex":     hex.EncodeToString(m),
		"HEX":     strings.ToUpper(hex.EncodeToString(m)),
		"numbers": strings.Trim(fmt.Sprint(m), "[]"),
	}
	// In base64 the marker looks different at each of three offsets; the first and last
	// characters depend on the neighbours.
	for offset := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), m...))
		forms["base64 at "+strconv.Itoa(offset)] = text[(offset*8+5)/6 : len(text)-1]
	}
	return forms
}

// The search itself must find what it is for.
func TestTheSearchFindsValues(t *testing.T) {
	v := guest.Value(7)
	for name, line := range map[string]string{
		"plain":     "got " + v,
		"quoted":    "got \"" + v + "\"",
		"hex":       "got " + hex.EncodeToString([]byte(v)),
		"base64":    "got " + base64.StdEncoding.EncodeToString([]byte(v)),
		"in base64": "got " + base64.URLEncoding.EncodeToString([]byte("a"+v)) + base64.StdEncoding.EncodeToString([]byte("ab"+v)),
		"bytes":     "got " + fmt.Sprint([]byte(v)),
	} {
		found := leaks([]byte("before\n" + line + "\nafter"))
		if len(found) == 0 {
			t.Errorf("%s: a value is not found", name)
		}
		for _, f := range found {
			if strings.Contains(f, guest.Marker) {
				t.Errorf("%s: the report of a leak has the value", name)
			}
		}
	}
	if found := leaks([]byte("nothing to see: hush")); len(found) > 0 {
		t.Errorf("found %q where there is nothing", found)
	}
}
