package lambdacache_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// read gives a file of the repository.
func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents are what a user reads.
var documents = func() []string {
	pages, _ := filepath.Glob("docs/*.md")
	return append([]string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}, pages...)
}()

var link = regexp.MustCompile(`\[([^]]+)\]\(([\w/-]*[./][\w./-]*)\)`)

// Every link leads somewhere, and a link that is named like a test leads to the file
// that has the test.
func TestLinksInDocuments(t *testing.T) {
	for _, doc := range documents {
		for _, m := range link.FindAllStringSubmatch(readFile(t, doc), -1) {
			name, target := m[1], filepath.Join(filepath.Dir(doc), m[2])
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %q leads nowhere: %s", doc, name, m[2])
				continue
			}
			name = strings.Trim(name, "`")
			test, _, _ := strings.Cut(name, "/")
			if (strings.HasPrefix(test, "Test") || strings.HasPrefix(test, "Fuzz")) && !strings.Contains(readFile(t, target), "func "+test+"(") {
				t.Errorf("%s: %s has no %s", doc, m[2], test)
			}
		}
	}
}

var testName = regexp.MustCompile("`(Test\\w+)`")

// Every test that a document names is there.
func TestTestsInDocuments(t *testing.T) {
	var all strings.Builder
	err := filepath.WalkDir(".", func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			all.WriteString(readFile(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range documents {
		for _, m := range testName.FindAllStringSubmatch(readFile(t, doc), -1) {
			if !strings.Contains(all.String(), "func "+m[1]+"(") {
				t.Errorf("%s names %s, which is nowhere", doc, m[1])
			}
		}
	}
}

// Each numbered statement about files has a row in the page's table.
func TestEveryStatementAboutFilesIsHeld(t *testing.T) {
	page := readFile(t, "docs/files.md")
	if lines := strings.Count(page, "\n"); lines > 90 {
		t.Errorf("the page has %d lines", lines)
	}
	text, table, _ := strings.Cut(page, "## Held by")
	held := make(map[string]bool)
	for _, row := range regexp.MustCompile(`(?m)^\| ([\d, ]+) \| \[`).FindAllStringSubmatch(table, -1) {
		for number := range strings.SplitSeq(row[1], ", ") {
			held[number] = true
		}
	}
	stated := 0
	for _, m := range regexp.MustCompile(`(?m)^(\d+)\. |\((\d+(?:, \d+)*)\) \|`).FindAllStringSubmatch(text, -1) {
		for number := range strings.SplitSeq(m[1]+m[2], ", ") {
			stated++
			if !held[number] {
				t.Errorf("no test is named for statement %s", number)
			}
		}
	}
	if stated < 22 {
		t.Errorf("%d statements found: this test no longer knows them", stated)
	}
}

// The program in the README is the one in examples/quickstart.
func TestTheReadmesProgramIsTheQuickstart(t *testing.T) {
	readme := readFile(t, "README.md")
	if lines := strings.Count(readme, "\n"); lines >= 200 {
		t.Errorf("the README has %d lines", lines)
	}
	_, program, _ := strings.Cut(readme, "```go\n")
	program, _, _ = strings.Cut(program, "```")
	quickstart := readFile(t, "examples/quickstart/main.go")
	checked := 0
	for line := range strings.Lines(program) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " //")
		if line = strings.TrimSpace(line); strings.Contains(line, "cache.") {
			checked++
			if !strings.Contains(quickstart, line) {
				t.Errorf("examples/quickstart has no line %q", line)
			}
		}
	}
	if checked != 5 {
		t.Errorf("%d lines of the README's program use the library, want 5", checked)
	}
}

// The struct in the README and in bind's own documentation is the one of its example.
func TestTheStructOfTheDocumentsIsTheExample(t *testing.T) {
	fields := regexp.MustCompile("(?m)^[/\t ]*(\\w+ +\\S+ +`\\w+:\"[^`]*`)").FindAllStringSubmatch
	of := func(text string) (lines []string) {
		_, text, _ = strings.Cut(text, "type Config struct {")
		text, _, _ = strings.Cut(text, "var cfg")
		for _, m := range fields(text, -1) {
			lines = append(lines, m[1])
		}
		return lines
	}
	example := of(strings.Replace(readFile(t, "bind/example_test.go"), "cfg := bind", "var cfg", 1))
	if len(example) != 6 {
		t.Fatalf("the example has the fields %q", example)
	}
	for _, doc := range []string{"README.md", "bind/bind.go"} {
		if got := of(readFile(t, doc)); !slices.Equal(got, example) {
			t.Errorf("%s has the fields %q, the example %q", doc, got, example)
		}
	}
}

// What is exported is in the README's tables.
func TestEveryConstructorAndOptionIsInTheReadme(t *testing.T) {
	readme := readFile(t, "README.md")
	exported := regexp.MustCompile(`(?m)^func ([A-Z]\w*)(?:\[[^(]*)?\([^\n]*(?:\*(?:lambdacache\.)?(?:Entry|Family)\[[^\n]*|[( ](?:lambdacache\.)?Option) \{`)
	for _, dir := range []string{".", "ssmcache", "secretcache", "s3cache", "appconfigcache", "dynamocache", "httpcache", "bind", "awsconfig/assumerole"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range exported.FindAllStringSubmatch(readFile(t, file), -1) {
				if found++; m[1] == "DeclareFamily" { // for sources: CONTRIBUTING.md has it
					continue
				}
				if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(readme) {
					t.Errorf("the README does not mention %s of %s", m[1], file)
				}
			}
		}
		if found == 0 {
			t.Errorf("no constructor found in %s: this test no longer knows them", dir)
		}
	}
}
