package secretcache_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
	"github.com/lambda-cache/lambdacache/secretcache"
)

func clientOf(fake *cachetest.AWS) *secretsmanager.Client {
	return secretsmanager.NewFromConfig(subject.Config(fake.URL(), "AKIDOFITSOWN", "any"))
}

// The same name with two clients are two secrets, perhaps of two accounts.
func TestTwoClientsNeverMix(t *testing.T) {
	l := newLab(t)
	there := cachetest.NewAWS(t, cachetest.NoEnv())
	l.Secrets.PutString("prod/db", "old of one")
	l.Secrets.PutString("prod/db", "of one")
	there.Secrets.PutString("prod/db", "old of the other")
	there.Secrets.PutString("prod/db", "of the other")
	mine := secretcache.Client(clientOf(there))
	byDefault, byMine := secretcache.Secret[string]("prod/db"), secretcache.Secret[string]("prod/db", mine)
	byMineToo := secretcache.Secret[string]("prod/db", mine, lambdacache.Name("too"))
	before := secretcache.Secret[string]("prod/db", secretcache.Stage("AWSPREVIOUS"))
	mineBefore := secretcache.Secret[string]("prod/db", secretcache.Stage("AWSPREVIOUS"), mine)
	for round := range 3 {
		l.prefetch(byMineToo, before, byDefault, mineBefore, byMine)
		want(t, "default client", get(t, byDefault), "of one")
		want(t, "a client", get(t, byMine), "of the other")
		want(t, "the same client", get(t, byMineToo), "of the other")
		want(t, "default client, previous", get(t, before), "old of one")
		want(t, "a client, previous", get(t, mineBefore), "old of the other")
		want(t, "calls of the default client", l.Calls("GetSecretValue"), 2*(round+1))
		want(t, "calls of the client", there.Calls("GetSecretValue"), 2*(round+1))
		l.due()
	}
	want(t, "credentials", there.Requests()[0].AccessKey, "AKIDOFITSOWN")
}

// script is a hand-written client.
type script struct {
	batch func(ids []string) (*secretsmanager.BatchGetSecretValueOutput, error)
	one   func(id string) (*secretsmanager.GetSecretValueOutput, error)
}

func (s *script) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return s.one(aws.ToString(in.SecretId))
}

func (s *script) BatchGetSecretValue(_ context.Context, in *secretsmanager.BatchGetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.BatchGetSecretValueOutput, error) {
	return s.batch(in.SecretIdList)
}

func TestClientWrittenByHand(t *testing.T) {
	cachetest.Reset(t)
	s := &script{
		one: func(string) (*secretsmanager.GetSecretValueOutput, error) { return nil, errors.New("the line is dead") },
		batch: func(ids []string) (*secretsmanager.BatchGetSecretValueOutput, error) {
			out := new(secretsmanager.BatchGetSecretValueOutput)
			for _, id := range ids { // without ARN and version
				out.SecretValues = append(out.SecretValues, types.SecretValueEntry{Name: &id, SecretString: aws.String("value of " + id)})
			}
			return out, nil
		},
	}
	a := secretcache.Secret[string]("a", secretcache.Client(s))
	b := secretcache.Secret[string]("b", secretcache.Client(s))
	if err := lambdacache.Prefetch(t.Context(), a, b); err != nil {
		t.Fatal(err)
	}
	want(t, "a", get(t, a), "value of a")
	want(t, "b", get(t, b), "value of b")
	_, err := a.Refresh(t.Context())
	wantError(t, err)
	want(t, "error", err.Error(), `lambdacache: load "a" from secretsmanager: the line is dead`)
}

// unready makes no client.
type unready struct{}

func (unready) Configure(aws.Config) (aws.Config, error) {
	return aws.Config{}, errors.New("not today")
}
func (unready) String() string { return "nobody" }

// Without a client there is nothing to ask, one by one neither.
func TestNoClientForSeveral(t *testing.T) {
	l := newLab(t)
	opts := []lambdacache.Option{secretcache.Config(unready{}), secretcache.UntilRotation()}
	err := lambdacache.Prefetch(t.Context(), secretcache.Secret[string]("a", opts...), secretcache.Secret[string]("b", opts...))
	failed, _ := errors.AsType[*lambdacache.LoadError](err)
	if failed == nil || len(failed.Failures) != 2 {
		t.Fatalf("not 2 failures: %v", err)
	}
	for _, f := range failed.Failures {
		want(t, "cause", f.Err.Error(), "not today")
	}
	want(t, "isolated", len(l.of(lambdacache.EventIsolated)), 0)
	want(t, "told of permissions", len(l.of(lambdacache.EventFallback)), 0)
}

// loose is a client that cannot be told from others.
type loose struct {
	*script
	_ func()
}

func TestClientPanics(t *testing.T) {
	const none = "lambdacache: secretcache.Client was given nil: give it a client, or leave the option out for the default one"
	wantPanic(t, none, func() { secretcache.Client(nil) })
	wantPanic(t, none, func() { secretcache.Client((*secretsmanager.Client)(nil)) })
	wantPanic(t, "lambdacache: secretcache.Client was given a client that cannot be compared with others: give it a pointer",
		func() { secretcache.Client(loose{}) })
}
