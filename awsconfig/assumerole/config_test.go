package assumerole_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Nothing is kept of a configuration that could not be made.
func TestAnEnvironmentThatIsMendedLater(t *testing.T) {
	newLab(t)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	e := key()
	if _, err := e.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "no AWS Region") {
		t.Error(err)
	}
	t.Setenv("AWS_REGION", cachetest.Region)
	get(t, e)
}

func TestAnEndpointForSTSAlone(t *testing.T) {
	l := newLab(t)
	sts := cachetest.NewAWS(t, cachetest.NoEnv())
	sts.STS.PutRole(reader, "")
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL())
	get(t, key())
	want(t, "AssumeRole at the endpoint", sts.Calls("AssumeRole"), 1)
	want(t, "AssumeRole elsewhere", l.Calls("AssumeRole"), 0)
}

// hosts answers nothing, and notes whom it was to ask.
type hosts struct {
	mu   sync.Mutex
	list []string
}

func (h *hosts) Do(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, r.URL.Host)
	return nil, errors.New("nobody is there")
}

// STS is asked in the function's Region, whatever the entry's, with the settings and the
// HTTP client of the configuration in force.
func TestSTSIsAskedInTheFunctionsRegion(t *testing.T) {
	for want, sources := range map[string][]any{
		"sts.eu-central-1.amazonaws.com":      nil,
		"sts-fips.eu-central-1.amazonaws.com": {fips{}},
		"sts.eu-central-1.api.aws":            {dualStack{}},
	} {
		t.Run(want, func(t *testing.T) {
			cachetest.Reset(t)
			seen := new(hosts)
			err := awsconfig.Use(aws.Config{
				Region: "eu-central-1", HTTPClient: seen, RetryMaxAttempts: 1, ConfigSources: sources,
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "key"}, nil
				}),
			})
			if err != nil {
				t.Fatal(err)
			}
			e := ssmcache.Parameter[string]("/prod/key", ssmcache.Region(ireland), ssmcache.Config(assumerole.Role(reader)))
			if _, err := e.Get(t.Context()); err == nil || len(seen.list) != 1 || seen.list[0] != want {
				t.Errorf("asked %q: %v", seen.list, err)
			}
		})
	}
}

type (
	fips      struct{}
	dualStack struct{}
)

func (fips) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateEnabled, true, nil
}

func (dualStack) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return aws.DualStackEndpointStateEnabled, true, nil
}

// The environment's settings reach STS as they reach every service.
func TestTheNameOfASession(t *testing.T) {
	for variable, want := range map[string]string{"orders": "orders", "": "lambda-cache", "f": "lambda-cache"} {
		l := newLab(t)
		t.Setenv("AWS_LAMBDA_FUNCTION_NAME", variable)
		l.Deny("ssm:GetParameters", "")
		l.Deny("ssm:GetParameter", "")
		_, err := key().Get(t.Context())
		if err == nil || !strings.Contains(err.Error(), "assumed-role/reader/"+want+" is not authorized") {
			t.Errorf("%q: %v", variable, err)
		}
		if _, err := key(assumerole.SessionName("mine")).Get(t.Context()); err == nil || !strings.Contains(err.Error(), "assumed-role/reader/mine is not") {
			t.Error(err)
		}
	}
}

func TestMistakesPanic(t *testing.T) {
	for text, f := range map[string]func(){
		`assumerole.Role(""): not the ARN of a role: write arn:aws:iam::ACCOUNT:role/NAME`: func() { assumerole.Role("") },
		`assumerole.Role("reader")`:                              func() { assumerole.Role("reader") },
		`assumerole.Role("arn:aws:sts::222222222222:assumed`:     func() { assumerole.Role("arn:aws:sts::222222222222:assumed-role/reader/x") },
		`assumerole.Role("arn:aws:iam::2222:role/reader")`:       func() { assumerole.Role("arn:aws:iam::2222:role/reader") },
		`assumerole.Role("arn:aws:iam::222222222222:role/a/")`:   func() { assumerole.Role("arn:aws:iam::222222222222:role/a/") },
		`assumerole.Role("arn:aws:iam::222222222222:role/a b")`:  func() { assumerole.Role("arn:aws:iam::222222222222:role/a b") },
		`assumerole.Role("arn:aws:iam::222222222222:user/joe")`:  func() { assumerole.Role("arn:aws:iam::222222222222:user/joe") },
		`assumerole.ExternalID: not an external id`:              func() { assumerole.ExternalID("a b") },
		`assumerole.SessionName("x"): not the name of a session`: func() { assumerole.SessionName("x") },
		`assumerole.Duration(14m59s): a session lasts`:           func() { assumerole.Duration(15*time.Minute - time.Second) },
		`assumerole.Duration(12h0m1s): a session lasts`:          func() { assumerole.Duration(12*time.Hour + time.Second) },
		`assumerole.Duration(15m0.001s): a session lasts`:        func() { assumerole.Duration(15*time.Minute + time.Millisecond) },
		`assumerole.Config was given nil: give it a provider`:    func() { assumerole.Config((*assumerole.Session)(nil)) },
		`ssmcache.Config was given nil: give it a provider`:      func() { ssmcache.Config((*assumerole.Session)(nil)) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "lambdacache: "+text) {
					t.Errorf("%v\nwant %s", r, text)
				}
			}()
			f()
		}()
	}
	for _, arn := range []string{reader, other, "arn:aws-cn:iam::222222222222:role/service-role/a.b+c=d,e@f-g_h", "arn:aws-us-gov:iam::222222222222:role/x"} {
		want(t, "role", assumerole.Role(arn).String(), arn)
	}
}

var _ awsconfig.Provider = (*assumerole.Session)(nil)

var _ lambdacache.Option = ssmcache.Config(assumerole.Role(reader))

// answer is an AssumeRole answered by a test.
func answer(credentials string) cachetest.Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<AssumeRoleResponse><AssumeRoleResult>"+credentials+"</AssumeRoleResult></AssumeRoleResponse>")
		})
	}
}

// What STS says of the end counts where it is sooner than what was asked for.
func TestASessionThatEndsSooner(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Do: answer("<Credentials><AccessKeyId>id</AccessKeyId><SecretAccessKey>key</SecretAccessKey><Expiration>" +
		time.Now().Add(10*time.Minute).UTC().Format(time.RFC3339) + "</Expiration></Credentials>")})
	e := key()
	l.refresh(e, 1)
	l.clock.Advance(4 * time.Minute)
	l.refresh(e, 1)
	l.clock.Advance(2 * time.Minute)
	l.refresh(e, 2)
}

func TestAnAnswerWithoutKeys(t *testing.T) {
	l := newLab(t)
	l.Fail(cachetest.Fault{Operation: "AssumeRole", Times: 2, Do: answer("")})
	for range 2 {
		if _, err := key().Get(t.Context()); err == nil || !strings.Contains(err.Error(), "the answer to AssumeRole holds no keys") {
			t.Error(err)
		}
	}
	get(t, key())
}
