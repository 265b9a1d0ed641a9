package cachetest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func secretValue(t *testing.T, c *secretsmanager.Client, in *secretsmanager.GetSecretValueInput) (string, error) {
	t.Helper()
	out, err := c.GetSecretValue(t.Context(), in)
	if err != nil {
		return "", err
	}
	if out.SecretString == nil {
		return string(out.SecretBinary), nil
	}
	return *out.SecretString, nil
}

func TestGetSecretValue(t *testing.T) {
	t.Parallel()
	fake := start(t)
	id := fake.Secrets.PutString("prod/db", "one")
	fake.Secrets.PutBinary("prod/key", []byte{0, 1, 255})
	c := secretsClient(t, fake)
	arn := fake.Secrets.ARN("prod/db")
	if !strings.HasPrefix(arn, "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-") {
		t.Fatalf("ARN %s", arn)
	}
	for _, asked := range []string{"prod/db", arn, arn[:len(arn)-len("-AbCdEf")]} {
		out, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &asked})
		noError(t, err)
		want(t, "value", *out.SecretString, "one")
		want(t, "name", *out.Name, "prod/db")
		want(t, "ARN", *out.ARN, arn)
		want(t, "version", *out.VersionId, id)
		want(t, "stages", strings.Join(out.VersionStages, " "), "AWSCURRENT")
		if out.SecretBinary != nil || out.CreatedDate == nil {
			t.Errorf("binary %v, date %v", out.SecretBinary, out.CreatedDate)
		}
	}
	want(t, "calls by the name, however asked", fake.CallsFor("GetSecretValue", "prod/db"), 3)
	out, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/key")})
	noError(t, err)
	want(t, "binary", string(out.SecretBinary), "\x00\x01\xff")
	if out.SecretString != nil {
		t.Error("a binary secret has a string")
	}
	_, err = secretValue(t, c, &secretsmanager.GetSecretValueInput{SecretId: aws.String("nil")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("missing: %v", err)
	}
}

func TestStagesMoveAsInARotation(t *testing.T) {
	t.Parallel()
	fake := start(t)
	first := fake.Secrets.PutString("s", "one")
	second := fake.Secrets.PutString("s", "two")
	pending := fake.Secrets.PutString("s", "three", "AWSPENDING")
	c := secretsClient(t, fake)
	value := func(version, stage string) string {
		in := &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")}
		if version != "" {
			in.VersionId = &version
		}
		if stage != "" {
			in.VersionStage = &stage
		}
		got, err := secretValue(t, c, in)
		if err != nil {
			return code(err)
		}
		return got
	}
	check := func(version, stage, expected string) {
		t.Helper()
		want(t, "version "+version+" stage "+stage, value(version, stage), expected)
	}
	check("", "", "two")
	check("", "AWSPREVIOUS", "one")
	check("", "AWSPENDING", "three")
	check(first, "", "one")
	check(second, "AWSCURRENT", "two")
	check(second, "AWSPREVIOUS", "InvalidRequestException")
	check("", "MINE", "ResourceNotFoundException")
	check("no-such-version", "", "ResourceNotFoundException")

	fake.Secrets.Stage("s", "AWSCURRENT", pending)
	check("", "", "three")
	check("", "AWSPREVIOUS", "two")
	check(first, "", "one") // without stages, but there
	fake.Secrets.Stage("s", "AWSCURRENT", second)
	check("", "", "two")
	check("", "AWSPREVIOUS", "three")
	fake.Secrets.Stage("s", "MINE", first)
	check("", "MINE", "one")
}

func TestDeletedSecrets(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Secrets.PutString("s", "one")
	c := secretsClient(t, fake)
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")}
	fake.Secrets.MarkDeleted("s")
	_, err := secretValue(t, c, in)
	if _, ok := errors.AsType[*types.InvalidRequestException](err); !ok {
		t.Errorf("marked for deletion: %v", err)
	}
	fake.Secrets.Restore("s")
	_, err = secretValue(t, c, in)
	noError(t, err)
	fake.Secrets.Delete("s")
	fake.Secrets.Delete("s")
	_, err = secretValue(t, c, in)
	wantCode(t, err, "ResourceNotFoundException")
}

func TestBatchGetSecretValue(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Secrets.PutString("a", "1")
	fake.Secrets.PutBinary("b", []byte("2"))
	fake.Secrets.PutString("gone", "3")
	fake.Secrets.MarkDeleted("gone")
	fake.Secrets.PutString("denied", "4")
	fake.Deny("secretsmanager:GetSecretValue", "denied")
	fake.Secrets.PutString("locked", "5")
	fake.Deny("kms:Decrypt", "locked")
	c := secretsClient(t, fake)
	arn := fake.Secrets.ARN("a")
	out, err := c.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{
		SecretIdList: []string{arn, "b", "nil", "gone", "denied", "locked"},
	})
	noError(t, err)
	var got, failed []string
	for _, v := range out.SecretValues {
		got = append(got, *v.Name+"="+aws.ToString(v.SecretString)+string(v.SecretBinary))
	}
	for _, e := range out.Errors {
		failed = append(failed, *e.SecretId+" "+*e.ErrorCode)
		if *e.SecretId == "denied" {
			want(t, "message", *e.Message, "User: arn:aws:sts::123456789012:assumed-role/fn/fn is not authorized to perform: secretsmanager:GetSecretValue on resource: denied because no identity-based policy allows the secretsmanager:GetSecretValue action")
		}
	}
	want(t, "values, not in the order of the request", strings.Join(got, " "), "b=2 a=1")
	slices.Sort(failed)
	want(t, "errors", strings.Join(failed, ", "),
		"denied AccessDeniedException, gone InvalidRequestException, locked AccessDeniedException, nil ResourceNotFoundException")
	if out.NextToken != nil {
		t.Errorf("token %s", *out.NextToken)
	}
	want(t, "calls by the name", fake.CallsFor("BatchGetSecretValue", "a"), 1)

	fake.Deny("secretsmanager:BatchGetSecretValue", "")
	_, err = c.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a"}})
	wantCode(t, err, "AccessDeniedException")
	wantMessage(t, err, "User: arn:aws:sts::123456789012:assumed-role/fn/fn is not authorized to perform: secretsmanager:BatchGetSecretValue because no identity-based policy allows the secretsmanager:BatchGetSecretValue action")
}

