package frompython_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestList(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/list/var1", "1")
	aws.SSM.Put("/list/var2", "2")
	parameters := ssmcache.Parameters("parameters", []string{"/list/var1", "/list/var2"})
	set := invoke(t, reading(parameters))
	is(t, "var1", set.Text("var1"), "1")
	is(t, "var2", set.Text("var2"), "2")
	is(t, "name", parameters.Name(), "parameters")
	is(t, "calls", aws.Calls("GetParameters"), 1)
}

func TestListNeedsAName(t *testing.T) {
	refuses(t, func() { ssmcache.Parameters("", []string{"/list/var1"}) }, "a name")
}

func TestListOfAllTypes(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/types/string", "a,b")
	aws.SSM.PutList("/types/list", "a", "b")
	aws.SSM.PutSecure("/types/secure", "hidden")
	set := get(t, ssmcache.Parameters("types", []string{"/types/string", "/types/list", "/types/secure"}))
	is(t, "String", set.Text("string"), "a,b")
	is(t, "StringList", set.List("list"), []string{"a", "b"})
	is(t, "SecureString", set.Text("secure"), "hidden")
	is(t, "which is a list", []bool{set.IsList("string"), set.IsList("list")}, []bool{false, true})
	is(t, "names", slices.Collect(set.Names()), []string{"list", "secure", "string"})
	is(t, "calls", aws.Calls(""), 1)
}

// The service takes ten names a call.
func TestLongList(t *testing.T) {
	aws, _ := start(t)
	var names []string
	for i := range 23 {
		names = append(names, fmt.Sprint("/long/list/p", i))
		aws.SSM.Put(names[i], fmt.Sprint(i))
	}
	set := get(t, ssmcache.Parameters("long", names))
	is(t, "the last", set.Text("p22"), "22")
	is(t, "calls", aws.Calls("GetParameters"), 3)
}

func TestListWithAMissingParameter(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/missing/here", "1")
	set := ssmcache.Parameters("missing", []string{"/missing/here", "/missing/not/there"})
	_, err := set.Get(t.Context())
	says(t, err, lambdacache.ErrNotFound, "/missing/not/there", "ParameterNotFound")
}

func TestListOfSameShortNames(t *testing.T) {
	refuses(t, func() { ssmcache.Parameters("same", []string{"/a/var", "/b/var"}) }, "/a/var", "/b/var", `"var"`)
}

// Either permission is enough, for one parameter and for many.
func TestOnePermission(t *testing.T) {
	for _, denied := range []string{"ssm:GetParameter", "ssm:GetParameters"} {
		t.Run(denied, func(t *testing.T) {
			aws, _ := start(t)
			aws.SSM.Put("/permission/var1", "1")
			aws.SSM.Put("/permission/var2", "2")
			aws.Deny(denied, "")
			is(t, "a single parameter", get(t, ssmcache.Parameter[string]("/permission/var1")), "1")
			cachetest.Reset(t)
			set := get(t, ssmcache.Parameters("permission", []string{"/permission/var1", "/permission/var2"}))
			is(t, "values", set.Text("var1")+set.Text("var2"), "12")
		})
	}
}
