//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lambda-cache/lambdacache/internal/lambdahost"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// tempDir makes os.TempDir a folder of the test's own, which has to be empty in the end.
func tempDir(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
}

// The whole demo: what it shows is what it found, or it would have failed.
func TestDemo(t *testing.T) {
	tempDir(t)
	got, err := shownBy(t, scenes())
	if err != nil {
		t.Fatal(err, "\n", got)
	}
	for i, s := range scenes() {
		line := regexp.MustCompile(`(?m)^ *` + regexp.QuoteMeta(shownTitle(i+1, s.title)) + ` .* [0-9.]+ ms( [█▉▊▋▌▍▎▏]+…?)?$`)
		if n := len(line.FindAllString(got, -1)); n != 1 {
			t.Errorf("%d lines of scene %d, %q", n, i+1, s.title)
		}
		if (len(s.calls) == 0) != regexp.MustCompile(regexp.QuoteMeta(shownTitle(i+1, s.title))+` +none `).MatchString(got) {
			t.Errorf("scene %d, %q, shows other calls than %v", i+1, s.title, s.calls)
		}
	}
	for _, want := range []string{
		`\n     frozen until the next event: /proc says that all [1-9][0-9]* threads are stopped\n`,
		`\n     LoadError: lambdacache: load "var" from ssm /production/app/var: .*ThrottlingException`,
		`\n     13 invocations +with the cache +without\n`,
		`\n     calls to AWS +18 +51 +2\.8 ×\n`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("it does not show %q", want)
		}
	}
	if strings.Contains(got, password) || strings.Contains(got, "\x1b") || strings.Contains(got, "\r") {
		t.Error("it shows the secret, or controls a terminal that is not there")
	}
	if t.Failed() {
		t.Log(got)
	}
}

// shownBy is what a demo of those scenes shows. On a machine that stands still for seconds
// an attempt of the function meets its limit, and the function makes another.
func shownBy(t *testing.T, list []scene) (text string, err error) {
	testlab.Undisturbed(func() {
		var b strings.Builder
		err = run(t.Context(), &screen{w: &b}, list)
		text = b.String()
	})
	return text, err
}

// shownTitle is how a line begins.
func shownTitle(number int, title string) string {
	line, _, _ := strings.Cut(shown(&screen{}, func(s *screen) { s.line(number, title+"\n", outcome{}) }), "\n")
	return strings.TrimLeft(line, " ")
}

func TestTitlesFit(t *testing.T) {
	for _, s := range scenes() {
		if n := utf8.RuneCountInString(s.title); n > titleWidth {
			t.Errorf("%q has %d characters", s.title, n)
		}
	}
}

// cancelling interrupts the demo as soon as it has shown something.
type cancelling struct {
	shown  strings.Builder
	after  string
	cancel context.CancelCauseFunc
}

var errInterrupt = errors.New("interrupted by the test")

func (c *cancelling) Write(p []byte) (int, error) {
	c.shown.Write(p)
	if strings.Contains(c.shown.String(), c.after) {
		c.cancel(errInterrupt)
	}
	return len(p), nil
}

func TestInterrupted(t *testing.T) {
	for _, after := range []string{"building", "answered in", "again", "without the cache, 2"} {
		t.Run(after, func(t *testing.T) {
			tempDir(t)
			var out *screen
			var err error
			testlab.Undisturbed(func() {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				out = &screen{w: &cancelling{after: after, cancel: cancel}, terminal: true}
				err = run(ctx, out, scenes()[:3])
			})
			if !errors.Is(err, errInterrupt) {
				t.Errorf("it ended with %v", err)
			}
			if out.pending {
				t.Error("it left its last line unfinished")
			}
		})
	}
}

// A line whose claim is wrong is not shown, and the demo fails.
func TestWrongClaim(t *testing.T) {
	tempDir(t)
	wrong := scenes()[:3]
	wrong[1].key = "v0"
	got, err := shownBy(t, wrong)
	if err == nil || !strings.Contains(err.Error(), `invocation 2, "`+wrong[1].title+`": it answered {`) {
		t.Error(err)
	}
	if strings.Contains(got, wrong[1].title) || !strings.Contains(got, wrong[0].title) {
		t.Errorf("it shows %s", got)
	}
}

func TestCheck(t *testing.T) {
	answer := []byte(`{"answer":"you asked: ` + question + `","key":"v1","hosts":["a.internal","b.internal"],"dbHost":"db-1","modelBytes":65536}`)
	failure := &lambdahost.FunctionError{Type: "LoadError", Message: "cause"}
	one := map[string]int{"GetObject": 1}
	claim := scene{calls: one, key: "v1", db: "db-1"}
	for name, c := range map[string]struct {
		scene scene
		o     outcome
		want  string // "": true
	}{
		"true":             {claim, outcome{calls: one, payload: answer}, ""},
		"no call":          {claim, outcome{payload: answer}, "calls map[], not map[GetObject:1]"},
		"one call more":    {claim, outcome{calls: map[string]int{"GetObject": 2}, payload: answer}, "calls map[GetObject:2]"},
		"unexpected call":  {scene{key: "v1", db: "db-1"}, outcome{calls: one, payload: answer}, "not map[]"},
		"other parameter":  {scene{calls: one, key: "v2", db: "db-1"}, outcome{calls: one, payload: answer}, "answered"},
		"other secret":     {scene{calls: one, key: "v1", db: "db-2"}, outcome{calls: one, payload: answer}, "answered"},
		"no answer":        {claim, outcome{calls: one}, "JSON"},
		"failed":           {claim, outcome{calls: one, err: failure}, "failed: LoadError: cause"},
		"fails":            {scene{calls: one, error: "LoadError"}, outcome{calls: one, err: failure}, ""},
		"did not fail":     {scene{calls: one, error: "LoadError"}, outcome{calls: one, payload: answer}, "did not fail"},
		"failed otherwise": {scene{calls: one, error: "panic"}, outcome{calls: one, err: failure}, "not with a panic: LoadError"},
		"not side by side": {scene{calls: one, key: "v1", db: "db-1", after: sideBySide}, outcome{calls: one, payload: answer, atOnce: 1}, "one after the other"},
		"downloaded": {
			scene{calls: one, key: "v1", db: "db-1", after: notDownloaded},
			outcome{calls: one, payload: answer, status: map[string]int{"GetObject": 200}},
			"status 200",
		},
	} {
		err := c.scene.check(nil, c.o)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBuildElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	err := build(t.Context(), ".", "bootstrap", "../quickstart")
	if err == nil || !strings.Contains(err.Error(), "make demo") {
		t.Error(err)
	}
}
