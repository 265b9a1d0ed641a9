package cachetest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// A session that has ended or was revoked is refused, and the next one is not.
func TestSessionsEndEarly(t *testing.T) {
	fake := start(t)
	fake.STS.PutRole(role, "")
	fake.SSM.In("222222222222", cachetest.Region).Put("/key", "v")
	for name, c := range map[string]struct {
		end            func(string)
		code, message  string
		codeOfTheStore string
	}{
		"ended": {
			fake.STS.EndSessions, "ExpiredTokenException", "The security token included in the request is expired", "ExpiredToken",
		},
		"revoked": {
			fake.STS.RevokeSessions, "AccessDeniedException",
			"User: arn:aws:sts::222222222222:assumed-role/reader/me is not authorized to perform: ssm:GetParameter on resource: " +
				"arn:aws:ssm:us-east-1:222222222222:parameter/key with an explicit deny in an identity-based policy",
			"AccessDenied",
		},
	} {
		t.Run(name, func(t *testing.T) {
			creds, err := assume(t, fake, nil)
			noError(t, err)
			cfg := as(t, fake, creds)
			_, err = get(t.Context(), ssm.NewFromConfig(cfg), "/key")
			noError(t, err)
			c.end("arn:aws:iam::222222222222:role/another")
			_, err = get(t.Context(), ssm.NewFromConfig(cfg), "/key")
			noError(t, err)

			c.end(role)
			_, err = get(t.Context(), ssm.NewFromConfig(cfg), "/key")
			wantCode(t, err, c.code)
			wantMessage(t, err, c.message)
			objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
			_, err = objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
			wantCode(t, err, c.codeOfTheStore)

			again, err := assume(t, fake, nil)
			noError(t, err)
			_, err = get(t.Context(), ssm.NewFromConfig(as(t, fake, again)), "/key")
			noError(t, err)
		})
	}
}

// A role may assume another.
func TestARoleAssumesARole(t *testing.T) {
	fake := start(t)
	const hub = "arn:aws:iam::333333333333:role/hub"
	fake.STS.PutRole(hub, "")
	fake.STS.PutRole(role, "")
	first, err := assume(t, fake, func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String(hub) })
	noError(t, err)
	chained := as(t, fake, first)
	_, err = assumeWith(t, chained, nil)
	noError(t, err)
	want(t, "who assumes", fake.Requests()[1].Role, hub)
	_, err = assumeWith(t, chained, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) })
	wantCode(t, err, "ValidationError")
	fake.STS.DeleteRole(role)
	_, err = assumeWith(t, chained, nil)
	wantMessage(t, err, "User: arn:aws:sts::333333333333:assumed-role/hub/me is not authorized to perform: sts:AssumeRole on resource: "+role)
}
