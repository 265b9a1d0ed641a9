package cachetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache/cachetest"
)

const arnOf = "arn:aws:ssm:us-east-1:123456789012:parameter"

func TestGetParametersAnswersInAlphabeticalOrder(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/b", "two")
	fake.SSM.PutList("/a", "x", "", "y")
	fake.SSM.PutSecure("/c", "three")
	out, err := ssmClient(t, fake).GetParameters(t.Context(), &ssm.GetParametersInput{
		Names:          []string{"/c", " /b ", "/nil", "/a"},
		WithDecryption: aws.Bool(true),
	})
	noError(t, err)
	var got []string
	for _, p := range out.Parameters {
		got = append(got, fmt.Sprintf("%s %s %s %d %s", *p.Name, p.Type, *p.Value, p.Version, *p.ARN))
		if p.LastModifiedDate == nil || p.LastModifiedDate.IsZero() || p.Selector != nil || *p.DataType != "text" {
			t.Errorf("%s: date %v, selector %v, data type %v", *p.Name, p.LastModifiedDate, p.Selector, p.DataType)
		}
	}
	want(t, "parameters", strings.Join(got, "\n"), strings.Join([]string{
		"/a StringList x,,y 1 " + arnOf + "/a",
		"/b String two 1 " + arnOf + "/b",
		"/c SecureString three 1 " + arnOf + "/c",
	}, "\n"))
	want(t, "invalid", strings.Join(out.InvalidParameters, " "), "/nil")
	want(t, "keys in the log", strings.Join(fake.Requests()[0].Keys, " "), "/c /b /nil /a")
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	fake := start(t)
	for i := range 3 {
		want(t, "version", fake.SSM.Put("/a/key", fmt.Sprint("v", i+1)), int64(i+1))
	}
	fake.SSM.Label("/a/key", 2, "prod", "blue")
	fake.SSM.Label("/a/key", 1, "blue")
	out, err := ssmClient(t, fake).GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{
		"/a/key", "/a/key:1", "/a/key:prod", "/a/key:9", "/a/key:none", arnOf + "/a/key:3", "/a/key:blue",
	}})
	noError(t, err)
	var got []string
	for _, p := range out.Parameters {
		got = append(got, fmt.Sprint(*p.Name, aws.ToString(p.Selector), "=", *p.Value, " ", p.Version))
		want(t, "ARN", *p.ARN, arnOf+"/a/key")
	}
	slices.Sort(got)
	want(t, "parameters", strings.Join(got, ", "),
		"/a/key:1=v1 1, /a/key:3=v3 3, /a/key:blue=v1 1, /a/key:prod=v2 2, /a/key=v3 3")
	want(t, "invalid", strings.Join(out.InvalidParameters, " "), "/a/key:9 /a/key:none")
}

func TestGetParametersRefuses(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	c := ssmClient(t, fake)
	var eleven []string
	for i := range 11 {
		eleven = append(eleven, fmt.Sprint("/p", i))
	}
	for what, names := range map[string][]string{
		"eleven names":          eleven,
		"no name":               {},
		"duplicates":            {"/a", "/a"},
		"duplicates but spaces": {"/a", " /a "},
		"an inner space":        {"/a b"},
		"an empty selector":     {"/a:"},
		"two selectors":         {"/a:1:2"},
		"a strange letter":      {"/ä"},
	} {
		_, err := c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: names})
		if code(err) != "ValidationException" {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: eleven[:10]})
	noError(t, err)
}

func TestGetParameter(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("plain", "0")
	fake.SSM.Put("/one", "1")
	fake.SSM.Put("/a/b", "2")
	fake.SSM.Put("/aws/service/ami", "ami-1")
	c := ssmClient(t, fake)
	for name, value := range map[string]string{
		"plain": "0", "/one": "1", "/a/b": "2", "/a/b:1": "2", " /a/b ": "2", "/aws/service/ami": "ami-1",
		arnOf + "/plain": "0", arnOf + "/one": "1", arnOf + "/a/b": "2", arnOf + "/a/b:1": "2",
	} {
		got, err := get(t.Context(), c, name)
		if err != nil || got != value {
			t.Errorf("%s: %q, %v; want %q", name, got, err, value)
		}
	}
	for name, want := range map[string]string{
		"/nil": "ParameterNotFound", "one": "ParameterNotFound", "/a/b:2": "ParameterVersionNotFound",
		"/a/b:prod": "ParameterVersionNotFound", "/a b": "ValidationException",
		"arn:aws:ssm:us-east-1:999999999999:parameter/a/b": "ParameterNotFound",
	} {
		if _, err := get(t.Context(), c, name); code(err) != want {
			t.Errorf("%s: %v; want %s", name, err, want)
		}
	}
}

