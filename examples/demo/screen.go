//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// The widths of the columns, in characters.
const (
	titleWidth    = 48
	servicesWidth = 25
)

const (
	barStep  = 10 * time.Millisecond // one character of a bar
	barWidth = 20                    // what is longer is cut off
	pace     = 300 * time.Millisecond
)

// Colours of a terminal.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
)

// screen is where the demo writes to: a terminal, or a plain file or pipe.
type screen struct {
	w        io.Writer
	terminal bool // the last line may be replaced, and people read along
	colour   bool
	pending  bool // the last line is one of running
}

// newScreen asks the file what it is and NO_COLOR what the user likes.
func newScreen(f *os.File) *screen {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return &screen{w: f, terminal: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

// printf writes to the screen. A write fails when the reader has left, which ends
// the demo as an interruption does.
func (s *screen) printf(format string, args ...any) {
	s.clear()
	_, _ = fmt.Fprintf(s.w, format, args...)
}

// running shows what is going on, until the next line takes its place.
func (s *screen) running(text string) {
	if s.terminal {
		s.clear()
		_, _ = io.WriteString(s.w, s.paint(dim, "     "+text))
		s.pending = true
	}
}

// clear takes back what running has shown.
func (s *screen) clear() {
	if s.pending {
		_, _ = io.WriteString(s.w, "\r\x1b[K")
		s.pending = false
	}
}

// pause gives people the time to read. A pipe has all it needs.
func (s *screen) pause(ctx context.Context) error {
	if s.terminal {
		select {
		case <-time.After(pace):
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

func (s *screen) intro(building time.Duration) {
	s.printf("examples/quickstart, built in %.1f s, in a local Lambda; a fake AWS answers after %d ms.\n", building.Seconds(), latency.Milliseconds())
	s.printf("Between two events the process is stopped; \"later\" is told by the local Lambda's clock.\n\n")
	s.printf("     %-*s %-*s %s\n", titleWidth, "what happens", servicesWidth, "calls to AWS", "answered in")
}

// line shows an invocation.
func (s *screen) line(number int, title string, o outcome) {
	colour := yellow
	switch {
	case o.err != nil:
		colour = red
	case len(o.services) == 0:
		colour = green
	}
	text := fmt.Sprintf("%3d  %-*s %-*s %s %s", number, titleWidth, title, servicesWidth, calls(o.services),
		s.paint(colour, fmt.Sprintf("%8s", milliseconds(o.took))), s.paint(colour, bar(o.took)))
	s.printf("%s\n", strings.TrimRight(text, " "))
}

// note shows something below a line.
func (s *screen) note(text string) { s.printf("     %s\n", s.paint(dim, text)) }

func (s *screen) paint(colour, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// calls counts the calls by service: "ssm 3, secretsmanager". Services are in the order
// of the alphabet, because side by side there is none.
func calls(services []string) string {
	var words []string
	for _, service := range []string{"s3", "secretsmanager", "ssm"} {
		n := 0
		for _, s := range services {
			if s == service {
				n++
			}
		}
		switch {
		case n == 1:
			words = append(words, service)
		case n > 1:
			words = append(words, fmt.Sprintf("%s %d", service, n))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// bar is as long as d, in eighths of a character: "" for next to nothing.
func bar(d time.Duration) string {
	eighths := int(8 * d / barStep)
	if eighths > 8*barWidth {
		return strings.Repeat("█", barWidth) + "…"
	}
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string('█' + rune(8-rest)) // Unicode has the shorter blocks in this order
	}
	return text
}
