package leaks_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/leaks"
)

// TestNothingShowsAValue prints an instance of every exported type of the module,
// one that holds a value if it can, in every place and in every way. A type that is
// new fails the test until the table has an instance of it, or says why not.
func TestNothingShowsAValue(t *testing.T) {
	all := newWorld(t).instances()
	for _, name := range exportedTypes(t, "../..") {
		cases, listed := all[name]
		delete(all, name)
		switch why := exempt[name]; {
		case !listed && why == "":
			t.Errorf("%s is a new type: give instances_test.go one that holds a value", name)
		case listed && why != "":
			t.Errorf("%s is in the table and exempt from it", name)
		}
		for _, c := range cases {
			t.Run(name+" "+c.what, c.run)
		}
	}
	for name, cases := range all {
		if !strings.HasPrefix(name, "also ") {
			t.Errorf("the table has %s, and the module does not", name)
		}
		for _, c := range cases {
			t.Run(name+" "+c.what, c.run)
		}
	}
}

// instance is something that must not show a value.
type instance struct {
	what  string
	holds bool // the value is in memory that it leads to
	held  func() bool
	shown func() string
}

// of makes an instance of v. Whether v holds a value is found out, where it can be.
func of[T any](what string, v T) instance {
	return instance{
		what:  what,
		held:  func() bool { return leaks.Planted.Reaches(v) },
		shown: func() string { return leaks.Everywhere(leaks.Planted, v) },
	}
}

// holding is of for what must hold a value, or the test would prove nothing.
func holding[T any](what string, v T) instance {
	i := of(what, v)
	i.holds = true
	return i
}

// revealing is holding for what holds it in a function; reveal gives it.
func revealing[T any](what string, v T, reveal func(T) any) instance {
	i := holding(what, v)
	i.held = func() bool { return leaks.Planted.Reaches(reveal(v)) }
	return i
}

func (i instance) run(t *testing.T) {
	t.Parallel()
	if i.holds && !i.held() {
		t.Error("holds no value: nothing is proved")
	}
	if where := i.shown(); where != "" {
		t.Errorf("shows the value: %s", where)
	}
}

// exportedTypes lists the exported types of a module's packages, but for those of its
// inner modules: "ssmcache.Set". Interfaces are left out: they hold nothing.
func exportedTypes(t *testing.T, root string) []string {
	t.Helper()
	names := make(map[string]bool)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && file != root && (hasFile(file, "go.mod") || strings.HasPrefix(name, ".") || name == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, name := range typesOf(parsed) {
			names[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(names))
}

func typesOf(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			spec, ok := s.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				continue
			}
			if _, isInterface := spec.Type.(*ast.InterfaceType); !isInterface {
				names = append(names, file.Name.Name+"."+spec.Name.Name)
			}
		}
	}
	return names
}

func hasFile(dir, name string) bool {
	_, err := os.Stat(path.Join(dir, name))
	return err == nil
}

func TestExportedTypes(t *testing.T) {
	types := exportedTypes(t, "../..")
	for _, name := range []string{"lambdacache.Entry", "ssmcache.Set", "s3cache.LocalFile", "cachetest.AWS", "fixed.Values"} {
		if !slices.Contains(types, name) {
			t.Errorf("%s is not found", name)
		}
	}
	for _, name := range []string{"lambdacache.Cached", "lambdacache.core", "guest.Running", "screen.Screen", "leaks_test.instance"} {
		if slices.Contains(types, name) {
			t.Errorf("%s is found", name)
		}
	}
}