func TestSecureStringWithoutDecryption(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.PutSecure("/s", "hunter2")
	out, err := ssmClient(t, fake).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/s")})
	noError(t, err)
	if v := *out.Parameter.Value; strings.Contains(v, "hunter2") || !strings.HasPrefix(v, "AQICAH") {
		t.Errorf("not a ciphertext")
	}
}

func TestParameterOfAnotherAccountIsFoundByItsARNOnly(t *testing.T) {
	t.Parallel()
	const shared = "arn:aws:ssm:eu-west-1:999999999999:parameter/shared/key"
	fake := start(t)
	fake.SSM.Put(shared, "theirs")
	c := ssmClient(t, fake)
	out, err := c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(shared)})
	noError(t, err)
	want(t, "value", *out.Parameter.Value, "theirs")
	want(t, "name", *out.Parameter.Name, "/shared/key")
	want(t, "ARN", *out.Parameter.ARN, shared)
	_, err = get(t.Context(), c, "/shared/key")
	wantCode(t, err, "ParameterNotFound")
	fake.SSM.Put("/shared/key", "ours")
	_, err = c.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String(shared)})
	noError(t, err)
	got, err := get(t.Context(), c, "/shared/key")
	noError(t, err)
	want(t, "our own of the same name", got, "ours")
	fake.SSM.Delete("/shared/key")
	fake.SSM.Delete("/shared/key")
	_, err = get(t.Context(), c, "/shared/key")
	wantCode(t, err, "ParameterNotFound")
	_, err = get(t.Context(), c, shared)
	wantCode(t, err, "ParameterNotFound")
}

func TestSecretThroughParameterStore(t *testing.T) {
	t.Parallel()
	fake := start(t)
	old := fake.Secrets.PutString("prod/db", "first")
	fake.Secrets.PutString("prod/db", "second")
	c := ssmClient(t, fake)
	const name = "/aws/reference/secretsmanager/prod/db"
	for key, value := range map[string]string{name: "second", name + ":AWSPREVIOUS": "first", name + ":" + old: "first"} {
		got, err := get(t.Context(), c, key)
		if err != nil || got != value {
			t.Errorf("%s: %v", key, err)
		}
	}
	out, err := c.GetParameters(t.Context(), &ssm.GetParametersInput{
		Names: []string{name, "/aws/reference/secretsmanager/nil"}, WithDecryption: aws.Bool(true),
	})
	noError(t, err)
	p := out.Parameters[0]
	want(t, "name", *p.Name, name)
	want(t, "ARN", *p.ARN, fake.Secrets.ARN("prod/db"))
	want(t, "version", p.Version, 0)
	want(t, "type", p.Type, types.ParameterTypeSecureString)
	want(t, "invalid", strings.Join(out.InvalidParameters, ""), "/aws/reference/secretsmanager/nil")

	_, err = c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name)})
	wantCode(t, err, "ValidationException")
	_, err = get(t.Context(), c, "/aws/reference/secretsmanager/nil")
	wantCode(t, err, "ParameterNotFound")
}

func TestParametersAreWrittenByClients(t *testing.T) {
	t.Parallel()
	fake := start(t)
	c := ssmClient(t, fake)
	put := func(value string, kind types.ParameterType, overwrite bool) (*ssm.PutParameterOutput, error) {
		return c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/w"), Value: &value, Type: kind, Overwrite: &overwrite})
	}
	out, err := put("1", types.ParameterTypeString, false)
	noError(t, err)
	want(t, "version", out.Version, 1)
	want(t, "tier", out.Tier, types.ParameterTierStandard)
	_, err = put("2", types.ParameterTypeString, false)
	wantCode(t, err, "ParameterAlreadyExists")
	out, err = put("2", "", true)
	noError(t, err)
	want(t, "version", out.Version, 2)
	_, err = put(strings.Repeat("x", 4097), "", true)
	wantCode(t, err, "ValidationException")

	label := func(name string, version *int64, labels ...string) (*ssm.LabelParameterVersionOutput, error) {
		return c.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: &name, ParameterVersion: version, Labels: labels})
	}
	labelled, err := label("/w", aws.Int64(1), "old", "1st", "awsome")
	noError(t, err)
	want(t, "invalid labels", strings.Join(labelled.InvalidLabels, " "), "1st awsome")
	labelled, err = label("/w", nil, "new")
	noError(t, err)
	want(t, "version labelled", labelled.ParameterVersion, 2)
	got, err := get(t.Context(), c, "/w:old")
	noError(t, err)
	want(t, "value of the label", got, "1")
	_, err = label("/w", aws.Int64(7), "x")
	wantCode(t, err, "ParameterVersionNotFound")
	_, err = label("/nil", nil, "x")
	wantCode(t, err, "ParameterNotFound")

	_, err = c.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/w")})
	noError(t, err)
	_, err = c.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/w")})
	wantCode(t, err, "ParameterNotFound")
	out, err = put("again", types.ParameterTypeString, false)
	noError(t, err)
	want(t, "version after the deletion", out.Version, 1)
}

