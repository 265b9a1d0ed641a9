package httpcache

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Family declares a family of documents that are known only at run time, such as the key
// set of each tenant's identity provider; url gives the URL of each, as [URL] takes it:
//
//	var keys = httpcache.Family[KeySet](func(tenant string) string {
//		return "https://login.example.com/" + tenant + "/discovery/keys"
//	})
//
//	set, err := keys.Get(ctx, "acme")
//
// What is no URL is the error of whoever reads it. Make no URL of a host that a caller
// names: the function would fetch from wherever he likes. What [Header] gives goes to
// every host that url names. URLs that differ only in their queries, whose values are not
// shown, are told apart in errors and events by a number behind a #.
//
// The rest is as for [URL], and for [lambdacache.Family]. A nil function, a T that
// nothing can be decoded into, and an option of another source panic.
func Family[T any, K comparable](url func(K) string, opts ...lambdacache.Option) *lambdacache.Family[K, T] {
	into, err := decode.To[T]()
	if err == nil && url == nil {
		err = errors.New("the function for the URLs is nil")
	}
	if err != nil {
		panic("lambdacache: httpcache.Family: " + err.Error())
	}
	o, opts := take("", opts)
	return lambdacache.DeclareFamily(o.Origin, func(k K) (lambdacache.Located, error) {
		raw := url(k)
		at, err := parse(raw)
		if err != nil {
			return lambdacache.Located{Key: harmless(raw)}, err
		}
		if at.query == "" {
			return lambdacache.Located{Key: at.key(), Name: at.name()}, nil
		}
		key := at.key() + "#" + numbered(at.query)
		return lambdacache.Located{Key: key, Name: at.name(), Hold: func() { o.source.hold(key, at.query) }}, nil
	}, func(body []byte) (T, error) { return into(decode.Bytes(body)) }, opts...)
}

// secretOfProcess makes the number of a query say nothing of it. A function without such
// a family has none to draw at its start.
var secretOfProcess = sync.OnceValue(func() []byte { return []byte(rand.Text()) })

// numbered is a number for a query.
func numbered(query string) string {
	sum := hmac.New(sha256.New, secretOfProcess())
	sum.Write([]byte(query))
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