func TestBatchPagesAndRefusals(t *testing.T) {
	t.Parallel()
	fake := start(t)
	var ids []string
	for i := range 21 {
		ids = append(ids, fmt.Sprintf("s%02d", i))
		fake.Secrets.PutString(ids[i], "v")
	}
	c := secretsClient(t, fake)
	fake.Secrets.PageSize(8)
	var sizes []int
	p := secretsmanager.NewBatchGetSecretValuePaginator(c, &secretsmanager.BatchGetSecretValueInput{SecretIdList: ids[:20]})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		noError(t, err)
		sizes = append(sizes, len(out.SecretValues))
	}
	want(t, "pages", fmt.Sprint(sizes), "[8 8 4]")
	for want, in := range map[string]*secretsmanager.BatchGetSecretValueInput{
		"ValidationException":       {SecretIdList: ids},
		"InvalidParameterException": {},
		"InvalidNextTokenException": {SecretIdList: ids[:1], NextToken: aws.String("what")},
	} {
		if _, err := c.BatchGetSecretValue(t.Context(), in); code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestDescribeSecret(t *testing.T) {
	t.Parallel()
	fake := start(t)
	first := fake.Secrets.PutString("s", "one")
	second := fake.Secrets.PutString("s", "two")
	next := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	fake.Secrets.RotatesAt("s", next)
	fake.Secrets.MarkDeleted("s")
	out, err := secretsClient(t, fake).DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("s")})
	noError(t, err)
	want(t, "name", *out.Name, "s")
	want(t, "rotation", aws.ToBool(out.RotationEnabled), true)
	want(t, "next rotation", out.NextRotationDate.UTC(), next)
	want(t, "first", fmt.Sprint(out.VersionIdsToStages[first]), "[AWSPREVIOUS]")
	want(t, "second", fmt.Sprint(out.VersionIdsToStages[second]), "[AWSCURRENT]")
	if out.DeletedDate == nil {
		t.Error("no date of deletion")
	}
}

func TestSecretsAreWrittenByClients(t *testing.T) {
	t.Parallel()
	fake := start(t)
	c, ctx, s := secretsClient(t, fake), t.Context(), aws.String("w")
	made, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: s, SecretString: aws.String("one")})
	noError(t, err)
	_, err = c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: s, SecretString: aws.String("one")})
	wantCode(t, err, "ResourceExistsException")
	put, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretBinary: []byte("two")})
	noError(t, err)
	want(t, "stages", fmt.Sprint(put.VersionStages), "[AWSCURRENT]")
	again, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: s, SecretBinary: []byte("two"), ClientRequestToken: put.VersionId})
	noError(t, err)
	want(t, "version of the repetition", *again.VersionId, *put.VersionId)
	_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: s, SecretBinary: []byte("other"), ClientRequestToken: put.VersionId})
	wantCode(t, err, "ResourceExistsException")
	_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: s})
	wantCode(t, err, "InvalidParameterException")

	move := &secretsmanager.UpdateSecretVersionStageInput{SecretId: s, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: made.VersionId}
	_, err = c.UpdateSecretVersionStage(ctx, move)
	wantCode(t, err, "InvalidParameterException")
	move.RemoveFromVersionId = put.VersionId
	_, err = c.UpdateSecretVersionStage(ctx, move)
	noError(t, err)
	got, err := secretValue(t, c, &secretsmanager.GetSecretValueInput{SecretId: s})
	noError(t, err)
	want(t, "value", got, "one")

	_, err = c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: s})
	noError(t, err)
	_, err = c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: s, SecretString: aws.String("x")})
	wantCode(t, err, "InvalidRequestException")
	_, err = c.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: s})
	noError(t, err)
	_, err = c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: s, ForceDeleteWithoutRecovery: aws.Bool(true)})
	noError(t, err)
	_, err = c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: s})
	wantCode(t, err, "ResourceNotFoundException")

	empty, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: s})
	noError(t, err)
	if empty.VersionId != nil {
		t.Error("a secret without a value has a version")
	}
	_, err = secretValue(t, c, &secretsmanager.GetSecretValueInput{SecretId: s})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestSecretOfAnotherAccountIsFoundByItsARNOnly(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:shared-AbCdEf"
	fake := start(t)
	fake.Secrets.PutString(arn, "theirs")
	c := secretsClient(t, fake)
	got, err := secretValue(t, c, &secretsmanager.GetSecretValueInput{SecretId: aws.String(arn)})
	noError(t, err)
	want(t, "value", got, "theirs")
	_, err = secretValue(t, c, &secretsmanager.GetSecretValueInput{SecretId: aws.String("shared")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestDeniedSecret(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Secrets.PutString("s", "v")
	c := secretsClient(t, fake)
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")}
	fake.Deny("secretsmanager:GetSecretValue", "s")
	_, err := secretValue(t, c, in)
	wantCode(t, err, "AccessDeniedException")
	fake.Allow("secretsmanager:GetSecretValue", "s")
	fake.Deny("kms:Decrypt", "")
	_, err = secretValue(t, c, in)
	wantMessage(t, err, "Access to KMS is not allowed")
}
