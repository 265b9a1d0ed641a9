package ssmcache_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestBadPathsPanic(t *testing.T) {
	path := func(path string, opts ...lambdacache.Option) func() {
		return func() { ssmcache.Path[ssmcache.Set](path, opts...) }
	}
	label := func(name string) func() { return func() { ssmcache.Label(name) } }
	long := "/" + strings.Repeat("k", 2048)
	const empty = `the path is empty: write one such as "/prod/app/", or "/" for all parameters`
	const characters = "a path has letters, digits and the characters . - _ / only"
	const labels = "a label has letters, digits and the characters . - _ only, and does not begin with a digit"
	for _, test := range []struct {
		declare func()
		panics  string
	}{
		{path(""), `Path(""): ` + empty},
		{path(" \n"), `Path(" \n"): ` + empty},
		{path("prod/app"), `Path("prod/app"): a path begins with a slash: write "/prod/app"`},
		{path("/prod//app"), `Path("/prod//app"): a path has no two slashes in a row: write one`},
		{path("//"), `Path("//"): a path has no two slashes in a row: write one`},
		{path("/prod/my app"), `Path("/prod/my app"): ` + characters},
		{path("/prod/app*"), `Path("/prod/app*"): ` + characters},
		{path("/prod/a+b"), `Path("/prod/a+b"): ` + characters},
		{path("/prod/app:prod"), `Path("/prod/app:prod"): a path has no :version or :label: write ssmcache.Label for the versions with a label`},
		{path(long), `Path("` + long + `"): a path has no more than 2048 characters`},
		{
			path(arn + "/prod/app/"),
			`Path("` + arn + `/prod/app/"): a path is no ARN: write one such as "/prod/app/", and for another account or Region ssmcache.Client`,
		},
		{path("/aws/reference/secretsmanager/"), `Path("/aws/reference/secretsmanager/"): secrets cannot be read by path: declare each with secretcache.Secret`},
		{path("/aws/reference"), `Path("/aws/reference"): secrets cannot be read by path: declare each with secretcache.Secret`},
		{
			path("/app/", ssmcache.Client(onlyAPI{ssm.New(ssm.Options{})})),
			`Path("/app/"): the ssmcache_test.onlyAPI of ssmcache.Client has no GetParametersByPath: give it one, or another client`,
		},
		{label(""), `Label(""): leave the option out for the newest versions`},
		{label("3"), `Label("3"): ` + labels},
		{label(":prod"), `Label(":prod"): ` + labels},
		{label("a/b"), `Label("a/b"): ` + labels},
		{label("AWSCURRENT"), `Label("AWSCURRENT"): a label does not begin with aws or ssm`},
		{label(long[1:]), `Label("` + long[1:] + `"): a label has no more than 100 characters`},
	} {
		wantPanic(t, "lambdacache: ssmcache."+test.panics, test.declare)
	}
	path(long[:2048])() // the longest that there is
	label(long[1:101])()
	wantPanic(t, `lambdacache: the entry for "/app/" from ssm: othercache.Option is not an option of this source`, path("/app/", foreign))
	wantPanic(t, `lambdacache: the entry for "/app/a" from ssm: ssmcache.Label is not an option of this source`,
		func() { ssmcache.Parameter[string]("/app/a", ssmcache.Label("prod")) })
}

// onlyAPI has what parameters need, and not what paths need.
type onlyAPI struct{ ssmcache.API }

func TestNamesOfPaths(t *testing.T) {
	for path, want := range map[string]string{"/prod/app/": "app", "/app": "app", "/": "/"} {
		if e := ssmcache.Path[ssmcache.Set](path, ssmcache.Label("x"), ssmcache.NotRecursive()); e.Name() != want {
			t.Errorf("%s is named %q", path, e.Name())
		}
	}
	want(t, "name", ssmcache.Path[ssmcache.Set]("/app", lambdacache.Name("own")).Name(), "own")
}

type (
	one struct {
		A string `ssm:"a"`
	}
	outer struct{ B one }
	bad   struct {
		DB struct {
			Host any `ssm:"host"`
		} `ssm:"db/"`
	}
)

// declaring is a declaration with a T.
func declaring[T any](opts ...lambdacache.Option) func() {
	return func() { ssmcache.Path[T]("/app/", opts...) }
}

type untagged struct{ A string }

