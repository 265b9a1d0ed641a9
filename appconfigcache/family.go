package appconfigcache

import (
	"errors"
	"fmt"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Family declares a family of configurations that are known only at run time, such as a
// profile for each tenant; locate gives application, environment and profile of each, as
// [Configuration] takes them. With T a [FlagSet] it is of feature flags.
//
//	var flags = appconfigcache.Family[appconfigcache.FlagSet](func(tenant string) (application, environment, profile string) {
//		return "shop", "prod", tenant
//	})
//
//	f, err := flags.Get(ctx, "acme")
//
// What cannot be a name is the error of whoever reads it. A key that has to make room
// gives up its session. The rest is as for [Configuration], and for
// [lambdacache.Family]. A nil function, a T that nothing can be decoded into, and an
// option of another source panic.
func Family[T any, K comparable](locate func(K) (application, environment, profile string), opts ...lambdacache.Option) *lambdacache.Family[K, T] {
	into, err := decode.To[T]()
	if err == nil && locate == nil {
		err = errors.New("the function for the names is nil")
	}
	if err != nil {
		panic("lambdacache: appconfigcache.Family: " + err.Error())
	}
	origin, opts := origins.Take("of a family", opts)
	return lambdacache.DeclareFamily(origin, func(k K) (lambdacache.Located, error) {
		var at key
		at.application, at.environment, at.profile = locate(k)
		if err := at.check(); err != nil {
			return lambdacache.Located{}, fmt.Errorf("%s: %w", at.quoted(), err)
		}
		return lambdacache.Located{Key: at.String(), Name: at.profile}, nil
	}, func(body []byte) (T, error) { return into(decode.Bytes(body)) }, opts...)
}
