package ssmcache

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

// mayPanic reports what f panics with, nil for nothing.
func mayPanic(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

// FuzzPath holds that a path is refused with a text that says so, or is read the same
// when it is read again, and that its own names are below it.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"/prod/app/", "/prod/app", "/", "//", "", "a", "/a//b", "/a/ ", "/a b", "/a:prod", "/é", "\xff", "/a?x=1", "/a+b",
		"arn:aws:ssm:us-east-1:123456789012:parameter/app", "/aws/reference/secretsmanager/", "/aws/service/",
	} {
		f.Add(seed, "prod", true)
		f.Add(seed, "", false)
	}
	f.Add("/a", "a&b=c", false)
	f.Fuzz(func(t *testing.T, path, labelled string, flat bool) {
		var opts []lambdacache.Option
		if flat {
			opts = append(opts, NotRecursive())
		}
		if labelled != "" {
			if r := mayPanic(func() { opts = append(opts, Label(labelled)) }); r != nil {
				wantOwnWords(t, r, "Label", labelled)
			}
		}
		var k pathKey
		var rest []lambdacache.Option
		if r := mayPanic(func() { k, rest = newPath(path, opts) }); r != nil {
			wantOwnWords(t, r, "Path", path)
			return
		}
		if len(rest) != 0 || k.flat != flat || k.label != "" && k.label != labelled {
			t.Errorf("%q, %q, %v is %+v", path, labelled, flat, k)
		}
		if again := parsePathKey(k.String()); again != k {
			t.Errorf("%+v, read again, is %+v", k, again)
		}
		if again, _ := newPath(k.asked(), opts); again != k || strings.TrimSuffix(k.asked(), "/")+"/" != k.path {
			t.Errorf("%+v is asked for as %q", k, k.asked())
		}
		if name := k.shortName(); name == "" || k.path != "/" && strings.Contains(name, "/") {
			t.Errorf("%q has the short name %q", path, name)
		}
		if name, ok := k.relative(k.path + "db/host"); name != "db/host" || !ok {
			t.Errorf("below %q is %q", path, name)
		}
		if _, ok := k.relative(k.path); ok {
			t.Errorf("%q is below itself", path)
		}
		if got := k.resource(); !strings.HasPrefix(got, "arn:aws:ssm:*:*:parameter/") || strings.Contains(got, "parameter//") {
			t.Errorf("%q is the resource %q", path, got)
		}
	})
}

func wantOwnWords(t *testing.T, r any, what, arg string) {
	t.Helper()
	if text, ok := r.(string); !ok || !strings.HasPrefix(text, fmt.Sprintf("lambdacache: ssmcache.%s(%q): ", what, arg)) {
		t.Errorf("%s(%q) panics with %v", what, arg, r)
	}
}

// FuzzTag holds that a field's tag is refused, or names what can be there.
func FuzzTag(f *testing.F) {
	for _, seed := range []string{"host", "db/host", "db/", "limit,optional", "a,", ",optional", "", "-", "/a", "a//b", "a:b", "a b", "a,optional,optional", "é", "\xff", "/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tag, err := parseTag(text)
		if err != nil {
			return
		}
		if again, err := parseTag(strings.TrimSuffix(text, ",optional")); err != nil || again.name != tag.name || again.optional {
			t.Errorf("%q is %+v, and without its option %+v, %v", text, tag, again, err)
		}
		if tag.name == "" || strings.HasPrefix(tag.name, "/") || strings.Contains(tag.name, "//") || strings.ContainsFunc(tag.name, foreignInPath) {
			t.Errorf("%q names %q", text, tag.name)
		}
		into, err := place{prefix: tag.name}.leaf(reflect.TypeFor[string](), tag)
		if err != nil {
			t.Fatal(err)
		}
		tree := &tree{key: pathKey{path: "/app/"}, parameters: map[string]*parameter{tag.name: {value: "v"}}}
		var v string
		if wrong := into(tree, reflect.ValueOf(&v).Elem()); len(wrong) > 0 || v != "v" {
			t.Errorf("%q is not filled: %q", text, wrong)
		}
		tree.parameters = nil
		if wrong := into(tree, reflect.ValueOf(&v).Elem()); len(wrong) == 0 != tag.optional {
			t.Errorf("%q, when it is missing: %q", text, wrong)
		}
	})
}
