package appconfigcache_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"

	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func clientOf(fake *cachetest.AWS) *appconfigdata.Client {
	return appconfigdata.NewFromConfig(subject.Config(fake.URL(), "AKIDOFITSOWN", "any"))
}

// The same configuration with two clients are two, perhaps of two accounts.
func TestTwoClientsNeverMix(t *testing.T) {
	l := newLab(t)
	there := cachetest.NewAWS(t, cachetest.NoEnv())
	l.put("of one")
	there.AppConfig.Put("app", "prod", l.profile(), "of the other")
	mine := appconfigcache.Client(clientOf(there))
	byDefault, byMine := l.text(), l.text(mine)
	for range 3 {
		want(t, "default client", get(t, byDefault), "of one")
		want(t, "a client", get(t, byMine), "of the other")
		l.due()
	}
	want(t, "sessions of the default client", l.Calls("StartConfigurationSession"), 1)
	want(t, "sessions of the client", there.Calls("StartConfigurationSession"), 1)
	want(t, "credentials", there.Requests()[0].AccessKey, "AKIDOFITSOWN")
}

// The variable for this one service is heeded.
func TestEndpointOfTheService(t *testing.T) {
	l := newLab(t)
	l.put("v1")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_APPCONFIGDATA", l.URL())
	want(t, "value", get(t, l.text()), "v1")
	want(t, "Region", l.Requests()[0].Region, cachetest.Region)
}

// script is a hand-written client.
type script struct {
	token string
	get   func() (*appconfigdata.GetLatestConfigurationOutput, error)
}

func (s *script) StartConfigurationSession(context.Context, *appconfigdata.StartConfigurationSessionInput, ...func(*appconfigdata.Options)) (*appconfigdata.StartConfigurationSessionOutput, error) {
	return &appconfigdata.StartConfigurationSessionOutput{InitialConfigurationToken: &s.token}, nil
}

func (s *script) GetLatestConfiguration(context.Context, *appconfigdata.GetLatestConfigurationInput, ...func(*appconfigdata.Options)) (*appconfigdata.GetLatestConfigurationOutput, error) {
	return s.get()
}

func TestClientWrittenByHand(t *testing.T) {
	l := newLab(t)
	out := &appconfigdata.GetLatestConfigurationOutput{Configuration: []byte("v1"), NextPollConfigurationToken: aws.String("next")}
	s := &script{token: "first", get: func() (*appconfigdata.GetLatestConfigurationOutput, error) { return out, nil }}
	e := l.text(appconfigcache.Client(s))
	want(t, "value", get(t, e), "v1")
	s.get = func() (*appconfigdata.GetLatestConfigurationOutput, error) {
		return nil, errors.New("the line is dead")
	}
	_, err := e.Refresh(t.Context())
	want(t, "error", err.Error(), `lambdacache: load "TestClientWrittenByHand" from appconfig app/prod/TestClientWrittenByHand: the line is dead`)

	out.NextPollConfigurationToken = nil
	s.get = func() (*appconfigdata.GetLatestConfigurationOutput, error) { return out, nil }
	_, err = e.Refresh(t.Context())
	wantError(t, err, "cannot decode: the response to GetLatestConfiguration has no token for the next call: what answers is not AppConfig")
	s.token = ""
	_, err = l.text(appconfigcache.Client(&script{})).Get(t.Context())
	wantError(t, err, "cannot decode: the response to StartConfigurationSession has no token for the next call: what answers is not AppConfig")
}

// An interval that is longer than a token lives would be none: after a day there is
// another session, which has none. One that is nothing, or less, lets the max age decide.
func TestPollIntervalsThatCannotBe(t *testing.T) {
	l := newLab(t)
	out := &appconfigdata.GetLatestConfigurationOutput{Configuration: []byte("v1"), NextPollConfigurationToken: aws.String("next")}
	calls := 0
	s := &script{token: "first", get: func() (*appconfigdata.GetLatestConfigurationOutput, error) {
		calls++
		return out, nil
	}}
	e := l.text(appconfigcache.Client(s))
	for _, step := range []struct {
		seconds int32
		next    time.Duration // when it is asked again
	}{{0, time.Minute}, {-1, time.Minute}, {math.MinInt32, time.Minute}, {math.MaxInt32, 24 * time.Hour}, {1 << 18, 24 * time.Hour}, {0, time.Minute}} {
		out.NextPollIntervalInSeconds = step.seconds
		calls = 0
		get(t, e)
		want(t, "calls when it is due", calls, 1)
		l.clock.Advance(step.next - 1)
		get(t, e)
		want(t, "calls before the next", calls, 1)
		l.clock.Advance(1)
	}
}

// loose is a client that cannot be told from others.
type loose struct {
	*script
	_ func()
}

func TestClientPanics(t *testing.T) {
	const none = "lambdacache: appconfigcache.Client was given nil: give it a client, or leave the option out for the default one"
	wantPanic(t, none, func() { appconfigcache.Client(nil) })
	wantPanic(t, none, func() { appconfigcache.Client((*appconfigdata.Client)(nil)) })
	wantPanic(t, "lambdacache: appconfigcache.Client was given a client that cannot be compared with others: give it a pointer",
		func() { appconfigcache.Client(loose{}) })
}
