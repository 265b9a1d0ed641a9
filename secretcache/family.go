package secretcache

import (
	"errors"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Family declares a family of secrets that are known only at run time, such as one for
// each tenant; id gives the name or ARN of each, as [Secret] takes it:
//
//	var tenants = secretcache.Family[Creds](func(tenant string) string { return "prod/" + tenant }, lambdacache.MaxEntries(1000))
//
//	creds, err := tenants.Get(ctx, "acme")
//
// An id that no secret can have is the error of whoever reads it. The rest is as for
// [Secret], and for [lambdacache.Family]. A nil function, a T that nothing can be decoded
// into, and an option of another source panic.
func Family[T any, K comparable](id func(K) string, opts ...lambdacache.Option) *lambdacache.Family[K, T] {
	from, err := decode.To[T]()
	if err == nil && id == nil {
		err = errors.New("the function for the ids is nil")
	}
	if err != nil {
		panic("lambdacache: secretcache.Family: " + err.Error())
	}
	shared, opts := keyOptions(opts)
	origin, describe, opts := choose(shared, opts)
	return lambdacache.DeclareFamily(origin, func(k K) (lambdacache.Located, error) {
		key, err := shared.of(id(k))
		if err != nil {
			return lambdacache.Located{}, err
		}
		return lambdacache.Located{Key: key.String(), Name: key.shortName(), Hold: describe.hold(origin, key.String())}, nil
	}, func(s *secret) (T, error) { return from(s.raw()) }, opts...)
}
