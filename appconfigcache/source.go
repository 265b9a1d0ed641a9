package appconfigcache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/appconfigdata/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// source loads configurations with one client, each through a session of its own.
type source struct {
	client awsorigin.Get

	mu       sync.Mutex
	sessions map[string]*session // by key
}

func newSource(client awsorigin.Get) *source {
	return &source{client: client, sessions: make(map[string]*session)}
}

// resets counts the calls of cachetest.Reset: a session from before one is lost.
var resets atomic.Int64

func init() { testhook.OnReset(func() { resets.Add(1) }) }

func (s *source) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[[]byte] {
	return []lambdacache.Result[[]byte]{s.load(ctx, reqs[0])}
}

func (s *source) load(ctx context.Context, req lambdacache.Request) lambdacache.Result[[]byte] {
	client, err := s.api()
	if err != nil {
		return lambdacache.Result[[]byte]{Err: err}
	}
	session := s.session(req.Key)
	if err := session.enter(ctx); err != nil {
		return lambdacache.Result[[]byte]{Err: err}
	}
	defer session.leave()
	session.belong(client)
	return session.load(ctx, req)
}

func (s *source) session(key string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[key] == nil {
		s.sessions[key] = &session{key: parseKey(key), turn: make(chan struct{}, 1)}
	}
	return s.sessions[key]
}

// Release gives up a session; the service ends it by itself a day later.
func (s *source) Release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, key)
}

// version names a body: a token says nothing of it, and not every configuration has a
// label.
func version(label string, body []byte) string {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:8])
	if label == "" {
		return hash
	}
	return label + "@" + hash
}

// refused classifies the error of a call.
func (k key) refused(err error, action string) error {
	classified := awsfault.Classify(err, awsfault.Denial{Action: action, Resource: k.resource()})
	if denied, ok := errors.AsType[*lambdacache.DeniedError](classified); ok && denied.Action == action {
		return fmt.Errorf("%w; a policy knows all three by id, not by name", classified)
	}
	return classified
}

// lost reports whether the service refuses a token: it was used, is too old, is used
// too early, or is none. There is nothing else in the request that it could refuse.
func lost(err error) bool { return awsfault.Code(err) == "BadRequestException" }

// tooEarly reports whether a token was refused only because the poll interval is not
// over.
func tooEarly(err error) bool {
	bad, ok := errors.AsType[*types.BadRequestException](err)
	if !ok {
		return false
	}
	details, ok := bad.Details.(*types.BadRequestDetailsMemberInvalidParameters)
	if !ok {
		return false
	}
	for _, d := range details.Value {
		if d.Problem == types.InvalidParameterProblemPollIntervalNotSatisfied {
			return true
		}
	}
	return false
}
