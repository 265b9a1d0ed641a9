package appconfigcache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appconfigdata"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
)

const (
	// minPollInterval is asked for whatever the max age: it may be another entry's
	// tomorrow, and a longer interval would only hold Refresh off.
	minPollInterval = 15 * time.Second
	// tokenLife is how long a token may lie before it is used. An interval that is longer
	// binds nobody: by then there is another session.
	tokenLife = 24 * time.Hour
)

// session is one configuration's session with the service, across invocations.
type session struct {
	key  key
	turn chan struct{} // whoever has put something into it uses the session

	client API
	resets int64
	token  string // for the next call, "" if there is no session

	at       clock.Reading // when the token came
	interval time.Duration // how long from then on the service refuses it
	answered bool          // this session has given a body, so that an empty answer is no body

	// The last body that came by any session, and its version, "" for none.
	body    []byte
	version string
}

// enter waits for the session. The core never loads one key twice at a time; but two
// calls with one token would cost the session, so that is not taken on trust.
func (s *session) enter(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *session) leave() { <-s.turn }

// belong forgets everything if it came by another client, or before cachetest.Reset.
func (s *session) belong(client API) {
	if n := resets.Load(); s.client != client || s.resets != n {
		*s = session{key: s.key, turn: s.turn, client: client, resets: n}
	}
}

// load asks the session, or a new one if there is none that could be asked.
func (s *session) load(ctx context.Context, req lambdacache.Request) lambdacache.Result[[]byte] {
	start := clock.Now()
	calls := 0
	fail := func(err error) lambdacache.Result[[]byte] {
		return lambdacache.Result[[]byte]{Err: err, Calls: calls - 1}
	}
	if s.token == "" || s.at.DueAfter(tokenLife).Passed(start) || s.early(start) && !s.standsFor(req) {
		calls++
		if err := s.open(ctx); err != nil {
			return fail(err)
		}
	}
	calls++
	out, err := s.ask(ctx)
	if lost(err) { // once: an answer that was lost has used the token, also of a new session
		if tooEarly(err) && s.early(start) && s.standsFor(req) {
			// It stood when the session was last asked, not now.
			age := start.Since(s.at)
			return lambdacache.Result[[]byte]{Unchanged: true, Age: age, NotBefore: s.interval - age, Calls: calls - 1}
		}
		calls++
		if err := s.open(ctx); err != nil {
			return fail(err)
		}
		calls++
		out, err = s.ask(ctx)
	}
	if err == nil && aws.ToString(out.NextPollConfigurationToken) == "" {
		err = noToken("GetLatestConfiguration")
	}
	if err != nil {
		refusal := s.key.refused(err, "appconfig:GetLatestConfiguration")
		switch {
		case lost(err):
			s.token = ""
			refusal = fmt.Errorf("%w; a token is good for one call, also if the answer is lost on the way", refusal)
		case errors.Is(refusal, lambdacache.ErrNotFound):
			s.token = ""
		}
		return fail(refusal)
	}
	s.take(out)
	r := s.result(req)
	r.Calls = calls - 1
	// The service counts from its answer, the core from the start of the load.
	r.NotBefore = s.at.Since(start) + s.interval
	return r
}

// noToken is the error of an answer that the service would not give: a page of somebody
// between, for example, which must not pass for a configuration.
func noToken(operation string) error {
	return lambdacache.Undecodable("the response to " + operation + " has no token for the next call: what answers is not AppConfig")
}

// early reports whether the service would refuse the token because of its interval.
func (s *session) early(now clock.Reading) bool { return !s.at.DueAfter(s.interval).Passed(now) }

// standsFor reports whether the last body will do for a request that comes too early:
// who holds it, and does not insist. It is asked for all the same, because the interval
// may be over by the service's clock. A new session for each would be too much: an entry
// that cannot decode the body asks with every invocation.
func (s *session) standsFor(req lambdacache.Request) bool {
	return req.MaxAge > 0 && s.version != "" && req.Have == s.version
}

// open starts a session.
func (s *session) open(ctx context.Context) error {
	s.token, s.answered = "", false
	out, err := s.client.StartConfigurationSession(ctx, &appconfigdata.StartConfigurationSessionInput{
		ApplicationIdentifier:                &s.key.application,
		EnvironmentIdentifier:                &s.key.environment,
		ConfigurationProfileIdentifier:       &s.key.profile,
		RequiredMinimumPollIntervalInSeconds: aws.Int32(int32(minPollInterval / time.Second)),
	})
	if err != nil {
		return s.key.refused(err, "appconfig:StartConfigurationSession")
	}
	if aws.ToString(out.InitialConfigurationToken) == "" {
		return noToken("StartConfigurationSession")
	}
	s.token, s.at, s.interval = aws.ToString(out.InitialConfigurationToken), clock.Now(), 0
	return nil
}

func (s *session) ask(ctx context.Context) (*appconfigdata.GetLatestConfigurationOutput, error) {
	return s.client.GetLatestConfiguration(ctx, &appconfigdata.GetLatestConfigurationInput{ConfigurationToken: &s.token})
}

// take keeps what an answer brings. An empty one brings no label either.
func (s *session) take(out *appconfigdata.GetLatestConfigurationOutput) {
	s.token, s.at = aws.ToString(out.NextPollConfigurationToken), clock.Now()
	s.interval = min(time.Duration(out.NextPollIntervalInSeconds)*time.Second, tokenLife)
	if len(out.Configuration) > 0 || !s.answered {
		s.body, s.version = out.Configuration, version(aws.ToString(out.VersionLabel), out.Configuration)
	}
	s.answered = true
}

// result is the last body, if it is not what the request has.
func (s *session) result(req lambdacache.Request) lambdacache.Result[[]byte] {
	if req.Have == s.version {
		return lambdacache.Result[[]byte]{Unchanged: true}
	}
	return lambdacache.Result[[]byte]{Value: s.body, Version: s.version}
}
