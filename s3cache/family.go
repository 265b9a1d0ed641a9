package s3cache

import (
	"errors"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Family declares a family of objects that are known only at run time, such as one for
// each tenant; uri gives the URI of each, as [Object] takes it:
//
//	var rules = s3cache.Family[Rules](func(tenant string) string { return "s3://rules/" + tenant + ".json" })
//
//	r, err := rules.Get(ctx, "acme")
//
// What is no URI is the error of whoever reads it. The rest is as for [Object], and for
// [lambdacache.Family]. A nil function, a T that nothing can be decoded into, and an
// option of another source panic.
func Family[T any, K comparable](uri func(K) string, opts ...lambdacache.Option) *lambdacache.Family[K, T] {
	into, err := decode.To[T]()
	check("Family", err, uri == nil)
	version, _, opts := versionOption.Take(opts)
	origin, opts := objectOrigins.take("of a family", opts)
	return lambdacache.DeclareFamily(origin, func(k K) (lambdacache.Located, error) { return located(uri(k), version) },
		func(body []byte) (T, error) { return into(decode.Bytes(body)) }, opts...)
}

// FileFamily declares a family of objects that are downloaded to files, as [File] does.
// The file of a key that has to make room is removed some time after nobody has it any
// longer: /tmp needs room for a quarter more files than [lambdacache.MaxEntries] allows,
// and two, and while [lambdacache.Family.Prefetch] runs for those of all its keys. The
// rest is as for [Family].
func FileFamily[K comparable](uri func(K) string, opts ...lambdacache.Option) *lambdacache.Family[K, *LocalFile] {
	check("FileFamily", nil, uri == nil)
	version, _, opts := versionOption.Take(opts)
	origin, opts := fileOrigins.take("of a family", opts)
	return lambdacache.DeclareFamily(origin, func(k K) (lambdacache.Located, error) { return located(uri(k), version) },
		func(f *LocalFile) (*LocalFile, error) { return f, nil }, opts...)
}

func check(constructor string, err error, lacks bool) {
	if err == nil && lacks {
		err = errors.New("the function for the URIs is nil")
	}
	if err != nil {
		panic("lambdacache: s3cache." + constructor + ": " + err.Error())
	}
}

func located(uri, version string) (lambdacache.Located, error) {
	at, err := parse(uri)
	if err != nil {
		return lambdacache.Located{}, err
	}
	at.version = version
	return lambdacache.Located{Key: at.cacheKey(), Name: at.name()}, nil
}

// Release forgets which file a key had.
func (s *files) Release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.held[key].Value(); f != nil {
		f.folder.released.Add(1)
	}
	delete(s.held, key)
}
