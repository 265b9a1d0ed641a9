package errorsdoc_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Values that no error has a piece of by chance: not English, and no digits of
// addresses.
const (
	goodValue = "Xq7ZkWv3Jp5T"
	badValue  = "Ym4RtLw9Hs6G"
)

type db struct {
	User string
	Port int
}

func loads() []loading {
	var all []loading
	for _, list := range [][]loading{missing(), undecodable(), denied(), busy(), slow(), objects(), items(), paths(), configurations(), documents()} {
		all = append(all, list...)
	}
	return all
}

// render is a value as text.
func render(t *testing.T, v any) string {
	t.Helper()
	if f, ok := v.(*s3cache.LocalFile); ok {
		b, err := os.ReadFile(f.Path())
		if err != nil {
			t.Fatalf("the old file is gone: %v", err)
		}
		return string(b)
	}
	return fmt.Sprint(v)
}

func parameter[T any](name string, opts ...lambdacache.Option) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[T] { return ssmcache.Parameter[T](name, o...) }, opts...)
	}
}

func secret[T any](id string, opts ...lambdacache.Option) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[T] { return secretcache.Secret[T](id, o...) }, opts...)
	}
}

func field[T any](id, name string) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[T] { return secretcache.Field[T](id, name, o...) })
	}
}

func puts(name, value string) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) { aws.SSM.Put(name, value) }
}

func putsSecret(name, value string) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) { aws.Secrets.PutString(name, value) }
}

func fails(do cachetest.Effect) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) { aws.Fail(cachetest.Fault{Do: do}) }
}

func missing() []loading {
	return []loading{
		{
			heading: "A parameter that does not exist",
			declare: parameter[string]("/missing/app/key"),
			good:    puts("/missing/app/key", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.SSM.Delete("/missing/app/key") },
		},
		{
			heading: "A secret that does not exist",
			declare: secret[string]("missing/db"),
			good:    putsSecret("missing/db", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.Secrets.Delete("missing/db") },
			code:    "ResourceNotFoundException",
		},
		{
			heading: "A secret that is marked for deletion",
			declare: secret[string]("deleted/db"),
			good: func(aws *cachetest.AWS) {
				aws.Secrets.PutString("deleted/db", goodValue)
				aws.Secrets.Restore("deleted/db")
			},
			bad:  func(aws *cachetest.AWS) { aws.Secrets.MarkDeleted("deleted/db") },
			code: "InvalidRequestException",
		},
		{
			heading: "A secret without a value",
			declare: secret[string]("empty/db"),
			good:    putsSecret("empty/db", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.Secrets.PutBinary("empty/db", nil) },
		},
		{
			heading: "Several entries at once",
			declare: parameter[string]("/several/app/key"),
			good: func(aws *cachetest.AWS) {
				aws.SSM.Put("/several/app/key", goodValue)
				aws.Secrets.PutString("several/db", goodValue)
			},
			bad: func(aws *cachetest.AWS) {
				aws.SSM.Delete("/several/app/key")
				aws.Secrets.Delete("several/db")
			},
			ask: func(ctx context.Context, _ *cachetest.AWS, p probe) error {
				return lambdacache.Prefetch(ctx, p.entry, secretcache.Secret[string]("several/db"))
			},
			code: "ResourceNotFoundException",
		},
	}
}

