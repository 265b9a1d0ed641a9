package cachetest_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata/types"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// poller is the SDK's client with a session of shop/prod/flags.
type poller struct {
	*testing.T
	*cachetest.AWS
	client *appconfigdata.Client
	token  *string
}

func newPoller(t *testing.T, fake *cachetest.AWS, seconds *int32) *poller {
	t.Helper()
	p := &poller{T: t, AWS: fake, client: appconfigdata.NewFromConfig(config(t, fake))}
	p.start(seconds)
	return p
}

func (p *poller) start(seconds *int32) {
	p.Helper()
	out, err := p.client.StartConfigurationSession(p.Context(), &appconfigdata.StartConfigurationSessionInput{
		ApplicationIdentifier: aws.String("shop"), EnvironmentIdentifier: aws.String("prod"), ConfigurationProfileIdentifier: aws.String("flags"),
		RequiredMinimumPollIntervalInSeconds: seconds,
	})
	noError(p.T, err)
	p.token = out.InitialConfigurationToken
}

func (p *poller) get(token *string) (*appconfigdata.GetLatestConfigurationOutput, error) {
	return p.client.GetLatestConfiguration(p.Context(), &appconfigdata.GetLatestConfigurationInput{ConfigurationToken: token})
}

// poll asks with the token that is next.
func (p *poller) poll() *appconfigdata.GetLatestConfigurationOutput {
	p.Helper()
	out, err := p.get(p.token)
	noError(p.T, err)
	p.token = out.NextPollConfigurationToken
	return out
}

// refused asks with a token that has a problem.
func (p *poller) refused(token *string, problem types.InvalidParameterProblem) {
	p.Helper()
	_, err := p.get(token)
	bad, ok := errors.AsType[*types.BadRequestException](err)
	if !ok {
		p.Fatalf("no BadRequestException: %v", err)
	}
	want(p.T, "reason", bad.Reason, types.BadRequestReasonInvalidParameters)
	details, ok := bad.Details.(*types.BadRequestDetailsMemberInvalidParameters)
	if !ok {
		p.Fatalf("no details: %T", bad.Details)
	}
	want(p.T, "problem", details.Value["ConfigurationToken"].Problem, problem)
}

func TestAppConfigSession(t *testing.T) {
	fake := start(t)
	clock := cachetest.NewClock(t)
	fake.AppConfig.Deploy("shop", "prod", "flags", "v1", cachetest.AppConfigVersion{Label: "one", ContentType: "text/plain"})
	p := newPoller(t, fake, nil)
	first := p.token
	out := p.poll()
	want(t, "body", string(out.Configuration), "v1")
	want(t, "label", aws.ToString(out.VersionLabel), "one")
	want(t, "content type", aws.ToString(out.ContentType), "text/plain")
	want(t, "interval", out.NextPollIntervalInSeconds, 60)
	p.refused(first, types.InvalidParameterProblemExpired)
	p.refused(p.token, types.InvalidParameterProblemPollIntervalNotSatisfied)
	p.refused(aws.String("none"), types.InvalidParameterProblemCorrupted)

	clock.Advance(time.Minute - 1)
	p.refused(p.token, types.InvalidParameterProblemPollIntervalNotSatisfied)
	clock.Advance(1)
	out = p.poll()
	want(t, "body when nothing changed", len(out.Configuration), 0)
	want(t, "label when nothing changed", aws.ToString(out.VersionLabel), "")

	fake.AppConfig.Put("shop", "prod", "flags", "v1") // deployed again
	clock.Advance(time.Minute)
	out = p.poll()
	want(t, "body of the same again", string(out.Configuration), "v1")
	want(t, "label of none", aws.ToString(out.VersionLabel), "")
	want(t, "content type", aws.ToString(out.ContentType), "application/json")

	other := newPoller(t, fake, aws.Int32(15))
	out = other.poll()
	want(t, "body of another session", string(out.Configuration), "v1")
	want(t, "interval asked for", out.NextPollIntervalInSeconds, 15)
	fake.AppConfig.PollInterval(90 * time.Second)
	clock.Advance(15 * time.Second)
	want(t, "interval of the service", other.poll().NextPollIntervalInSeconds, 90)
	clock.Advance(24*time.Hour - 1)
	want(t, "body a day later", len(other.poll().Configuration), 0)
	clock.Advance(24 * time.Hour)
	other.refused(other.token, types.InvalidParameterProblemExpired)

	p.start(nil)
	fake.AppConfig.LoseSessions()
	p.refused(p.token, types.InvalidParameterProblemCorrupted)
	want(t, "sessions", fake.CallsFor("StartConfigurationSession", "shop/prod/flags"), 3)
}

