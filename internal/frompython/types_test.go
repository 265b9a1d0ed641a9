package frompython_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestStringAndSecureString(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/typed/string", "a, b")
	aws.SSM.PutSecure("/typed/secure", "hidden")
	is(t, "String", get(t, ssmcache.Parameter[string]("/typed/string")), "a, b")
	is(t, "SecureString", get(t, ssmcache.Parameter[string]("/typed/secure")), "hidden")
}

func TestStringList(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.PutList("/typed/list", "a", "b", "c")
	is(t, "StringList", get(t, ssmcache.Parameter[[]string]("/typed/list")), []string{"a", "b", "c"})
}

// Only a StringList is split: a String with a comma is not guessed to be a list.
func TestStringIsNoList(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/typed/commas", "a,b")
	_, err := ssmcache.Parameter[[]string]("/typed/commas").Get(t.Context())
	says(t, err, lambdacache.ErrDecode, "StringList", "declare string")
}

func TestTypedParameters(t *testing.T) {
	aws, _ := start(t)
	aws.SSM.Put("/typed/limit", "42")
	aws.SSM.Put("/typed/timeout", "1m30s")
	aws.SSM.Put("/typed/on", "true")
	aws.SSM.Put("/typed/config", `{"Host":"h","Port":5432}`)
	type config struct {
		Host string
		Port int
	}
	is(t, "int", get(t, ssmcache.Parameter[int]("/typed/limit")), 42)
	is(t, "duration", get(t, ssmcache.Parameter[time.Duration]("/typed/timeout")), 90*time.Second)
	is(t, "bool", get(t, ssmcache.Parameter[bool]("/typed/on")), true)
	is(t, "JSON", get(t, ssmcache.Parameter[config]("/typed/config")), config{"h", 5432})
}

func TestTextAndBinarySecrets(t *testing.T) {
	aws, _ := start(t)
	aws.Secrets.PutString("typed/text", "text")
	aws.Secrets.PutBinary("typed/binary", []byte{0, 1, 0xff})
	is(t, "text", get(t, secretcache.Secret[string]("typed/text")), "text")
	is(t, "binary", get(t, secretcache.Secret[[]byte]("typed/binary")), []byte{0, 1, 0xff})
	_, err := secretcache.Secret[string]("typed/binary").Get(t.Context())
	says(t, err, lambdacache.ErrDecode, "binary", "declare []byte")
}

// A secret is decoded when it is loaded, not when it is read.
func TestSecretDecodedOnce(t *testing.T) {
	aws, clock := start(t)
	aws.Secrets.PutString("typed/json", `{"user":"app","password":"hidden"}`)
	type db struct{ User, Password string }
	is(t, "JSON", get(t, secretcache.Secret[db]("typed/json")), db{"app", "hidden"})

	var decoded atomic.Int32
	h := reading(secretcache.SecretFunc("typed/json", func(b []byte) (int, error) {
		decoded.Add(1)
		return len(b), nil
	}))
	for range 10 {
		invoke(t, h)
	}
	is(t, "decoded", decoded.Load(), int32(1))
	clock.Advance(time.Minute)
	invoke(t, h)
	is(t, "decoded after a load that brought nothing new", decoded.Load(), int32(1))
}

// Two fields of a secret come with one call, from one version.
func TestFieldsOfASecret(t *testing.T) {
	aws, _ := start(t)
	aws.Secrets.PutString("typed/fields", `{"user":"app","password":"hidden"}`)
	user := secretcache.Field[string]("typed/fields", "user")
	password := secretcache.Field[string]("typed/fields", "password")
	h := reading(user, password)
	is(t, "user", invoke(t, h), "app")
	is(t, "password", get(t, password), "hidden")
	is(t, "one version", user.Version() == password.Version() && user.Version() != "", true)
	is(t, "calls", aws.Calls(""), 1)
}

func TestSecretByARN(t *testing.T) {
	aws, _ := start(t)
	aws.Secrets.PutString("typed/by-arn", "value")
	secret := secretcache.Secret[string](aws.Secrets.ARN("typed/by-arn"))
	is(t, "value", get(t, secret), "value")
}

func TestObjectInMemory(t *testing.T) {
	aws, _ := start(t)
	aws.S3.Put("typed", "path/to/object.json", []byte(`{"status":"old"}`))
	type status struct{ Status string }
	is(t, "JSON", get(t, s3cache.Object[status]("s3://typed/path/to/object.json")), status{"old"})
}
