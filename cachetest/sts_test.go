package cachetest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/lambda-cache/lambdacache/cachetest"
)

const role = "arn:aws:iam::222222222222:role/app/reader"

func assume(t *testing.T, fake *cachetest.AWS, change func(*sts.AssumeRoleInput)) (*types.Credentials, error) {
	t.Helper()
	return assumeWith(t, config(t, fake), change)
}

func assumeWith(t *testing.T, cfg aws.Config, change func(*sts.AssumeRoleInput)) (*types.Credentials, error) {
	t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("me")}
	if change != nil {
		change(in)
	}
	out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), in)
	if err != nil {
		return nil, err
	}
	if *in.RoleArn == role {
		want(t, "session", *out.AssumedRoleUser.Arn, "arn:aws:sts::222222222222:assumed-role/reader/me")
	}
	return out.Credentials, nil
}

// as is a configuration with the keys of a session.
func as(t *testing.T, fake *cachetest.AWS, c *types.Credentials) aws.Config {
	t.Helper()
	cfg := config(t, fake)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return cfg
}

func TestARoleReadsInItsAccount(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.STS.PutRole(role, "")
	fake.SSM.Put("/key", "ours")
	fake.SSM.In("222222222222", cachetest.Region).Put("/key", "theirs")
	fake.Secrets.In("222222222222", "eu-west-1").PutString("db", "theirs, in Ireland")
	fake.S3.Put("b", "k", []byte("a bucket is everybody's"))
	creds, err := assume(t, fake, nil)
	noError(t, err)
	cfg := as(t, fake, creds)
	got, err := get(t.Context(), ssm.NewFromConfig(cfg), "/key")
	noError(t, err)
	want(t, "parameter", got, "theirs")
	got, err = get(t.Context(), ssmClient(t, fake), "/key")
	noError(t, err)
	want(t, "parameter of the caller", got, "ours")
	ireland := cfg.Copy()
	ireland.Region = "eu-west-1"
	secret, err := secretsmanager.NewFromConfig(ireland).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("db")})
	noError(t, err)
	want(t, "secret", *secret.SecretString, "theirs, in Ireland")
	if !strings.HasPrefix(*secret.ARN, "arn:aws:secretsmanager:eu-west-1:222222222222:secret:db-") {
		t.Errorf("the secret's ARN is %s", *secret.ARN)
	}
	_, err = get(t.Context(), ssm.NewFromConfig(ireland), "/key")
	wantCode(t, err, "ParameterNotFound")
	_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	noError(t, err)

	requests := fake.Requests()
	want(t, "role of AssumeRole", requests[0].Role, "")
	want(t, "service", requests[0].Service, "sts")
	want(t, "role of a read", requests[1].Role, role)
	want(t, "role of the caller's", requests[2].Role, "")
	want(t, "Region", requests[3].Region, "eu-west-1")
	want(t, "AssumeRole", fake.CallsFor("AssumeRole", role), 1)
	if leaks := fake.ShownIn("got " + *creds.SecretAccessKey); len(leaks) != 1 {
		t.Errorf("%q in a log with the secret key of a session", leaks)
	}
}

func TestRefusedRoles(t *testing.T) {
	t.Parallel()
	fake := start(t)
	refused := "User: " + cachetest.Caller + " is not authorized to perform: sts:AssumeRole on resource: " + role
	_, err := assume(t, fake, nil)
	wantCode(t, err, "AccessDenied")
	wantMessage(t, err, refused)

	fake.STS.PutRole(role, "id-1")
	_, err = assume(t, fake, nil)
	wantMessage(t, err, refused)
	withID := func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("id-1") }
	_, err = assume(t, fake, withID)
	noError(t, err)

	fake.Deny("sts:AssumeRole", role)
	_, err = assume(t, fake, withID)
	wantMessage(t, err, refused)
	fake.Allow("sts:AssumeRole", role)
	fake.Fail(cachetest.Fault{Operation: "AssumeRole", Times: 1, Do: cachetest.Throttle()})
	_, err = assume(t, fake, withID)
	wantCode(t, err, "Throttling")
	for what, change := range map[string]func(*sts.AssumeRoleInput){
		"too short": func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(899) },
		"too long":  func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(43201) },
		"no name":   func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("a b") },
	} {
		if _, err := assume(t, fake, change); err == nil {
			t.Errorf("%s: no error", what)
		} else {
			wantCode(t, err, "ValidationError")
		}
	}
	_, err = sts.NewFromConfig(config(t, fake)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "InvalidAction")
}

func TestASessionEnds(t *testing.T) { // not parallel: the clock is the process's
	fake := start(t)
	clock := cachetest.NewClock(t)
	fake.STS.PutRole(role, "")
	fake.SSM.In("222222222222", cachetest.Region).Put("/key", "v")
	fake.S3.Put("b", "k", nil)
	creds, err := assume(t, fake, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(900) })
	noError(t, err)
	client := ssm.NewFromConfig(as(t, fake, creds))
	clock.Advance(15*time.Minute - time.Second)
	_, err = get(t.Context(), client, "/key")
	noError(t, err)
	clock.Advance(time.Second)
	_, err = get(t.Context(), client, "/key")
	wantCode(t, err, "ExpiredTokenException")
	objects := s3.NewFromConfig(as(t, fake, creds), func(o *s3.Options) { o.UsePathStyle = true })
	_, err = objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	wantCode(t, err, "ExpiredToken")

	fresh, err := assume(t, fake, nil)
	noError(t, err)
	fresh.SessionToken = creds.SessionToken
	_, err = get(t.Context(), ssm.NewFromConfig(as(t, fake, fresh)), "/key")
	wantCode(t, err, "InvalidClientTokenId")
}

func TestPutRoleWantsTheARNOfARole(t *testing.T) {
	t.Parallel()
	fake := start(t)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	fake.STS.PutRole("reader", "")
}