func TestAppConfigRefusals(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.AppConfig.Put("shop", "prod", "flags", "v1")
	p := newPoller(t, fake, nil)
	begin := func(application string, seconds int32) error {
		_, err := p.client.StartConfigurationSession(t.Context(), &appconfigdata.StartConfigurationSessionInput{
			ApplicationIdentifier: &application, EnvironmentIdentifier: aws.String("prod"), ConfigurationProfileIdentifier: aws.String("flags"),
			RequiredMinimumPollIntervalInSeconds: &seconds,
		})
		return err
	}
	wantCode(t, begin("shop", 14), "BadRequestException")
	wantCode(t, begin("shop", 86401), "BadRequestException")
	wantCode(t, begin("", 15), "BadRequestException")
	err := begin("shops", 15)
	wantCode(t, err, "ResourceNotFoundException")
	missing, _ := errors.AsType[*types.ResourceNotFoundException](err)
	want(t, "resource type", missing.ResourceType, types.ResourceTypeConfiguration)
	want(t, "referenced by", missing.ReferencedBy["Application"], "shops")

	for action, do := range map[string]func() error{
		"appconfig:GetLatestConfiguration":    func() error { _, err := p.get(p.token); return err },
		"appconfig:StartConfigurationSession": func() error { return begin("shop", 15) },
	} {
		fake.Deny(action, "shop/prod/flags")
		err = do()
		wantCode(t, err, "AccessDeniedException")
		wantMessage(t, err, "User: "+cachetest.Caller+" is not authorized to perform: "+action+
			" on resource: arn:aws:appconfig:us-east-1:123456789012:application/shop/environment/prod/configuration/flags"+
			" because no identity-based policy allows the "+action+" action")
		fake.Allow(action, "shop/prod/flags")
	}
	for effect, code := range map[string]string{"throttled": "ThrottlingException", "out of order": "InternalServerException"} {
		do := cachetest.Throttle()
		if effect == "out of order" {
			do = cachetest.Error(500, code, "sorry")
		}
		heal := fake.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Key: "shop/prod/flags", Do: do})
		_, err = p.get(p.token)
		wantCode(t, err, code)
		heal()
	}
	want(t, "none of that used the token", string(p.poll().Configuration), "v1")
	fake.AppConfig.Delete("shop", "prod", "flags")
	wantCode(t, begin("shop", 15), "ResourceNotFoundException")
}

// What is not AppConfig's is still S3's.
func TestAppConfigLeavesPathsToS3(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.Put("configuration", "x", []byte("v1"))
	for path, service := range map[string]string{"/configuration/x": "s3", "/configuration": "s3", "/configurationsessions": "s3", "/configuration?configuration_token=a": "appconfig"} {
		fake.ResetCounts()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fake.URL()+path, nil)
		noError(t, err)
		req.Close = true
		resp, err := http.DefaultClient.Do(req)
		noError(t, err)
		noError(t, resp.Body.Close())
		want(t, "unsigned", resp.StatusCode, http.StatusForbidden)
		want(t, path, fake.Requests()[0].Service, service)
	}
}

func TestAppConfigPanics(t *testing.T) {
	t.Parallel()
	fake := start(t)
	for name, f := range map[string]func(){
		"no name":              func() { fake.AppConfig.Put("", "prod", "flags", "x") },
		"a slash":              func() { fake.AppConfig.Put("shop", "prod", "a/b", "x") },
		"half a second":        func() { fake.AppConfig.PollInterval(500 * time.Millisecond) },
		"a negative interval":  func() { fake.AppConfig.PollInterval(-time.Second) },
		"a misspelt operation": func() { fake.Calls("GetConfiguration") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
	fake.AppConfig.Put("shop", "prod", "flags", `{"a":{"enabled":true,"key":"s3cr3t-of-the-flag"}}`)
	want(t, "shown", len(fake.ShownIn("key: s3cr3t-of-the-flag")), 1)
}
