package s3cache

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"weak"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
	"github.com/lambda-cache/lambdacache/internal/awsretry"
)

// service is S3 as one client sees it.
type service struct {
	client awsorigin.Get
}

// get asks for the object of an entry's key, on the condition that it is not the
// version held. The body it returns must be closed; nil stands for an unchanged
// object.
func (s service) get(ctx context.Context, key, have string) (*body, error) {
	loc, err := locate(key)
	if err != nil {
		return nil, err
	}
	made, err := s.client()
	if err != nil {
		return nil, err
	}
	client := made.(API)
	in := &s3.GetObjectInput{Bucket: aws.String(loc.bucket), Key: aws.String(loc.key)}
	if loc.version != "" {
		in.VersionId = aws.String(loc.version)
	}
	if have != "" {
		in.IfNoneMatch = aws.String(have)
	}
	out, err := client.GetObject(ctx, in)
	switch {
	case err != nil && have != "" && status(err) == http.StatusNotModified: // to the SDK an error
		return nil, nil
	case err != nil:
		return nil, explain(err, loc, partition(client))
	}
	return newBody(ctx, out), nil
}

// status is the HTTP status of an error, 0 if it has none.
func status(err error) int {
	if r, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err); ok {
		return r.HTTPStatusCode()
	}
	return 0
}

// objects loads objects into memory.
type objects struct{ service }

func (s objects) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[[]byte] {
	return []lambdacache.Result[[]byte]{s.load(ctx, reqs[0])}
}

func (s objects) load(ctx context.Context, req lambdacache.Request) (res lambdacache.Result[[]byte]) {
	calls := 0
	awsretry.Loop(ctx, s.policy(), func() error {
		res = s.once(ctx, req)
		calls += 1 + res.Calls
		return brokenOff(res.Err)
	})
	res.Calls = calls - 1
	return res
}

func (s objects) once(ctx context.Context, req lambdacache.Request) (res lambdacache.Result[[]byte]) {
	body, err := s.get(ctx, req.Key, req.Have)
	if err != nil || body == nil {
		res.Unchanged, res.Err = err == nil, err
		return res
	}
	defer body.Close()
	res.Version = body.etag
	res.Value, res.Err = body.readAll()
	return res
}

// files downloads objects to files.
type files struct {
	service

	mu   sync.Mutex
	held map[string]weak.Pointer[LocalFile] // by key, what the last load of it made
}

func newFiles(s service) *files {
	return &files{service: s, held: make(map[string]weak.Pointer[LocalFile])}
}

func (s *files) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[*LocalFile] {
	return []lambdacache.Result[*LocalFile]{s.load(ctx, reqs[0])}
}

func (s *files) load(ctx context.Context, req lambdacache.Request) (res lambdacache.Result[*LocalFile]) {
	calls := 0
	awsretry.Loop(ctx, s.policy(), func() error {
		res = s.once(ctx, req)
		calls += 1 + res.Calls
		return brokenOff(res.Err)
	})
	res.Calls = calls - 1
	return res
}

func (s *files) once(ctx context.Context, req lambdacache.Request) (res lambdacache.Result[*LocalFile]) {
	held, have := s.last(req.Key), req.Have
	if held == nil || held.version != have || !held.intact() {
		have = "" // "unchanged" would help nobody
	}
	body, err := s.get(ctx, req.Key, have)
	if err == nil && body == nil && !held.intact() { // not any more
		body, err = s.get(ctx, req.Key, "")
		res.Calls = 1
	}
	runtime.KeepAlive(held)
	if err != nil || body == nil {
		res.Unchanged, res.Err = err == nil, err
		return res
	}
	defer body.Close()
	res.Version = body.etag
	res.Value, res.Err = download(req.Key, body)
	if res.Err == nil {
		s.remember(req.Key, res.Value)
	}
	return res
}

func (s *files) last(key string) *LocalFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[key].Value()
}

func (s *files) remember(key string, f *LocalFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[key] = weak.Make(f)
}
