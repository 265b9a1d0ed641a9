//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lambda-cache/lambdacache/internal/lambdahost"
)

// shown is what a screen has after f.
func shown(s *screen, f func(*screen)) string {
	var b strings.Builder
	s.w = &b
	f(s)
	return b.String()
}

func equal(t *testing.T, name, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %q\nwant %q", name, got, want)
	}
}

func twoLines(s *screen) {
	s.running("cold …")
	s.line(1, "cold", outcome{services: []string{"ssm", "s3", "ssm"}, took: 25 * time.Millisecond})
	s.running("hit …")
	s.line(2, "hit", outcome{took: time.Millisecond})
	s.note("seen")
	s.running("failed …")
	s.line(3, "failed", outcome{services: []string{"ssm"}, took: time.Second, err: &lambdahost.FunctionError{}})
}

// pad fills a column.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", width-utf8.RuneCountInString(text))
}

func TestPipe(t *testing.T) {
	equal(t, "pipe", shown(&screen{}, twoLines), ""+
		"  1  "+pad("cold", titleWidth)+" "+pad("s3, ssm 2", servicesWidth)+"  25.0 ms ██▌\n"+
		"  2  "+pad("hit", titleWidth)+" "+pad("none", servicesWidth)+"   1.0 ms\n"+
		"     seen\n"+
		"  3  "+pad("failed", titleWidth)+" "+pad("ssm", servicesWidth)+" 1000.0 ms "+strings.Repeat("█", barWidth)+"…\n")
}

func TestTerminal(t *testing.T) {
	const erase = "\r\x1b[K"
	equal(t, "terminal", shown(&screen{terminal: true, colour: true}, twoLines), ""+
		"\x1b[2m     cold …\x1b[0m"+erase+
		"  1  "+pad("cold", titleWidth)+" "+pad("s3, ssm 2", servicesWidth)+" \x1b[33m 25.0 ms\x1b[0m \x1b[33m██▌\x1b[0m\n"+
		"\x1b[2m     hit …\x1b[0m"+erase+
		"  2  "+pad("hit", titleWidth)+" "+pad("none", servicesWidth)+" \x1b[32m  1.0 ms\x1b[0m\n"+
		"     \x1b[2mseen\x1b[0m\n"+
		"\x1b[2m     failed …\x1b[0m"+erase+
		"  3  "+pad("failed", titleWidth)+" "+pad("ssm", servicesWidth)+" \x1b[31m1000.0 ms\x1b[0m \x1b[31m"+strings.Repeat("█", barWidth)+"…\x1b[0m\n")
}

// Without colours a terminal shows the lines of a pipe, and what runs in between.
func TestTerminalWithoutColours(t *testing.T) {
	got := shown(&screen{terminal: true}, twoLines)
	if strings.Contains(got, "\x1b[2m") || strings.Contains(got, "\x1b[3") {
		t.Errorf("it has colours: %q", got)
	}
	for _, running := range []string{"cold", "hit", "failed"} {
		got = strings.Replace(got, "     "+running+" …\r\x1b[K", "", 1)
	}
	equal(t, "without what was erased", got, shown(&screen{}, twoLines))
}

// A running line is erased once, also when nothing comes after it.
func TestClear(t *testing.T) {
	equal(t, "erased", shown(&screen{terminal: true}, func(s *screen) {
		s.running("x")
		s.clear()
		s.clear()
	}), "     x\r\x1b[K")
	equal(t, "pipe", shown(&screen{}, func(s *screen) { s.running("x"); s.clear() }), "")
}

func TestNewScreen(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // the one character device that is everywhere
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	for _, c := range []struct {
		name             string
		file             *os.File
		noColour, term   string
		terminal, colour bool
	}{
		{"file", file, "", "xterm", false, false},
		{"device", device, "", "xterm", true, true},
		{"device, NO_COLOR", device, "1", "xterm", true, false},
		{"device, dumb", device, "", "dumb", false, false},
	} {
		t.Setenv("NO_COLOR", c.noColour)
		t.Setenv("TERM", c.term)
		if s := newScreen(c.file); s.terminal != c.terminal || s.colour != c.colour {
			t.Errorf("%s: terminal %v, colour %v", c.name, s.terminal, s.colour)
		}
	}
}

func TestBar(t *testing.T) {
	for took, want := range map[time.Duration]string{
		0:                       "",
		time.Millisecond:        "",
		1250 * time.Microsecond: "▏",
		5 * time.Millisecond:    "▌",
		9 * time.Millisecond:    "▉",
		10 * time.Millisecond:   "█",
		15 * time.Millisecond:   "█▌",
		barWidth * barStep:      strings.Repeat("█", barWidth),
		time.Hour:               strings.Repeat("█", barWidth) + "…",
	} {
		equal(t, took.String(), bar(took), want)
	}
}

func TestCalls(t *testing.T) {
	for want, services := range map[string][]string{
		"none":                      nil,
		"ssm":                       {"ssm"},
		"secretsmanager, ssm 3":     {"ssm", "secretsmanager", "ssm", "ssm"},
		"s3, secretsmanager, ssm":   {"ssm", "secretsmanager", "s3"},
		"s3 2, secretsmanager, ssm": {"s3", "ssm", "secretsmanager", "s3"},
	} {
		equal(t, want, calls(services), want)
		if len(want) > servicesWidth {
			t.Errorf("%q does not fit its column", want)
		}
	}
}
