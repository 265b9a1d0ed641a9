package cachetest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func TestShownIn(t *testing.T) {
	fake := cachetest.NewAWS(t)
	fake.SSM.Put("/app/text", "an old value")
	fake.SSM.PutSecure("/app/text", "a new value")
	fake.SSM.PutList("/app/list", "the first element", "the second element")
	fake.SSM.Put("/app/short", "short")
	fake.Secrets.PutString("app/login", `{"user":"app","pin":12345678,"deep":[{"password":"pass\\word"}]}`)
	fake.Secrets.PutBinary("app/binary", []byte("\x00binary\xff"))
	fake.S3.Put("app", "object", []byte("the object's first line\nand its second"))
	fake.S3.Put("app", "large", []byte(strings.Repeat("large ", 1<<17)))
	client := secretsmanager.NewFromConfig(subject.Config(fake.URL(), "a", "b"))
	if _, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("app/written"), SecretString: aws.String("by a client")}); err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]string{
		"got an old value":                                          "the value of ssm /app/text as text in line 1 after \"got \"",
		"1\n2\n3: A NEW VALUE":                                      "the value of ssm /app/text as text in line 3 after \"3: \"",
		"[the second element]":                                      "the value of ssm /app/list",
		`{"pin":12345678}`:                                          "the value of secretsmanager app/login#pin",
		`password=pass\\word`:                                       "the value of secretsmanager app/login#deep#password",
		fmt.Sprint([]byte("pass\\word")):                            "app/login#deep#password as numbers",
		fmt.Sprintf("%q", "\x00binary\xff"):                         "the value of secretsmanager app/binary",
		base64.StdEncoding.EncodeToString([]byte("\x00binary\xff")): "app/binary as base64",
		"read the object's first line\nand its second":              "the value of s3 object",
		strings.Repeat("large ", 99):                                "the value of s3 large",
		fmt.Sprintf("%x", "by a client"):                            "the value of secretsmanager app/written as hex",
	} {
		found := fake.ShownIn(said)
		if len(found) != 1 || !strings.Contains(found[0], want) {
			t.Errorf("%q: found %q, want %q", said, found, want)
		}
	}
	for _, said := range []string{"", "short", "an old", "app", "large large", "the object's first line"} {
		if found := fake.ShownIn(said); len(found) > 0 {
			t.Errorf("%q: found %q", said, found)
		}
	}
	fake.SSM.Put("/app/later", "a later value")
	if found := fake.ShownIn("a later value\nand again: a later value"); len(found) != 2 {
		t.Errorf("put after a search: found %q", found)
	}
}
