package lambdacache_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What a function pays for an import is a promise too: these tests keep it.

const module = "github.com/lambda-cache/lambdacache"

// imports lists the packages outside the standard library that pattern's packages
// link, or with "-test" those their tests do.
func imports(t *testing.T, args ...string) []string {
	t.Helper()
	args = append([]string{"list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"}, args...)
	return strings.Fields(run(t, ".", "go", args...))
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func TestTheCoreImportsTheStandardLibraryOnly(t *testing.T) {
	for _, pkg := range []string{".", "./cachetest", "./httpcache", "./internal/lambdahost"} {
		for _, dep := range imports(t, pkg) {
			if dep != module && !strings.HasPrefix(dep, module+"/internal/") && dep != module+"/cachetest" && dep != module+"/"+filepath.Base(pkg) {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
}

// typesOnly are what sources link of a second service: attributevalue decodes the
// attributes of DynamoDB's streams as well, so it needs their types, and no client.
var typesOnly = map[string][]string{"dynamocache": {
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types",
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/schemas",
}}

// serviceOf is the one service that a source links, "" for none.
var serviceOf = map[string]string{
	"ssmcache": "ssm", "secretcache": "secretsmanager", "s3cache": "s3", "appconfigcache": "appconfigdata",
	"dynamocache": "dynamodb", "httpcache": "",
}

// Whoever adds a package says here what it may link.
func TestEveryPackageHasARule(t *testing.T) {
	others := []string{"awsconfig", "awsconfig/assumerole", "bind", "cachetest"}
	for _, pkg := range strings.Fields(run(t, ".", "go", "list", "./...")) {
		pkg = strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		if _, isSource := serviceOf[pkg]; pkg != "" && !strings.HasPrefix(pkg, "internal/") && !isSource && !slices.Contains(others, pkg) {
			t.Errorf("%s: no test says what it may link", pkg)
		}
	}
}

func TestASourceLinksOneService(t *testing.T) {
	const services = "github.com/aws/aws-sdk-go-v2/service/"
	for source, service := range serviceOf {
		deps := imports(t, "./"+source)
		for _, dep := range deps {
			name, isService := strings.CutPrefix(dep, services)
			name, _, _ = strings.Cut(name, "/")
			ours := strings.HasPrefix(dep, module+"/") && strings.HasSuffix(dep, "cache") && !strings.HasSuffix(dep, source) || dep == module+"/bind"
			if isService && name != service && name != "internal" && !slices.Contains(typesOnly[source], dep) || ours {
				t.Errorf("%s links %s", source, dep)
			}
			if slices.Contains([]string{"config", "credentials/ssocreds", "credentials/stscreds"}, strings.TrimPrefix(dep, "github.com/aws/aws-sdk-go-v2/")) {
				t.Errorf("%s links %s, which costs every cold start", source, dep)
			}
		}
		if service != "" && !slices.Contains(deps, services+service) {
			t.Errorf("%s does not link %s: this test knows it no longer", source, service)
		}
	}
}

// A program that binds a struct links the sources whose Tag it names, and no others.
func TestBindLinksNoSource(t *testing.T) {
	for _, dep := range imports(t, "./bind") {
		if dep != module && dep != module+"/bind" && !strings.HasPrefix(dep, module+"/internal/") {
			t.Errorf("bind imports %s", dep)
		}
	}
	for source := range serviceOf {
		own := imports(t, "./"+source)
		for _, dep := range imports(t, "./bind", "./"+source) {
			if !slices.Contains(own, dep) && dep != module+"/bind" {
				t.Errorf("a program with bind and %s links %s, which %s alone does not", source, dep, source)
			}
		}
	}
}

// The default configuration serves all services and has the client of none.
func TestTheConfigurationLinksNoService(t *testing.T) {
	for _, dep := range imports(t, "./awsconfig") {
		if strings.HasPrefix(dep, "github.com/aws/aws-sdk-go-v2/service/") || strings.HasSuffix(dep, "cache") && dep != module {
			t.Errorf("awsconfig links %s", dep)
		}
	}
}

// Roles cost those who assume one.
func TestAssumeRoleLinksSTSAlone(t *testing.T) {
	const services = "github.com/aws/aws-sdk-go-v2/service/"
	deps := imports(t, "./awsconfig/assumerole")
	for _, dep := range deps {
		name, isService := strings.CutPrefix(dep, services)
		if name, _, _ = strings.Cut(name, "/"); isService && name != "sts" && name != "internal" {
			t.Errorf("it links %s", dep)
		}
		if strings.HasPrefix(dep, "github.com/aws/aws-sdk-go-v2/credentials") || strings.HasPrefix(dep, module+"/") && strings.HasSuffix(dep, "cache") && dep != module {
			t.Errorf("it links %s", dep)
		}
	}
	if !slices.Contains(deps, services+"sts") {
		t.Error("it does not link STS: this test knows it no longer")
	}
}

func isAWS(module string) bool {
	return strings.HasPrefix(module, "github.com/aws/aws-sdk-go-v2") || strings.HasPrefix(module, "github.com/aws/smithy-go")
}

// What a package's tests import reaches the go.sum of those who import the package.
func TestTestsImportAWSOnly(t *testing.T) {
	for _, dep := range imports(t, "-test", "./...") {
		if dep = strings.Trim(dep, "[]"); !isAWS(dep) && !strings.HasPrefix(dep, module) { // "p [q.test]"
			t.Errorf("a test imports %s", dep)
		}
	}
}

// program writes a program that uses this module, and gives its directory.
func program(t *testing.T, imports, body string) (dir string) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module program\n\ngo 1.26\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n",
		"main.go": "package main\n\nimport (\n" + strings.ReplaceAll(imports, "MODULE", module) + ")\n\n" + body + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "go", "mod", "tidy")
	return dir
}

func TestGoSumOfAProgramThatImportsSSMCache(t *testing.T) {
	dir := program(t, `"MODULE/ssmcache"`+"\n", `func main() { println(ssmcache.Parameter[string]("/app/var").Name()) }`)
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sum)) {
		if !isAWS(line) {
			t.Errorf("go.sum has %s", line)
		}
	}
	if len(sum) == 0 {
		t.Error("go.sum is empty: nothing was tested")
	}
	if got := run(t, dir, "go", "run", "."); got != "" { // println writes to stderr; it must build and run
		t.Errorf("the program prints %q", got)
	}
}

