// Package subject shows our sources to the conformance suite. What a source reads is
// arranged with the AWS SDK's own clients, so that one suite runs against the fake of
// package cachetest and against servers that others wrote.
package subject

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Config is a configuration for a server at endpoint, with any credentials.
func Config(endpoint, accessKey, secretKey string) aws.Config {
	return aws.Config{
		Region: cachetest.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
		}),
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   testlab.Whole{Client: awshttp.NewBuildableClient()},
	}
}

// OnFake lets the suite tell the fake what it cannot tell other servers. read are the
// operations that the source reads with.
func OnFake(s cachetest.Subject, fake *cachetest.AWS, action string, read ...string) cachetest.Subject {
	s.Deny = func(_ testing.TB, key string) func() {
		key = strings.TrimSuffix(strings.TrimPrefix(key, "s3://"), "/") // as the request has it
		fake.Deny(action, key)
		return func() { fake.Allow(action, key) }
	}
	s.Throttle = func(testing.TB) func() {
		var heal []func()
		for _, op := range read {
			heal = append(heal, fake.Fail(cachetest.Fault{Operation: op, Do: cachetest.Throttle()}))
		}
		return func() {
			for _, h := range heal {
				h()
			}
		}
	}
	s.Hold = func(testing.TB) (func(int), func()) {
		gate := cachetest.NewGate()
		for _, op := range read {
			fake.Fail(cachetest.Fault{Operation: op, Do: gate.Hold()})
		}
		return gate.Wait, gate.Release
	}
	s.Calls = func() (n int) {
		for _, op := range read {
			n += fake.Calls(op)
		}
		return n
	}
	return s
}

// SSM is ssmcache with the parameters of a server.
func SSM(cfg aws.Config) cachetest.Subject {
	client := ssm.NewFromConfig(cfg)
	return cachetest.Subject{
		Text:     ssmcache.Parameter[string],
		Document: ssmcache.Parameter[cachetest.Document],
		Family: func(opts ...lambdacache.Option) cachetest.TextFamily {
			return cachetest.FamilyOf(ssmcache.Family[string](itself, opts...), asIs)
		},
		Key:     func(word string) string { return "/suite/" + word },
		MaxKeys: 10,
		Put: func(t testing.TB, key, value string) {
			_, err := client.PutParameter(context.Background(), &ssm.PutParameterInput{
				Name: &key, Value: &value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
			})
			check(t, err)
		},
		Remove: func(t testing.TB, key string) {
			_, err := client.DeleteParameter(context.Background(), &ssm.DeleteParameterInput{Name: &key})
			check(t, err)
		},
	}
}

// Paths is ssmcache.Path with the parameters of a server: a key is a path with one
// parameter below it.
func Paths(cfg aws.Config) cachetest.Subject {
	parameters := SSM(cfg)
	s := parameters
	s.MaxKeys, s.Conditional, s.Absent = 1, true, lambdacache.ErrDecode // nothing is there: a field is missing
	s.Key = func(word string) string { return parameters.Key(word) + "/" }
	s.Put = func(t testing.TB, key, value string) { parameters.Put(t, key+"value", value) }
	s.Remove = func(t testing.TB, key string) { parameters.Remove(t, key+"value") }
	s.Text, s.Document = below[string], below[cachetest.Document]
	s.Family = func(opts ...lambdacache.Option) cachetest.TextFamily {
		return cachetest.FamilyOf(ssmcache.PathFamily[values[string]](itself, opts...), func(v values[string]) (string, error) { return v.Value, nil })
	}
	return s
}

// values are the parameters of a path.
type values[T any] struct {
	Value T `ssm:"value"`
}

// below reads the parameter of a path.
func below[T any](path string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	e := ssmcache.Path[values[T]](path, opts...)
	return lambdacache.Derive(e.Name(), func(ctx context.Context) (T, error) { return e.Value(ctx).Value, nil }, []lambdacache.Cached{e})
}

