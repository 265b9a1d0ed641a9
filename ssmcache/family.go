package ssmcache

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
)

// Family declares a family of parameters that are known only at run time; name gives the
// name of each, as [Parameter] takes it:
//
//	var plans = ssmcache.Family[Plan](func(tenant string) string { return "/tenants/" + tenant + "/plan" })
//
//	plan, err := plans.Get(ctx, "acme")
//
// A name that no parameter can have is the error of whoever reads it. The rest is as for
// [Parameter], and for [lambdacache.Family]. A nil function, a T that nothing can be
// decoded into, and an option of another source panic.
func Family[T any, K comparable](name func(K) string, opts ...lambdacache.Option) *lambdacache.Family[K, T] {
	into, err := decoder(reflect.TypeFor[T]())
	if err != nil || name == nil {
		panic(wrongFamily("Family", err))
	}
	origin, opts := origins.Take("of a family", opts)
	return lambdacache.DeclareFamily(origin, func(k K) (lambdacache.Located, error) {
		key, err := parse(name(k))
		if err != nil {
			return lambdacache.Located{}, err
		}
		return lambdacache.Located{Key: key.String()}, nil
	}, func(p *parameter) (v T, err error) {
		err = into(p, reflect.ValueOf(&v).Elem())
		return v, err
	}, opts...)
}

// PathFamily declares a family of paths that are known only at run time, such as one for
// each tenant; path gives each, as [Path] takes it. The rest is as for [Family].
func PathFamily[T any, K comparable](path func(K) string, opts ...lambdacache.Option) *lambdacache.Family[K, T] {
	if path == nil {
		panic(wrongFamily("PathFamily", nil))
	}
	options, opts := pathOptions("lambdacache: ssmcache.PathFamily", opts)
	fill := options.binding("PathFamily", reflect.TypeFor[T]())
	origin, opts := paths().Take("of a family", opts)
	return lambdacache.DeclareFamily(origin, func(k K) (lambdacache.Located, error) {
		key, err := options.at(path(k))
		if err != nil {
			return lambdacache.Located{}, err
		}
		return lambdacache.Located{Key: key.String(), Name: key.shortName()}, nil
	}, func(t *tree) (v T, err error) {
		err = t.into(fill, reflect.ValueOf(&v).Elem())
		return v, err
	}, opts...)
}

// wrongFamily is what a constructor panics with; nil stands for the function.
func wrongFamily(constructor string, err error) string {
	if err == nil {
		return fmt.Sprintf("lambdacache: ssmcache.%s: the function for the names is nil", constructor)
	}
	return fmt.Sprintf("lambdacache: ssmcache.%s: %v", constructor, err)
}
