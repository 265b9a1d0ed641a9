package frompython_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	leftover.Main(m)
}

const page = "../../docs/from-python.md"

// Every row of the page names a test that exists, in the file it links to.
func TestEveryRowHasATest(t *testing.T) {
	tests := testsByFile(t)
	for number, row := range rows(t) {
		proofs := proof.FindAllStringSubmatch(row, -1)
		if proofs == nil {
			t.Errorf("line %d names no test: %s", number, row)
		}
		for _, p := range proofs {
			name, link := p[1], filepath.Join(filepath.Dir(page), p[2])
			if file := filepath.Base(link); !slices.Contains(tests[file], name) || !sameFile(link, file) {
				t.Errorf("line %d names %s, which is not in %s", number, name, p[2])
			}
		}
	}
}

// Every test of this package proves a row, but for those about the page itself.
func TestEveryTestHasARow(t *testing.T) {
	named := make(map[string]bool)
	for _, row := range rows(t) {
		for _, p := range proof.FindAllStringSubmatch(row, -1) {
			named[p[1]] = true
		}
	}
	for file, tests := range testsByFile(t) {
		for _, name := range tests {
			if file != "from_python_test.go" && !named[name] {
				t.Errorf("no row of the page names %s of %s", name, file)
			}
		}
	}
}

// What the page calls ours exists: every lambdacache.X, ssmcache.X and so on.
func TestEveryNameExists(t *testing.T) {
	exported := make(map[string]bool)
	for name, dir := range map[string]string{
		"lambdacache": "../..", "ssmcache": "../../ssmcache", "secretcache": "../../secretcache",
		"s3cache": "../../s3cache", "cachetest": "../../cachetest",
	} {
		for _, id := range exports(t, dir) {
			exported[name+"."+id] = true
		}
	}
	found := qualified.FindAllString(strings.Join(lines(t), "\n"), -1)
	for _, name := range found {
		if !exported[name] {
			t.Errorf("the page writes %s, which does not exist", name)
		}
	}
	if len(found) == 0 {
		t.Error("the page names nothing of ours")
	}
}

var (
	proof     = regexp.MustCompile(`\[(Test\w+)\]\((\S+?)\)`)
	qualified = regexp.MustCompile(`\b(?:lambdacache|ssmcache|secretcache|s3cache|cachetest)\.[A-Z]\w*`)
)

// rows gives the rows of the page's tables by line number. What stands above a rule
// of dashes is a table's head.
func rows(t *testing.T) map[int]string {
	t.Helper()
	all := lines(t)
	found := make(map[int]string)
	for i, line := range all {
		isHead := i+1 < len(all) && strings.HasPrefix(all[i+1], "|--")
		if strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "|--") && !isHead {
			found[i+1] = line
		}
	}
	if len(found) < 50 {
		t.Errorf("only %d rows were found: the page is not read as it is written", len(found))
	}
	return found
}

func lines(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// testsByFile reads this package's own source.
func testsByFile(t *testing.T) map[string][]string {
	t.Helper()
	tests := make(map[string][]string)
	for file, decls := range parse(t, ".", "_test.go") {
		for _, d := range decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
				tests[file] = append(tests[file], f.Name.Name)
			}
		}
	}
	return tests
}

// exports gives the exported names of a package's top level.
func exports(t *testing.T, dir string) (names []string) {
	t.Helper()
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names = append(names, id.Name)
		}
	}
	for file, decls := range parse(t, dir, ".go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, d := range decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						add(s.Name)
					case *ast.ValueSpec:
						for _, id := range s.Names {
							add(id)
						}
					}
				}
			}
		}
	}
	return names
}

func parse(t *testing.T, dir, suffix string) map[string][]ast.Decl {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]ast.Decl)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = file.Decls
	}
	return files
}

func sameFile(a, b string) bool {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(first, second)
}