// The linker is asked too: in the binary there is one service, and nothing for package
// bind or for paths in a program that does not use them.
func TestTheBinaryOfAProgram(t *testing.T) {
	const binds, paths = module + "/ssmcache.binding.DeclareField", module + "/ssmcache.pathSource.Load"
	for _, test := range []struct {
		imports, body string
		has, not      []string
	}{
		{`"MODULE/ssmcache"` + "\n", `func main() { println(ssmcache.Parameter[string]("/app/var").Get(nil)) }`, nil, []string{binds, paths}},
		{`"MODULE/ssmcache"; "MODULE/bind"` + "\n", "type config struct { Key string `ssm:\"/app/var\"` }\nfunc main() { println(bind.Struct[*config](ssmcache.Tag).Get(nil)) }", []string{binds}, []string{paths}},
	} {
		dir := program(t, test.imports, test.body)
		run(t, dir, "go", "build", "-o", "program", ".")
		symbols := run(t, dir, "go", "tool", "nm", "program")
		for _, m := range regexp.MustCompile(`aws-sdk-go-v2/service/(\w+)`).FindAllStringSubmatch(symbols, -1) {
			if m[1] != "ssm" && m[1] != "internal" {
				t.Errorf("%s: the binary has code of %s", test.imports, m[1])
			}
		}
		for _, name := range append(test.has, module+"/ssmcache.(*source).Load") {
			if !strings.Contains(symbols, name) {
				t.Errorf("%s: the binary has no %s: this test knows it no longer", test.imports, name)
			}
		}
		for _, name := range test.not {
			if strings.Contains(symbols, name) {
				t.Errorf("%s: the binary has %s", test.imports, name)
			}
		}
	}
}

// No test leaves a goroutine: every package with tests looks for them when all have
// ended.
func TestEveryPackageLooksForLeftovers(t *testing.T) {
	for _, dir := range strings.Fields(run(t, ".", "go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}", "./...")) {
		files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if !slices.ContainsFunc(files, func(f string) bool { return strings.Contains(readFile(t, f), "leftover.Main(m)") }) {
			t.Errorf("%s: its TestMain does not call leftover.Main", dir)
		}
	}
}
