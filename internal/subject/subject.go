// Package subject shows our sources to the conformance suite. What a source reads is
// arranged with the AWS SDK's own clients, so that one suite runs against the fake of
// package cachetest and against servers that others wrote.
package subject

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Config is a configuration for a server at endpoint, with any credentials.
func Config(endpoint, accessKey, secretKey string) aws.Config {
	return aws.Config{
		Region:       cachetest.Region,
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		BaseEndpoint: aws.String(endpoint),
	}
}

// OnFake lets the suite tell the fake what it cannot tell other servers. read are the
// operations that the source reads with.
func OnFake(s cachetest.Subject, fake *cachetest.AWS, action string, read ...string) cachetest.Subject {
	s.Deny = func(_ testing.TB, key string) func() {
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
		Key:      func(word string) string { return "/suite/" + word },
		MaxKeys:  10,
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

// Secrets is secretcache with the secrets of a server.
func Secrets(cfg aws.Config) cachetest.Subject {
	client := secretsmanager.NewFromConfig(cfg)
	known := make(map[string]bool)
	return cachetest.Subject{
		Text:        secretcache.Secret[string],
		Document:    secretcache.Secret[cachetest.Document],
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

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("cannot arrange what the service holds: %v", err)
	}
}