func undecodable() []loading {
	return []loading{
		{
			heading: "A text that is no number",
			declare: parameter[int]("/type/app/limit"),
			good:    puts("/type/app/limit", "42"),
			bad:     puts("/type/app/limit", badValue),
			values:  []string{badValue},
		},
		{
			heading: "A number that does not fit",
			declare: parameter[float32]("/range/app/factor"),
			good:    puts("/range/app/factor", "0.5"),
			bad:     puts("/range/app/factor", "1E+39"),
			values:  []string{"1E+39"},
		},
		{
			heading: "A String where a list is wanted",
			declare: parameter[[]string]("/list/app/hosts"),
			good:    func(aws *cachetest.AWS) { aws.SSM.PutList("/list/app/hosts", goodValue, goodValue) },
			bad:     puts("/list/app/hosts", badValue+","+badValue),
			values:  []string{badValue},
		},
		{
			heading: "Malformed JSON",
			declare: secret[db]("malformed/db"),
			good:    putsSecret("malformed/db", `{"User":"`+goodValue+`","Port":1}`),
			bad:     putsSecret("malformed/db", `{"User":"`+badValue),
			values:  []string{badValue},
		},
		{
			heading: "JSON of another type",
			declare: secret[db]("shape/db"),
			good:    putsSecret("shape/db", `{"User":"`+goodValue+`","Port":1}`),
			bad:     putsSecret("shape/db", `{"User":"u","Port":"`+badValue+`"}`),
			values:  []string{badValue},
		},
		{
			heading: "An empty text where JSON is wanted",
			declare: secret[db]("emptytext/db"),
			good:    putsSecret("emptytext/db", `{"User":"`+goodValue+`","Port":1}`),
			bad:     putsSecret("emptytext/db", ""),
		},
		{
			heading: "A binary secret where text is wanted",
			declare: secret[string]("binary/db"),
			good:    putsSecret("binary/db", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.Secrets.PutBinary("binary/db", []byte(badValue)) },
			values:  []string{badValue},
		},
		{
			heading: "A field that the secret has not",
			declare: field[string]("field/db", "password"),
			good:    putsSecret("field/db", `{"password":"`+goodValue+`"}`),
			bad:     putsSecret("field/db", `{"passwort":"`+badValue+`"}`),
			values:  []string{badValue},
		},
		{
			heading: "A decoder of your own that fails",
			declare: func() probe {
				return probing(func(o ...lambdacache.Option) *lambdacache.Entry[string] {
					return ssmcache.ParameterFunc("/own/app/key", func(s string) (string, error) {
						if s == badValue {
							return "", fmt.Errorf("cannot read %q", s)
						}
						return s, nil
					}, o...)
				})
			},
			good:   puts("/own/app/key", goodValue),
			bad:    puts("/own/app/key", badValue),
			values: []string{badValue},
		},
		{
			heading: "An answer that is cut off in the middle",
			declare: parameter[string]("/garbled/app/key"),
			good:    puts("/garbled/app/key", goodValue),
			bad:     fails(cachetest.Malformed()),
		},
	}
}

func denied() []loading {
	return []loading{
		{
			heading: "A parameter that may not be read",
			declare: parameter[string]("/denied/app/key"),
			good:    puts("/denied/app/key", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.Deny("ssm:GetParameters", "/denied/app/key") },
			code:    "AccessDeniedException",
		},
		{
			heading: "A secret that may not be read",
			declare: secret[string]("denied/db"),
			good:    putsSecret("denied/db", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.Deny("secretsmanager:GetSecretValue", "denied/db") },
			code:    "AccessDeniedException",
		},
		{
			heading: "A SecureString whose key may not be used",
			declare: parameter[string]("/encrypted/app/key"),
			good:    func(aws *cachetest.AWS) { aws.SSM.PutSecure("/encrypted/app/key", goodValue) },
			bad:     func(aws *cachetest.AWS) { aws.Deny("kms:Decrypt", "/encrypted/app/key") },
			code:    "AccessDeniedException",
		},
		{
			heading: "Credentials that have expired",
			declare: parameter[string]("/expired/app/key"),
			good:    puts("/expired/app/key", goodValue),
			bad:     fails(cachetest.Error(400, "ExpiredTokenException", "The security token included in the request is expired")),
			code:    "ExpiredTokenException",
		},
		{
			heading: "Credentials that are not accepted",
			declare: parameter[string]("/refused/app/key"),
			good:    puts("/refused/app/key", goodValue),
			bad:     fails(cachetest.Error(400, "UnrecognizedClientException", "The security token included in the request is invalid.")),
			code:    "UnrecognizedClientException",
		},
	}
}
