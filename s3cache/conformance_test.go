package s3cache

import (
	"context"
	"os"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

func TestObjectConforms(t *testing.T) {
	cachetest.Conformance(t, subject(newLab(t)))
}

// Files are read back as text by entries derived from theirs.
func TestFileConforms(t *testing.T) {
	s := subject(newLab(t))
	s.Document = nil
	s.Text = func(key string, opts ...lambdacache.Option) *lambdacache.Entry[string] {
		file := File(key, opts...)
		return lambdacache.Derive(file.Name(), func(ctx context.Context) (string, error) {
			b, err := os.ReadFile(file.Value(ctx).Path())
			return string(b), err
		}, []lambdacache.Cached{file})
	}
	cachetest.Conformance(t, s)
}

func subject(l *lab) cachetest.Subject {
	name := func(key string) string { return key[len("s3://suite/"):] }
	l.S3.CreateBucket("suite")
	return cachetest.Subject{
		Text: func(key string, opts ...lambdacache.Option) *lambdacache.Entry[string] {
			return Object[string](key, opts...)
		},
		Document: func(key string, opts ...lambdacache.Option) *lambdacache.Entry[cachetest.Document] {
			return Object[cachetest.Document](key, opts...)
		},
		Key:         func(word string) string { return "s3://suite/" + word },
		Put:         func(_ testing.TB, key, value string) { l.S3.Put("suite", name(key), []byte(value)) },
		Remove:      func(_ testing.TB, key string) { l.S3.Delete("suite", name(key)) },
		MaxKeys:     1,
		Conditional: true,
		Deny: func(_ testing.TB, key string) (allow func()) {
			l.Deny("s3:GetObject", "suite/"+name(key))
			return func() { l.Allow("s3:GetObject", "") }
		},
		Throttle: func(testing.TB) (heal func()) { return l.Fail(cachetest.Fault{Do: cachetest.Throttle()}) },
		Hold: func(testing.TB) (wait func(n int), release func()) {
			gate := l.Hold("GetObject")
			return gate.Wait, func() { gate.Release(); l.Heal() }
		},
	}
}
