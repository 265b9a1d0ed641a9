// Package page makes docs/performance.md of what was measured: tables and charts
// between marks, in a page whose prose is written by hand.
package page

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

const (
	name   = "performance.md"
	charts = "performance" // the folder of the charts, beside the page
)

// Update makes the page in the folder docs anew from the results, and its charts.
func Update(results, docs string) error {
	run, err := result.Load(results)
	if err != nil {
		return err
	}
	files, err := Render(run, docs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(docs, charts), 0o755); err != nil { //nolint:gosec // what is published
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(docs, path), files[path], 0o644); err != nil { //nolint:gosec // what is published
			return err
		}
	}
	return nil
}

// Render gives the page and its charts by their paths below docs, whose page is read
// for its prose.
func Render(run *result.Run, docs string) (map[string][]byte, error) {
	page, err := os.ReadFile(filepath.Join(docs, name))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	parts := map[string]string{"run": aboutRun(run), "versions": versions(run)}
	for _, m := range run.Measurements {
		if m.ID == "aims" {
			parts[m.ID] = aimsTable(m)
			continue
		}
		file := charts + "/" + m.ID + ".svg"
		files[file] = chart(m)
		parts[m.ID] = fmt.Sprintf("![%s](%s)\n\n%s\n%s", title(m), file, table(m), winners(m))
	}
	text, err := fill(page, parts)
	files[name] = text
	return files, err
}

// fill puts the parts between their marks. Each part has one place in the page, and
// each place a part.
func fill(page []byte, parts map[string]string) ([]byte, error) {
	var out bytes.Buffer
	rest := string(page)
	seen := make(map[string]bool)
	for {
		before, after, found := strings.Cut(rest, "<!-- measured: ")
		out.WriteString(before)
		if !found {
			break
		}
		id, after, closed := strings.Cut(after, " -->")
		_, after, ended := strings.Cut(after, "<!-- end -->")
		part, known := parts[id]
		switch {
		case !closed || !ended:
			return nil, fmt.Errorf("%s: the mark %.40q has no end", name, id)
		case !known:
			return nil, fmt.Errorf("%s: nothing was measured as %q", name, id)
		case seen[id]:
			return nil, fmt.Errorf("%s: %q has two places", name, id)
		}
		seen[id] = true
		fmt.Fprintf(&out, "<!-- measured: %s -->\n%s\n<!-- end -->", id, strings.TrimSpace(part))
		rest = after
	}
	for id := range parts {
		if !seen[id] {
			return nil, fmt.Errorf("%s: no place for %q: write <!-- measured: %s --><!-- end -->", name, id, id)
		}
	}
	return out.Bytes(), nil
}