func TestNamesThatCannotBeGiven(t *testing.T) {
	t.Parallel()
	fake := start(t)
	c := ssmClient(t, fake)
	for name, want := range map[string]string{
		"a/b": "ValidationException", "/a b": "ValidationException", "/a:1": "ValidationException",
		"ssm-x": "ValidationException", "/SSM": "ValidationException", "/aws/x": "AccessDeniedException",
	} {
		_, err := c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: aws.String("v"), Type: types.ParameterTypeString})
		if code(err) != want {
			t.Errorf("%s: %v; want %s", name, err, want)
		}
	}
}

func TestAHundredVersionsAreKept(t *testing.T) {
	t.Parallel()
	fake := start(t)
	for range 101 {
		fake.SSM.Put("/v", "x")
	}
	c := ssmClient(t, fake)
	_, err := get(t.Context(), c, "/v:1")
	wantCode(t, err, "ParameterVersionNotFound")
	_, err = get(t.Context(), c, "/v:101")
	noError(t, err)
	fake.SSM.Label("/v", 2, "keep")
	_, err = c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/v"), Value: aws.String("x"), Overwrite: aws.Bool(true)})
	wantCode(t, err, "ParameterMaxVersionLimitExceeded")
}

func TestOneDeniedParameterFailsTheCall(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/app/a", "1")
	fake.SSM.PutSecure("/app/key", "2")
	c := ssmClient(t, fake)
	both := &ssm.GetParametersInput{Names: []string{"/app/a", "/app/key:1"}, WithDecryption: aws.Bool(true)}

	fake.Deny("ssm:GetParameters", "/app/key")
	_, err := c.GetParameters(t.Context(), both)
	wantCode(t, err, "AccessDeniedException")
	wantMessage(t, err, "User: arn:aws:sts::123456789012:assumed-role/fn/fn is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/app/key because no identity-based policy allows the ssm:GetParameters action")
	_, err = get(t.Context(), c, "/app/key")
	noError(t, err) // another permission
	fake.Allow("ssm:GetParameters", "/app/key")
	_, err = c.GetParameters(t.Context(), both)
	noError(t, err)

	fake.Deny("kms:Decrypt", "/app/key")
	_, err = c.GetParameters(t.Context(), both)
	wantCode(t, err, "AccessDeniedException")
	if !strings.Contains(err.Error(), "kms:Decrypt") {
		t.Errorf("the message does not name kms:Decrypt: %v", err)
	}
	_, err = c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/app/key"}})
	noError(t, err) // ciphertext needs no key
	fake.Allow("kms:Decrypt", "")

	fake.Deny("ssm:GetParameters", "/app/*")
	_, err = c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/app/a"}})
	wantCode(t, err, "AccessDeniedException")
	_, err = c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/other"}})
	noError(t, err)
	fake.Deny("ssm:GetParameter", "")
	_, err = get(t.Context(), c, "/other")
	wantCode(t, err, "AccessDeniedException")
	fake.Deny("ssm:GetParameters", "/one")
	fake.SSM.Put("/one", "1")
	_, err = c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{arnOf + "/one"}})
	wantCode(t, err, "AccessDeniedException")
}

func TestMistakesInArrangingPanic(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	for what, f := range map[string]func(){
		"a name with a space":    func() { fake.SSM.Put("/a b", "x") },
		"a comma in a list":      func() { fake.SSM.PutList("/l", "a,b") },
		"a label on no version":  func() { fake.SSM.Label("/a", 2, "x") },
		"a label that is none":   func() { fake.SSM.Label("/a", 1, "1") },
		"no such secret":         func() { fake.Secrets.ARN("nil") },
		"no such version":        func() { fake.Secrets.PutString("s", "x"); fake.Secrets.Stage("s", "MINE", "nil") },
		"a page of 21 secrets":   func() { fake.Secrets.PageSize(21) },
		"a slow body of nothing": func() { cachetest.SlowBody(0, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", what)
				}
			}()
			f()
		}()
	}
}
