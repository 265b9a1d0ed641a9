package ssmcache

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
)

// Path declares an entry for all parameters below a path, those that there are at each
// load: what is put there or removed appears or disappears with the next one. They are
// decrypted. T says what becomes of them:
//
//   - [Set] holds them by relative name: /prod/app/db/host is "db/host";
//   - map[string]string, or a map with other values, likewise;
//   - a struct has fields that name them with tags.
//
// A field takes a parameter by its relative name, and what a slash ends it takes all
// below that, as a struct with tags, a map or a Set of its own. Fields without a tag
// are left alone; those of an embedded struct count as the struct's own.
//
//	type Config struct {
//		Hosts []string          `ssm:"hosts"`
//		Limit int               `ssm:"limit,optional"` // 0 if there is none
//		DB    struct {
//			Host string `ssm:"host"` // db/host
//		} `ssm:"db/"`
//		Flags map[string]bool `ssm:"flags/"`
//	}
//
//	var config = ssmcache.Path[Config]("/prod/app/")
//
// Each value is decoded as by [Parameter]. A value that does not become what its field
// is, and a parameter that is missing for a field not marked optional, are an
// [lambdacache.ErrDecode] that names all of them; a struct marked optional is left
// zero where nothing is below its name. A path with nothing below it is no error: the
// Set, or map, is empty.
//
// It is read with GetParametersByPath, all levels unless [NotRecursive] says
// otherwise, ten parameters a call, one call after the other, which share the quota of
// the account's GetParameters calls: at [lambdacache.DefaultLoadTimeout] a path of
// hundreds of parameters may need a longer [lambdacache.LoadTimeout]. The pages are not
// a snapshot: of parameters that change during a load some may be old and others new
// until the next one. To read parameters that belong together as one, put them into
// one parameter, as JSON. The version is a digest of every parameter's name, version
// number and date, and nothing is decoded anew as long as it stays the same.
//
// IAM: ssm:GetParametersByPath on the path, arn:aws:ssm:*:*:parameter/prod/app, which
// gives access to everything below, whatever denies single parameters; and kms:Decrypt
// as for [Parameter].
//
// A path that does not begin with a slash, or cannot be one, a T that cannot hold the
// parameters, a field that cannot be filled or has the name of another, and an option
// of another source panic.
func Path[T any](path string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	key, opts := newPath(path, opts)
	fill := key.binding(fmt.Sprintf("Path(%q)", key.path), reflect.TypeFor[T]())
	origin, opts := paths().Take(key.String(), opts)
	return lambdacache.Declare(origin, key.String(), key.shortName(), func(t *tree) (v T, err error) {
		err = t.into(fill, reflect.ValueOf(&v).Elem())
		return v, err
	}, opts...)
}

var (
	label        = lambdacache.NewOptionKind[string]("ssmcache.Label")
	notRecursive = lambdacache.NewOptionKind[bool]("ssmcache.NotRecursive")
)

// Label makes a [Path] the versions that have a label, of those parameters that have
// one with it; without it the newest versions of all. What no label can be panics. For
// one [Parameter] write the label behind the name, "/prod/app/var:prod".
func Label(name string) lambdacache.Option {
	if wrong := wrongLabel(name); wrong != "" {
		panic(fmt.Sprintf("lambdacache: ssmcache.Label(%q): %s", name, wrong))
	}
	return label.With(name)
}

// NotRecursive makes a [Path] the parameters directly below it, without those on
// deeper levels.
func NotRecursive() lambdacache.Option { return notRecursive.With(true) }
