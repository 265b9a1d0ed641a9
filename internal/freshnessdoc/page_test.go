package freshnessdoc_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the page's table and drawing instead of comparing them")

const (
	page    = "../../docs/freshness.md"
	drawing = "../../docs/freshness.svg"
	begin   = "<!-- begin: an entry's life -->\n"
	end     = "<!-- end: an entry's life -->\n"
)

// The page and its drawing say what an entry does.
func TestFreshnessPage(t *testing.T) {
	phases := life(t)
	var names []string
	for _, p := range phases {
		names = append(names, p.name)
	}
	if got := strings.Join(names, ", "); got != "fresh, ahead, stale allowed, refused" {
		t.Fatalf("the phases of an entry's life are %s: %+v", got, phases)
	}
	for i, want := range []time.Duration{0, maxAge * 8 / 10, maxAge, maxAge + stale} {
		if phases[i].from != want {
			t.Errorf("%s begins at %v, want %v", phases[i].name, phases[i].from, want)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has not the lines %q and %q", page, begin, end)
	}
	compare(t, page, head+begin+table(phases)+end+tail, string(text))
	old, _ := os.ReadFile(drawing)
	compare(t, drawing, draw(phases), string(old))
}

func compare(t *testing.T, file, want, got string) {
	t.Helper()
	switch {
	case got == want:
	case *update:
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what an entry does: go test ./internal/freshnessdoc -update", file)
	}
}

// table is the life in words.
func table(phases []phase) string {
	var b strings.Builder
	b.WriteString("\n| phase | an invocation begins at an age of | the source answers | the source fails |\n|---|---|---|---|\n")
	for i, p := range phases {
		until := "or more"
		if i+1 < len(phases) {
			until = fmt.Sprintf("to %v", phases[i+1].from)
		}
		fmt.Fprintf(&b, "| %s | %v %s | %s | %s |\n", p.name, p.from, until, p.works, p.fails)
	}
	b.WriteString("\n")
	return b.String()
}

// String is an outcome in words.
func (o outcome) String() string {
	call, value := "no call", "the value that is held"
	switch {
	case o.beside:
		call = "a load beside the handler"
	case o.calls > 0:
		call = "a load before the handler"
	}
	switch {
	case o.err:
		value = "an error, and the handler does not run"
	case o.value == "new":
		value = "the new value"
	case o.calls > 0:
		value = "the old value"
	}
	text := call + ": " + value
	if o.events != "" {
		text += " (events: " + o.events + ")"
	}
	return text
}
