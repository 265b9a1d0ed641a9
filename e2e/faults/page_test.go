package faults

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/faults.md")

const file = "../../docs/faults.md"

const intro = `# What happens when a service fails

Every fault that a network and a service can have, by every source, over real HTTP: what an invocation gets whose
` + "`Wrap`" + ` lists the entry, what is sent to the service for it, and which [events](../event.go) are told. This page is
written by [e2e/faults](../e2e/faults), which breaks a fake AWS, a site and the network before them and fails where the page is not
what happens: ` + "`make e2e`" + `; ` + "`cd e2e && go test ./faults -update`" + ` writes it anew.

* **No value**: nothing was ever loaded. **Old value**: one was, longer ago than its max age. **Stale allowed**: the same,
  and the entry has ` + "`lambdacache.StaleIfError`" + `.
* An error is a ` + "`*lambdacache.LoadError`" + `, the handler does not run, and errors.Is or errors.As find what the cell
  names in it. *Kept* means that the old value and its age are what they were before.
* Requests are those of the default configuration: three attempts, 1.5 s each, and but for S3 within the load's timeout
  of 3 s (2.5 s here, so that it does not end together with an attempt). A cell names its own where they differ from those
  without a value.
* The requests of httpcache are GETs over HTTPS.
* A token of AppConfig is good for one call: tried again after an answer that did not arrive, it is refused.
* After the fault every cell loads the new value at its next due time; until then, a served old value costs no request
  for as long as the pause lasts.

`

// page is the text of every fault, by name.
type page map[string][]string

// add writes a cell down; one that is not defined fails the test.
func (p page) add(t *testing.T, f fault, c *cell) {
	t.Helper()
	text := c.text()
	if strings.Contains(text, "undefined") {
		t.Errorf("%s, %s, column %d: %s (got %q, error %q)", f.name, c.source.name, c.column, text, c.got, c.err)
	}
	lines := p[f.name]
	if c.column == nothing {
		name := "`" + c.source.name + "`"
		if rest, ok := strings.CutPrefix(c.source.name, "two "); ok {
			name = "two `" + rest + "`"
		}
		p[f.name] = append(lines, fmt.Sprintf("| %s | %s | %s |", name, c.sent, text))
		return
	}
	if sent := strings.Split(lines[len(lines)-1], " | ")[1]; sent != c.sent {
		text += "; " + c.sent
	}
	lines[len(lines)-1] += " " + text + " |"
}

// text is what stands in a cell.
func (c *cell) text() string {
	told := " (" + c.told + ")"
	switch {
	case c.told == "":
		return "undefined: no event"
	case c.got == "v2" && c.err == "":
		return "the value" + told
	case c.got == "v1" && c.column == allowed && strings.Contains(c.told, "failed") && strings.HasSuffix(c.told, "stale"):
		return "the old value" + told
	case c.got != "" || c.err == "":
		return "undefined"
	case c.column == nothing:
		return c.err + told
	}
	return c.err + ", kept" + told
}

func (p page) String() string {
	text := intro
	for _, f := range faults {
		text += "## " + f.name + "\n\n" + f.text + "\n\n" +
			"| source | requests | no value | old value | stale allowed |\n|---|---|---|---|---|\n" +
			strings.Join(p[f.name], "\n") + "\n\n"
	}
	return strings.TrimSuffix(text, "\n")
}

// compare compares the page with docs/faults.md, or writes it.
func (p page) compare(t *testing.T) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(p.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, got := strings.Split(string(b), "\n"), strings.Split(p.String(), "\n")
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Fatalf("%s differs from line %d on:\n%s\nnow it is\n%s", file, i+1, strings.Join(want[i:min(i+1, len(want))], ""), strings.Join(got[i:min(i+1, len(got))], ""))
		}
	}
}
