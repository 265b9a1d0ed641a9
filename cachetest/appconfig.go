package cachetest

import (
	"cmp"
	"strings"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// AppConfig is the fake's data plane of AppConfig. Its methods are what a test
// arranges; clients reach it through StartConfigurationSession and
// GetLatestConfiguration. It goes by the service's public model:
//
//   - A token is good for one call. A used one, and one that is 24 hours old, is
//     Expired; one that the fake does not know is Corrupted.
//   - Who asks before the poll interval is over is refused, and may ask again with
//     the same token: PollIntervalNotSatisfied.
//   - Who has the newest version gets an empty body and no version label.
//
// Poll intervals and tokens age by the clock of the test ([NewClock]) if there is one.
//
// An application, an environment and a configuration profile have names only, no ids.
// Together, joined by slashes, they are the configuration's name for [AWS.Deny],
// [AWS.CallsFor] and the like: "shop/prod/flags".
type AppConfig struct {
	aws       *AWS
	place     place
	elsewhere elsewhere[AppConfig]

	mu       sync.Mutex
	deployed map[string]*deployment // by name
	number   int                    // of the newest deployment
	tokens   map[string]*sessionToken
	interval time.Duration // 0: what the session asked for
}

// deployment is a version of a configuration that was deployed.
type deployment struct {
	AppConfigVersion
	number int
	body   func() []byte // a function, or printing the fake would show it
}

// AppConfigVersion is what a version of a configuration has beside its body: see
// [AppConfig.Deploy].
type AppConfigVersion struct {
	Label       string // the version label, "" for none
	ContentType string // "" for "application/json"
}

// sessionToken is what a session asks with next.
type sessionToken struct {
	name     string        // of the configuration
	interval time.Duration // what the session asked for
	has      int           // the number of the deployment that the session has given, 0 for none
	used     bool
	expires  clock.Due
	early    clock.Due // before that it is used too early
}

const (
	tokenLife           = 24 * time.Hour
	shortestInterval    = 15
	longestInterval     = 86400
	defaultPollInterval = 60 * time.Second
)

func newAppConfig(a *AWS, where place) *AppConfig {
	return &AppConfig{aws: a, place: where, deployed: make(map[string]*deployment), tokens: make(map[string]*sessionToken)}
}

// In is the AppConfig of another account or Region, for requests that are signed for it:
// by a role of that account ([AWS.STS]), for that Region. Each has configurations and
// sessions of its own.
func (s *AppConfig) In(account, region string) *AppConfig {
	return s.aws.AppConfig.at(place{account, region})
}

// at finds the service of a place; s is the one at home.
func (s *AppConfig) at(p place) *AppConfig {
	if p == s.place {
		return s
	}
	return s.elsewhere.at(p, func() *AppConfig { return newAppConfig(s.aws, p) })
}

// Put deploys a configuration, as JSON and without a version label.
func (s *AppConfig) Put(application, environment, profile, body string) {
	s.Deploy(application, environment, profile, body, AppConfigVersion{})
}

// Deploy deploys a version of a configuration in place of the one that was. It is
// another version for sessions even if nothing of it differs. A missing name, and a
// slash in one, panic, since that is a mistake in the test.
func (s *AppConfig) Deploy(application, environment, profile, body string, v AppConfigVersion) {
	name := configurationName(application, environment, profile)
	v.ContentType = cmp.Or(v.ContentType, "application/json")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	s.deployed[name] = &deployment{v, s.number, func() []byte { return []byte(body) }}
	s.aws.held().hold("appconfig "+name, []byte(body))
}

// Delete removes a configuration; its sessions are refused as not found. One that is
// not there is no mistake.
func (s *AppConfig) Delete(application, environment, profile string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.deployed, configurationName(application, environment, profile))
}

// PollInterval makes the service answer with d as the next poll interval, whatever a
// session asked for, as it may; 0 takes that back. It is in whole seconds.
func (s *AppConfig) PollInterval(d time.Duration) {
	if d < 0 || d%time.Second != 0 {
		panic("cachetest: a poll interval is in whole seconds")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interval = d
}

// LoseSessions makes the service know none of the tokens it has given.
func (s *AppConfig) LoseSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

func configurationName(parts ...string) string {
	for _, p := range parts {
		if p == "" || strings.Contains(p, "/") {
			panic("cachetest: an application, an environment and a profile each need a name without a slash")
		}
	}
	return strings.Join(parts, "/")
}

// splitName is configurationName backwards. What a client sends may have more slashes.
func splitName(name string) [3]string {
	var k [3]string
	copy(k[:], strings.SplitN(name, "/", 3))
	return k
}
