package errorsdoc_test

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

const page = "../../docs/errors.md"

// section is one error of the page: a heading of the third level, its text in a
// block, and a list.
type section struct {
	text string
	is   string // what errors.Is says, as written
	seen bool
}

type sections map[string]*section

// readPage reads docs/errors.md.
func readPage(t *testing.T) sections {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	all := make(sections)
	for part := range strings.SplitSeq(string(b), "\n### ") {
		heading, rest, _ := strings.Cut(part, "\n")
		_, block, found := strings.Cut(rest, "```text\n")
		if strings.HasPrefix(part, "# ") || !found {
			continue
		}
		text, list, _ := strings.Cut(block, "\n```\n")
		s := &section{text: text}
		if m := isLine.FindStringSubmatch(list); m != nil {
			s.is = m[1]
		}
		for _, item := range []string{"* Kept: ", "* Do: "} {
			if !strings.Contains(list, "\n"+item) {
				t.Errorf("section %q does not have %q", heading, item)
			}
		}
		all[heading] = s
	}
	return all
}

var isLine = regexp.MustCompile("(?m)^\\* `errors.Is`: (.*)$")

func (s sections) section(t *testing.T, heading string) *section {
	t.Helper()
	found := s[heading]
	if found == nil {
		t.Errorf("the page has no section %q", heading)
		return &section{}
	}
	found.seen = true
	return found
}

// allSeen fails for a section that no case has proved.
func (s sections) allSeen(t *testing.T) {
	t.Helper()
	for heading, section := range s {
		if !section.seen {
			t.Errorf("no case proves section %q", heading)
		}
	}
}

// placeholders are what differs from run to run.
var placeholders = map[string]string{
	"your type":  `[\w.]+`,
	"time":       `[\d.mµ]+s`,
	"request id": `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
	"host":       `127\.0\.0\.1:\d+`,
	"n":          `\d+`,
	"caller":     `arn:aws:sts::\d{12}:assumed-role/[\w/]+`,
	"tmp":        `/\S+`,
	"uid":        `\d+`,
}

var placeholder = regexp.MustCompile(`<([^<>]+)>`)

// matches compares an error with the page: all of it, but for the placeholders.
func (s *section) matches(t *testing.T, got string) {
	t.Helper()
	var pattern strings.Builder
	end := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(s.text, -1) {
		class, ok := placeholders[s.text[m[2]:m[3]]]
		if !ok {
			t.Errorf("the page has a placeholder <%s> that the test does not know", s.text[m[2]:m[3]])
		}
		pattern.WriteString(regexp.QuoteMeta(s.text[end:m[0]]) + class)
		end = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(s.text[end:]))
	if !regexp.MustCompile("^" + pattern.String() + "$").MatchString(got) {
		t.Errorf("the error is\n%s\nand the page says\n%s", got, s.text)
	}
}

// kind compares what the page says of errors.Is with what it says itself.
func (s *section) kind(t *testing.T, err error) {
	t.Helper()
	var kinds []string
	for name, kind := range map[string]error{
		"lambdacache.ErrNotFound": lambdacache.ErrNotFound, "lambdacache.ErrDenied": lambdacache.ErrDenied,
		"lambdacache.ErrThrottled": lambdacache.ErrThrottled, "lambdacache.ErrDecode": lambdacache.ErrDecode,
		"context.Canceled": context.Canceled, "context.DeadlineExceeded": context.DeadlineExceeded,
	} {
		if errors.Is(err, kind) {
			kinds = append(kinds, "`"+name+"`")
		}
	}
	slices.Sort(kinds)
	got := cmp.Or(strings.Join(kinds, ", "), "none")
	if got != s.is {
		t.Errorf("errors.Is says %s, the page %q", got, s.is)
	}
}

// chain gives err and everything that it wraps.
func chain(err error) iter.Seq[error] {
	return func(yield func(error) bool) { walk(err, yield) }
}

func walk(err error, yield func(error) bool) bool {
	if err == nil {
		return true
	}
	if !yield(err) {
		return false
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return walk(e.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !walk(inner, yield) {
				return false
			}
		}
	}
	return true
}
