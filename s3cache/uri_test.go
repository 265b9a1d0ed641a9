package s3cache

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
)

// panicOf gives what f panics with.
func panicOf(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		r := recover()
		if r == nil {
			t.Error("no panic")
		}
		text = fmt.Sprint(r)
	}()
	f()
	return ""
}

func TestBadURIs(t *testing.T) {
	for uri, text := range map[string]string{
		"":                                    `not the URI of an object: write "s3://bucket/key"`,
		"bucket/key":                          `not the URI of an object: write "s3://bucket/key"`,
		"https://b.s3.amazonaws.com/k":        `not the URI of an object: write "s3://bucket/key"`,
		"S3://b/k":                            `not the URI of an object`,
		"s3:/b/k":                             `not the URI of an object`,
		"s3://":                               `there is no bucket`,
		"s3:///key":                           `there is no bucket`,
		"s3://bucket":                         `there is no key: write "s3://bucket/key"`,
		"s3://bucket/":                        `there is no key: write "s3://bucket/key"`,
		"s3://bucket//":                       `the key ends with a slash`,
		"s3://bucket/folder/":                 `the key ends with a slash, as that of a folder: an entry is one object`,
		"s3://my bucket/k":                    `"my bucket" cannot be the name of a bucket`,
		"s3://user@bucket/k":                  `"user@bucket" cannot be the name of a bucket`,
		"s3://bucket:80/k":                    `"bucket:80" cannot be the name of a bucket`,
		"s3://b?versionId=1/k":                `cannot be the name of a bucket`,
		"s3://b#x/k":                          `cannot be the name of a bucket`,
		"s3://b/" + strings.Repeat("k", 1025): `the key has 1025 bytes: S3 takes no more than 1024`,
		"s3://b/\xff":                         `the key is not UTF-8`,
		"s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/my-ap":            `there is no key: write "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/my-ap/key"`,
		"s3://arn:aws:s3:eu-west-1:123456789012:accesspoint":                  `not the ARN of an access point`,
		"s3://arn:aws:s3:eu-west-1:123456789012:accesspoint//k":               `not the ARN of an access point`,
		"s3://arn:aws:s3:::bucket/k":                                          `not the ARN of an access point: write`,
		"s3://arn:aws:s3-outposts:eu-west-1:1:outpost/op/accesspoint/my-ap/k": `use the access point's alias`,
		"s3://arn:aws:s3:eu-west-1:1:accesspoint/my ap/k":                     `not the ARN of an access point`,
	} {
		for caller, declare := range map[string]func(){
			"Object":     func() { Object[string](uri) },
			"ObjectFunc": func() { ObjectFunc(uri, func([]byte) (int, error) { return 0, nil }) },
			"File":       func() { File(uri) },
		} {
			got := panicOf(t, declare)
			if want := fmt.Sprintf("lambdacache: s3cache.%s(%q): ", caller, uri); !strings.HasPrefix(got, want) || !strings.Contains(got, text) {
				t.Errorf("got  %s\nwant %s%s", got, want, text)
			}
		}
	}
}

func TestURIs(t *testing.T) {
	Object[string]("s3://b/" + strings.Repeat("k", 1024)) // the longest that there is
	const ap = "arn:aws:s3:eu-west-1:123456789012:accesspoint"
	for uri, want := range map[string]struct{ bucket, key, name, arn string }{
		"s3://b/k":               {"b", "k", "k", "arn:aws:s3:::b/k"},
		"s3://my.bucket-1/a/b":   {"my.bucket-1", "a/b", "b", "arn:aws:s3:::my.bucket-1/a/b"},
		"s3://Old_Bucket/k":      {"Old_Bucket", "k", "k", "arn:aws:s3:::Old_Bucket/k"},
		"s3://b//a":              {"b", "/a", "a", "arn:aws:s3:::b//a"},
		"s3://b/a?b#c%20 d:1":    {"b", "a?b#c%20 d:1", "a?b#c%20 d:1", "arn:aws:s3:::b/a?b#c%20 d:1"},
		"s3://b/../x":            {"b", "../x", "x", "arn:aws:s3:::b/../x"},
		"s3://b/x of s3://c/y":   {"b", "x of s3://c/y", "y", "arn:aws:s3:::b/x of s3://c/y"},
		"s3://" + ap + "/ap/a/b": {ap + "/ap", "a/b", "b", ap + "/ap/object/a/b"},
		"s3://" + ap + ":ap/a/b": {ap + ":ap", "a/b", "b", ap + ":ap/object/a/b"},
	} {
		for _, version := range []string{"", "null", "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"} {
			l, err := parse(uri)
			if err != nil {
				t.Error(uri, err)
				continue
			}
			l.version = version
			if l.bucket != want.bucket || l.key != want.key || l.name() != want.name || l.arn("aws") != want.arn || l.uri() != uri {
				t.Errorf("%s: %+v, name %q, arn %q, uri %q", uri, l, l.name(), l.arn("aws"), l.uri())
			}
			if back, err := locate(l.cacheKey()); err != nil || back != l {
				t.Errorf("%q is read as %+v, %v", l.cacheKey(), back, err)
			}
		}
	}
}

// No two locations have one key, whatever the keys of their objects are.
func TestCacheKeysDiffer(t *testing.T) {
	seen := map[string]location{}
	for _, key := range []string{"k", "version v of s3://b/k", "k?versionId=v", "v of s3://b/k"} {
		for _, version := range []string{"", "v", "of"} {
			l := location{"b", key, version}
			if other, taken := seen[l.cacheKey()]; taken {
				t.Errorf("%+v and %+v", l, other)
			}
			seen[l.cacheKey()] = l
		}
	}
}

func TestNames(t *testing.T) {
	want(t, "object", Object[string]("s3://b/dir/rules.json").Name(), "rules.json")
	want(t, "file", File("s3://b/dir/a:b").Name(), "a:b")
	want(t, "named", File("s3://b/dir/k", lambdacache.Name("model")).Name(), "model")
}

func TestMisuse(t *testing.T) {
	other := lambdacache.NewOptionKind[string]("ssmcache.Label").With("x")
	for text, declare := range map[string]func(){
		`lambdacache: s3cache.Object("s3://b/k"): nothing can be decoded into a value of type interface {}`: func() { Object[any]("s3://b/k") },
		`lambdacache: s3cache.ObjectFunc("s3://b/k"): the decoder is nil`:                                   func() { ObjectFunc[int]("s3://b/k", nil) },
		`ssmcache.Label is not an option of this source`:                                                    func() { File("s3://b/k", other) },
		`lambdacache: s3cache.VersionID(""): not the id of a version`:                                       func() { VersionID("") },
		`lambdacache: s3cache.VersionID("a b"): not the id of a version`:                                    func() { VersionID("a b") },
	} {
		if got := panicOf(t, declare); !strings.Contains(got, text) {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
}