func TestTypesThatCannotBeFilledPanic(t *testing.T) {
	const nothing = "nothing can be decoded into a value of type interface {}: use a concrete type, such as string, []byte or a struct for JSON"
	const holds = " cannot hold the parameters of a path: use ssmcache.Set, map[string]string or a struct whose fields have ssm tags"
	const noTag = " has a tag: write such as `ssm:\"db/host\"` behind each that is to be filled"
	const letters = " can be no parameter's: there are letters, digits and the characters . - _ and single slashes"
	for _, test := range []struct {
		declare func()
		panics  string
	}{
		{declaring[string](), "a string" + holds},
		{declaring[any](), "a interface {}" + holds},
		{declaring[*one](), "a *ssmcache_test.one" + holds},
		{declaring[map[int]string](), "a map[int]string" + holds},
		{declaring[[]string](), "a []string" + holds},
		{declaring[map[string]any](), nothing},
		{declaring[struct{}](), "no field of struct {}" + noTag},
		{declaring[time.Time](), "no field of time.Time" + noTag},
		{declaring[struct{ A string }](), "no field of struct { A string }" + noTag},
		{declaring[struct{ untagged }](), "no field of struct { ssmcache_test.untagged }" + noTag},
		{declaring[struct {
			A string `ssm:"-"`
		}](), "no field of struct { A string \"ssm:\\\"-\\\"\" }" + noTag},
		{declaring[bad](), "the field DB.Host: " + nothing},
		{declaring[struct {
			a string `ssm:"a"`
		}](), "the field a: it has a tag and is not exported: write its name with a capital letter"},
		{declaring[struct {
			A string `ssm:""`
		}](), "the field A: its tag names no parameter: write the name below the path, or leave the tag out"},
		{declaring[struct {
			A string `ssm:",optional"`
		}](), "the field A: its tag names no parameter: write the name below the path, or leave the tag out"},
		{declaring[struct {
			A string `ssm:"a,omitempty"`
		}](), `the field A: its tag has the option "omitempty": there is "optional" only`},
		{declaring[struct {
			A string `ssm:"a,"`
		}](), `the field A: its tag has the option "": there is "optional" only`},
		{declaring[struct {
			A string `ssm:"/app/a"`
		}](), `the field A: its tag's name "/app/a" is not relative to the path: leave out the slash at its beginning`},
		{declaring[struct {
			A string `ssm:"a:prod"`
		}](), `the field A: its tag's name "a:prod" has a :version or :label: write ssmcache.Label for the path`},
		{declaring[struct {
			A string `ssm:"a b"`
		}](), `the field A: its tag's name "a b"` + letters},
		{declaring[struct {
			A string `ssm:"a//b"`
		}](), `the field A: its tag's name "a//b"` + letters},
		{declaring[struct {
			A, B string `ssm:"a"`
		}](), `the field B: "a" is the field A already`},
		{declaring[struct {
			Host string `ssm:"db/a"`
			DB   one    `ssm:"db/"`
		}](), `the field DB.A: "db/a" is the field Host already`},
		{declaring[struct {
			A ssmcache.Set      `ssm:"a/"`
			B map[string]string `ssm:"a/"`
		}](), `the field B: "a/" is the field A already`},
		{declaring[struct {
			A string `ssm:"a/"`
		}](), "the field A: a string" + holds},
		{declaring[struct {
			A ssmcache.Set `ssm:"a/,optional"`
		}](), `the field A: a ssmcache.Set may be empty in any case: leave out "optional"`},
		{declaring[struct {
			A int `ssm:"a/,optional"`
		}](), "the field A: a int" + holds},
		{declaring[struct {
			A ssmcache.Set `ssm:"a"`
		}](), "the field A: a ssmcache.Set takes all parameters below a name: write `ssm:\"a/\"`"},
		{declaring[struct {
			A one `ssm:"a"`
		}](), "the field A: a ssmcache_test.one takes all parameters below a name: write `ssm:\"a/\"`"},
		{declaring[struct {
			X string `ssm:"x"`
			A one
		}](), "the field A: it has no tag, but the fields of ssmcache_test.one have: write such as `ssm:\"db/\"` behind it, or `ssm:\"-\"` to leave it alone"},
		{declaring[struct {
			X string `ssm:"x"`
			A *one
		}](), "the field A: it has no tag, but the fields of ssmcache_test.one have: write such as `ssm:\"db/\"` behind it, or `ssm:\"-\"` to leave it alone"},
		{declaring[struct {
			X string `ssm:"x"`
			*one
		}](), "the field one: a pointer is embedded: embed the struct itself"},
		{declaring[struct {
			A string `ssm:"db/a"`
		}](ssmcache.NotRecursive()), `the field A: "db/a" is on a deeper level: leave ssmcache.NotRecursive out`},
	} {
		wantPanic(t, `lambdacache: ssmcache.Path("/app/"): `+test.panics, test.declare)
	}
	declaring[struct { // a parameter may have the name of a level
		A string `ssm:"a"`
		B one    `ssm:"a/"`
		C outer  `ssm:"c"` // JSON
	}]()()
}

// A client that has both is taken.
func TestPathWithAClientOfTwoMethods(t *testing.T) {
	newLab(t)
	c := &byPath{}
	e := ssmcache.Path[ssmcache.Set]("/app/", ssmcache.Client(c), ssmcache.Label("prod"), ssmcache.NotRecursive())
	want(t, "values", shown(get(t, e)), "")
	in := c.asked
	want(t, "path", *in.Path, "/app")
	want(t, "decrypted, recursive, page", *in.WithDecryption && !*in.Recursive && *in.MaxResults == 10, true)
	want(t, "filter", *in.ParameterFilters[0].Key+" "+*in.ParameterFilters[0].Option+" "+in.ParameterFilters[0].Values[0], "Label Equals prod")
}

type byPath struct {
	ssmcache.API
	asked *ssm.GetParametersByPathInput
}

func (c *byPath) GetParametersByPath(_ context.Context, in *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	c.asked = in
	return &ssm.GetParametersByPathOutput{Parameters: []types.Parameter{}}, nil
}