// Secrets is secretcache with the secrets of a server.
func Secrets(cfg aws.Config) cachetest.Subject {
	client := secretsmanager.NewFromConfig(cfg)
	known := make(map[string]bool)
	return cachetest.Subject{
		Text:     secretcache.Secret[string],
		Document: secretcache.Secret[cachetest.Document],
		Family: func(opts ...lambdacache.Option) cachetest.TextFamily {
			return cachetest.FamilyOf(secretcache.Family[string](itself, opts...), asIs)
		},
		Key:         func(word string) string { return "suite/" + word },
		MaxKeys:     20,
		Conditional: true,
		Put: func(t testing.TB, key, value string) {
			var err error
			if known[key] {
				_, err = client.PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{SecretId: &key, SecretString: &value})
			} else {
				_, err = client.CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{Name: &key, SecretString: &value})
			}
			check(t, err)
			known[key] = true
		},
		Remove: func(t testing.TB, key string) {
			_, err := client.DeleteSecret(context.Background(), &secretsmanager.DeleteSecretInput{
				SecretId: &key, ForceDeleteWithoutRecovery: aws.Bool(true),
			})
			check(t, err)
			delete(known, key)
		},
	}
}

// Bucket is where the objects of [S3] and [Files] are.
const Bucket = "conformance-suite"

// S3 is s3cache.Object with the objects of a server.
func S3(t testing.TB, cfg aws.Config) cachetest.Subject {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(Bucket)})
	check(t, err)
	object := func(uri string) *string { return aws.String(strings.TrimPrefix(uri, "s3://"+Bucket+"/")) }
	return cachetest.Subject{
		Text:     s3cache.Object[string],
		Document: s3cache.Object[cachetest.Document],
		Family: func(opts ...lambdacache.Option) cachetest.TextFamily {
			return cachetest.FamilyOf(s3cache.Family[string](itself, opts...), asIs)
		},
		Key:         func(word string) string { return "s3://" + Bucket + "/suite/" + word },
		MaxKeys:     1,
		Conditional: true,
		Put: func(t testing.TB, key, value string) {
			_, err := client.PutObject(context.Background(), &s3.PutObjectInput{
				Bucket: aws.String(Bucket), Key: object(key), Body: strings.NewReader(value),
			})
			check(t, err)
		},
		Remove: func(t testing.TB, key string) {
			_, err := client.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String(Bucket), Key: object(key)})
			check(t, err)
		},
	}
}

// Files is s3cache.File: the suite reads the files. Nothing is decoded there.
func Files(s cachetest.Subject) cachetest.Subject {
	s.Document = nil
	s.Family = func(opts ...lambdacache.Option) cachetest.TextFamily {
		return cachetest.FamilyOf(s3cache.FileFamily(itself, opts...), contents)
	}
	s.Text = func(uri string, opts ...lambdacache.Option) *lambdacache.Entry[string] {
		file := s3cache.File(uri, opts...)
		return lambdacache.Derive(file.Name(), func(ctx context.Context) (string, error) {
			return contents(file.Value(ctx))
		}, []lambdacache.Cached{file})
	}
	return s
}

func contents(f *s3cache.LocalFile) (string, error) {
	data, err := os.ReadFile(f.Path())
	return string(data), err
}

// The suite's families are of the keys that the source knows.
func itself(key string) string         { return key }
func asIs(text string) (string, error) { return text, nil }

// AppConfig is appconfigcache with the configurations of the fake: the data plane has no
// call that deploys one.
func AppConfig(service *cachetest.AppConfig) cachetest.Subject {
	const application, environment = "suite", "test"
	profile := func(key string) string { return strings.TrimPrefix(key, application+"/"+environment+"/") }
	return cachetest.Subject{
		Text: func(key string, opts ...lambdacache.Option) *lambdacache.Entry[string] {
			return appconfigcache.Configuration[string](application, environment, profile(key), opts...)
		},
		Document: func(key string, opts ...lambdacache.Option) *lambdacache.Entry[cachetest.Document] {
			return appconfigcache.Configuration[cachetest.Document](application, environment, profile(key), opts...)
		},
		Family: func(opts ...lambdacache.Option) cachetest.TextFamily {
			return cachetest.FamilyOf(appconfigcache.Family[string](func(key string) (string, string, string) {
				return application, environment, profile(key)
			}, opts...), asIs)
		},
		Key:         func(word string) string { return application + "/" + environment + "/" + word },
		MaxKeys:     1,
		Conditional: true,
		Sessions:    true,
		Put: func(_ testing.TB, key, value string) {
			service.Put(application, environment, profile(key), value)
		},
		Remove: func(_ testing.TB, key string) { service.Delete(application, environment, profile(key)) },
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("cannot arrange what the service holds: %v", err)
	}
}
