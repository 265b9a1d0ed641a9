// Package assumerole lets entries load as a role, of another account for example:
//
//	var reader = assumerole.Role("arn:aws:iam::222222222222:role/reader")
//
//	var db = secretcache.Secret[DB]("prod/db", secretcache.Config(reader))
//
// IAM: sts:AssumeRole on the role, in the function's policy, and the function's role in
// the trust policy of the role to assume. The role is assumed by the first load that
// needs it, with one call however many loads do, at the STS endpoint of the function's
// Region, and again 5 minutes before its session ends. A session that cannot be renewed
// serves to its end. The session is good for every Region and every source.
//
// A session may end early. When a service answers that its credentials have expired or
// are not accepted, the role is assumed again and the call made once more, in the same
// load, if the session is older than 30 s; likewise when a call is denied and the session
// is older than 5 minutes, because whoever revokes a role's sessions denies everything to
// those that began before
// (docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html). A key
// that the role may not read costs one AssumeRole in 5 minutes, therefore, while it is
// asked for. If the role cannot be assumed now, others go on with the session unless it
// has expired: what one service refuses, as in a Region that the account has not enabled,
// may be good for all others.
//
// A role can be assumed as another role: see [Config].
//
// It is a package of its own because it links the STS client.
package assumerole

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/awskeys"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// Session is a role and, while it is assumed, the credentials of its session. It is a
// configuration for the Config option of a source.
type Session struct {
	settings
	keys *awskeys.Cache
}

// settings are the identity of a session.
type settings struct {
	role       string
	externalID string
	name       string             // "": from the environment, when the role is assumed
	duration   time.Duration      // whole seconds
	config     awsconfig.Provider // who assumes it, nil for the function
}

// Option is an option of [Role].
type Option func(*settings)

const (
	defaultDuration  = time.Hour
	shortestDuration = 15 * time.Minute
	longestDuration  = 12 * time.Hour
)

// Role is the session of a role, named by its ARN. The same role with the same options
// is the same session, wherever it is declared. What is not the ARN of a role panics.
func Role(arn string, opts ...Option) *Session {
	if !isRole(arn) {
		panic(fmt.Sprintf("lambdacache: assumerole.Role(%q): not the ARN of a role: write arn:aws:iam::ACCOUNT:role/NAME", arn))
	}
	s := settings{role: arn, duration: defaultDuration}
	for _, o := range opts {
		o(&s)
	}
	return sessions.of(s)
}

// isRole reports whether arn is a role's, such as "arn:aws:iam::222222222222:role/reader".
func isRole(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "iam" || parts[3] != "" {
		return false
	}
	path, ok := strings.CutPrefix(parts[5], "role/")
	return len(parts[4]) == 12 && strings.Trim(parts[4], "0123456789") == "" &&
		ok && isMadeOf(path, letters+"/", 1, 576) && !strings.HasSuffix(path, "/")
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-"

func isMadeOf(s, letters string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, letters) == ""
}

func isSessionName(s string) bool { return isMadeOf(s, letters, 2, 64) }

// ExternalID is what the role's trust policy asks for as sts:ExternalId; none by
// default. What cannot be one panics.
func ExternalID(id string) Option {
	if !isMadeOf(id, letters+":/", 2, 1224) {
		panic("lambdacache: assumerole.ExternalID: not an external id: write what the trust policy has as sts:ExternalId, 2 to 1224 letters, digits and + = , . @ : / - _")
	}
	return func(s *settings) { s.externalID = id }
}

// SessionName is how CloudTrail names what is done in the session. The default is the
// function's name, the AWS_LAMBDA_FUNCTION_NAME of the environment, or "lambda-cache".
// What cannot be one panics.
func SessionName(name string) Option {
	if !isSessionName(name) {
		panic(fmt.Sprintf("lambdacache: assumerole.SessionName(%q): not the name of a session: write 2 to 64 letters, digits and + = , . @ - _", name))
	}
	return func(s *settings) { s.name = name }
}

// Duration is how long a session lasts, 1 h by default; STS takes whole seconds, from
// 15 minutes to the role's maximum, at most 12 h, and no more than 1 h if a role assumes
// the role, as every Lambda function does. Anything else panics.
func Duration(d time.Duration) Option {
	if d < shortestDuration || d > longestDuration || d%time.Second != 0 {
		panic(fmt.Sprintf("lambdacache: assumerole.Duration(%v): a session lasts whole seconds, from 15m to 12h", d))
	}
	return func(s *settings) { s.duration = d }
}

// Config says as whom the role is assumed, the function by default: as another role,
//
//	hub := assumerole.Role("arn:aws:iam::222222222222:role/hub")
//	reader := assumerole.Role("arn:aws:iam::333333333333:role/reader", assumerole.Config(hub))
//
// or with a configuration of one's own. The first load then waits for each AssumeRole in
// turn. The trust policy of the role names the other one, and the other's policy has
// sts:AssumeRole on the role. A nil provider, and one that cannot be compared with
// others, panics.
func Config(p awsconfig.Provider) Option {
	awsorigin.Check("assumerole.Config", "provider", p)
	return func(s *settings) { s.config = p }
}

// String is the role's ARN.
func (s *Session) String() string { return s.role }

// account is that of the role.
func (s *Session) account() string { return strings.Split(s.role, ":")[4] }

// registry knows every session of the process.
type registry struct {
	mu  sync.Mutex
	all map[settings]*Session
}

var sessions = &registry{all: make(map[settings]*Session)}

func (r *registry) of(x settings) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.all[x]
	if s == nil {
		s = &Session{settings: x}
		s.keys = awskeys.New(s.assume)
		r.all[x] = s
	}
	return s
}

func (r *registry) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.all {
		s.keys.Forget()
	}
}

func init() {
	testhook.OnReset(sessions.forget)
	testhook.OnReset(clients.forget)
}
