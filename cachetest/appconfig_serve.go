package cachetest

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

var appConfigOperations = []string{"StartConfigurationSession", "GetLatestConfiguration"}

// isAppConfig tells a request from S3's, which has none of that form.
func isAppConfig(r *http.Request) bool {
	switch r.URL.Path {
	case "/configurationsessions":
		return r.Method == http.MethodPost
	case "/configuration":
		return r.Method == http.MethodGet && r.URL.Query().Has("configuration_token")
	}
	return false
}

func (s *AppConfig) read(r *http.Request, body []byte) *call {
	c := &call{service: "appconfig", refuse: refuseREST}
	if r.Method == http.MethodGet {
		token := r.URL.Query().Get("configuration_token")
		c.operation = "GetLatestConfiguration"
		c.answer = func(w http.ResponseWriter) *apiError {
			p, err := s.getLatestConfiguration(token)
			if err == nil {
				p.write(w)
			}
			return err
		}
		s.mu.Lock()
		if t := s.tokens[token]; t != nil {
			c.keys = []string{t.name}
		}
		s.mu.Unlock()
	} else {
		c.operation = "StartConfigurationSession"
		var in startSessionInput
		if err := json.Unmarshal(body, &in); err != nil {
			return c.failing(badRequest("SerializationException", "the body is not the JSON of StartConfigurationSession"))
		}
		c.keys = []string{in.name()}
		c.answer = func(w http.ResponseWriter) *apiError {
			token, err := s.startConfigurationSession(in)
			if err == nil {
				writeStarted(w, token)
			}
			return err
		}
	}
	c.action = "appconfig:" + c.operation
	c.names = c.keys
	for range c.keys {
		c.resources = append(c.resources, s.arn(c.keys[0]))
	}
	return c
}

func (s *AppConfig) arn(name string) string {
	k := splitName(name)
	return "arn:aws:appconfig:" + s.place.region + ":" + s.place.account + ":application/" + k[0] + "/environment/" + k[1] + "/configuration/" + k[2]
}

type startSessionInput struct {
	ApplicationIdentifier, EnvironmentIdentifier, ConfigurationProfileIdentifier string
	RequiredMinimumPollIntervalInSeconds                                         *int
}

func (in startSessionInput) name() string {
	return in.ApplicationIdentifier + "/" + in.EnvironmentIdentifier + "/" + in.ConfigurationProfileIdentifier
}

func (in startSessionInput) check() *apiError {
	if in.ApplicationIdentifier == "" || in.EnvironmentIdentifier == "" || in.ConfigurationProfileIdentifier == "" {
		return badRequest("BadRequestException", "Application, environment and configuration profile identifiers are required")
	}
	if n := in.RequiredMinimumPollIntervalInSeconds; n != nil && (*n < shortestInterval || *n > longestInterval) {
		return badRequest("BadRequestException", "RequiredMinimumPollIntervalInSeconds must be between 15 and 86400")
	}
	return nil
}

func (s *AppConfig) startConfigurationSession(in startSessionInput) (token string, _ *apiError) {
	if err := in.check(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deployed[in.name()] == nil {
		return "", noConfiguration(in.name())
	}
	interval := defaultPollInterval
	if n := in.RequiredMinimumPollIntervalInSeconds; n != nil {
		interval = time.Duration(*n) * time.Second
	}
	return s.issue(&sessionToken{name: in.name(), interval: interval}, 0), nil
}

func writeStarted(w http.ResponseWriter, token string) {
	body, err := json.Marshal(map[string]string{"InitialConfigurationToken": token})
	if err != nil {
		panic(err)
	}
	write(w, http.StatusCreated, "application/json", body)
}

// issue gives out a token that may be used after wait. s.mu is held.
func (s *AppConfig) issue(t *sessionToken, wait time.Duration) string {
	now := clock.Now()
	t.expires, t.early = now.DueAfter(tokenLife), now.DueAfter(wait)
	token := rand.Text()
	s.tokens[token] = t
	return token
}

// poll is the answer to a GetLatestConfiguration.
type poll struct {
	next     string
	interval time.Duration
	latest   *deployment
	known    bool // to the session: it has no need of the body
}

func (p poll) write(w http.ResponseWriter) {
	w.Header().Set("Next-Poll-Configuration-Token", p.next)
	w.Header().Set("Next-Poll-Interval-In-Seconds", strconv.Itoa(int(p.interval/time.Second)))
	if p.known {
		write(w, http.StatusOK, p.latest.ContentType, nil)
		return
	}
	if p.latest.Label != "" {
		w.Header().Set("Version-Label", p.latest.Label)
	}
	write(w, http.StatusOK, p.latest.ContentType, p.latest.body())
}

func (s *AppConfig) getLatestConfiguration(token string) (p poll, _ *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, t := clock.Now(), s.tokens[token]
	switch {
	case t == nil:
		return p, badToken("Corrupted", "Token not valid")
	case t.used || t.expires.Passed(now):
		return p, badToken("Expired", "Token has expired")
	case !t.early.Passed(now):
		return p, badToken("PollIntervalNotSatisfied", "Request too early")
	}
	p.latest = s.deployed[t.name]
	if p.latest == nil {
		return p, noConfiguration(t.name)
	}
	t.used = true
	p.known, p.interval = t.has == p.latest.number, t.interval
	if s.interval > 0 {
		p.interval = s.interval
	}
	p.next = s.issue(&sessionToken{name: t.name, interval: t.interval, has: p.latest.number}, p.interval)
	return p, nil
}

func badToken(problem, message string) *apiError {
	e := badRequest("BadRequestException", message)
	e.members = map[string]any{
		"Reason":  "InvalidParameters",
		"Details": map[string]any{"InvalidParameters": map[string]any{"ConfigurationToken": map[string]string{"Problem": problem}}},
	}
	return e
}

func noConfiguration(name string) *apiError {
	k := splitName(name)
	return &apiError{
		status: http.StatusNotFound, code: "ResourceNotFoundException", message: "No configuration is deployed",
		members: map[string]any{
			"ResourceType": "Configuration",
			"ReferencedBy": map[string]string{"Application": k[0], "Environment": k[1], "ConfigurationProfile": k[2]},
		},
	}
}

// refuseREST writes an error of the REST-JSON protocol, which names its code in a
// header.
func refuseREST(w http.ResponseWriter, e *apiError) {
	members := maps.Clone(e.members)
	if members == nil {
		members = make(map[string]any)
	}
	members["Message"] = e.message
	body, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	w.Header().Set("X-Amzn-ErrorType", e.code)
	write(w, e.status, "application/json", body)
}
