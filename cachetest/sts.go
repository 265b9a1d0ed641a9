package cachetest

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// STS is the fake's Security Token Service. A test says which roles there are;
// clients take one with AssumeRole. What is signed with the keys of a session has the
// role in [Request], reads in the role's account ([SSM.In], [Secrets.In], [AppConfig.In],
// [Dynamo.In]), and is refused once the session has ended, by the time of [NewClock].
//
// To refuse a role that is there, deny "sts:AssumeRole" on its ARN ([AWS.Deny]).
type STS struct {
	aws *AWS

	mu       sync.Mutex
	roles    map[string]string     // the external id that each wants, "" for none, by ARN
	sessions map[string]stsSession // by access key id
}

type stsSession struct {
	role    string // its ARN
	name    string
	token   string
	ends    int64 // on the wall clock, in ns
	revoked bool
}

func newSTS(a *AWS) *STS {
	return &STS{aws: a, roles: make(map[string]string), sessions: make(map[string]stsSession)}
}

// PutRole makes a role that trusts the caller: "arn:aws:iam::222222222222:role/reader".
// With an external id, "" for none, it trusts those only who give that id.
func (s *STS) PutRole(arn, externalID string) {
	if accountOf(arn) == "" || !strings.Contains(arn, ":role/") {
		panic("cachetest: put role " + arn + ": not the ARN of a role")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[arn] = externalID
}

// DeleteRole removes a role: it cannot be assumed any more. Sessions live on, as in
// AWS. A role that is not there is no mistake.
func (s *STS) DeleteRole(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.roles, arn)
}

// EndSessions ends the sessions of a role before their time: whoever asks with one from
// now on is told that it has expired. The role can be assumed again.
func (s *STS) EndSessions(arn string) {
	now := clock.Now().Wall
	s.change(arn, func(x *stsSession) { x.ends = min(x.ends, now) })
}

// RevokeSessions revokes the sessions that a role has now, as the IAM console does: they
// are denied everything. The role can be assumed again.
func (s *STS) RevokeSessions(arn string) { s.change(arn, func(x *stsSession) { x.revoked = true }) }

func (s *STS) change(role string, change func(*stsSession)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, x := range s.sessions {
		if x.role == role {
			change(&x)
			s.sessions[key] = x
		}
	}
}

// accountOf is the account of an ARN, "" if it is none.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[4]
}

// open begins a session.
func (s *STS) open(role, name string, life time.Duration) (accessKey, secret string, session stsSession) {
	accessKey, secret = "ASIA"+rand.Text()[:16], rand.Text()+rand.Text()
	session = stsSession{role: role, name: name, token: rand.Text() + rand.Text(), ends: clock.Now().Wall + int64(life)}
	s.aws.held().hold("a session of "+role, []byte(secret))
	s.aws.held().hold("a session of "+role, []byte(session.token))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[accessKey] = session
	return accessKey, secret, session
}

// sessionOf is the session that a request was signed with, if it was with one.
func (s *STS) sessionOf(r *http.Request) (session stsSession, ok bool) {
	accessKey, _ := credential(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok = s.sessions[accessKey]
	return session, ok
}

// place is where a request is at home: the account of whoever signed it, and the
// Region that it was signed for.
func (s *STS) place(r *http.Request) place {
	p := place{Account, Region}
	if session, ok := s.sessionOf(r); ok {
		p.account = accountOf(session.role)
	}
	if _, region := credential(r); region != "" {
		p.region = region
	}
	return p
}

// caller is the ARN of who asks, and its role's if it is one's session.
func (s *STS) caller(r *http.Request) (arn, role string) {
	session, ok := s.sessionOf(r)
	if !ok {
		return Caller, ""
	}
	return session.arn(), session.role
}

// arn is the session's: "arn:aws:sts::222222222222:assumed-role/reader/name".
func (x stsSession) arn() string {
	return "arn:aws:sts::" + accountOf(x.role) + ":assumed-role/" + x.role[strings.LastIndexByte(x.role, '/')+1:] + "/" + x.name
}

// check refuses a request whose session has ended or was revoked, or whose token is
// another's.
func (s *STS) check(c *call, r *http.Request) *apiError {
	session, ok := s.sessionOf(r)
	switch {
	case !ok:
		return nil
	case session.token != r.Header.Get("X-Amz-Security-Token"):
		return &apiError{status: 403, code: "InvalidClientTokenId", message: "The security token included in the request is invalid."}
	case clock.Now().Wall < session.ends && session.revoked:
		return revocation(c)
	case clock.Now().Wall < session.ends:
		return nil
	}
	code := "ExpiredTokenException"
	if c.service == "s3" || c.service == "sts" {
		code = "ExpiredToken"
	}
	return badRequest(code, "The security token included in the request is expired")
}
