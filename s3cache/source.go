package s3cache

import (
	"context"
	"runtime"
	"sync"
	"weak"

	"github.com/lambda-cache/lambdacache"
)

// objects loads objects into memory.
type objects struct{ service }

func (s objects) Load(ctx context.Context, reqs []lambdacache.Request) []lambdacache.Result[[]byte] {
	return []lambdacache.Result[[]byte]{load(ctx, s.service, reqs[0], s.once)}
}

func (s objects) once(a *attempt, req lambdacache.Request) (res lambdacache.Result[[]byte]) {
	body, err := a.get(req.Have)
	if err != nil || body == nil {
		res.Unchanged, res.Err = err == nil, err
		return res
	}
	defer body.Close()
	res.Version = body.etag
	parts, err := a.divide(body)
	switch {
	case err != nil:
		res.Err = err
	case parts == nil:
		res.Value, res.Err = body.readAll()
	default:
		res.Value, res.Err = parts.readAll()
	}
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
	return []lambdacache.Result[*LocalFile]{load(ctx, s.service, reqs[0], s.once)}
}

func (s *files) once(a *attempt, req lambdacache.Request) (res lambdacache.Result[*LocalFile]) {
	held, have := s.last(req.Key), req.Have
	if held == nil || held.version != have || !held.intact() {
		have = "" // "unchanged" would help nobody
	}
	body, err := a.get(have)
	if err == nil && body == nil && !held.intact() { // not any more
		body, err = a.get("")
	}
	runtime.KeepAlive(held)
	if err != nil || body == nil {
		res.Unchanged, res.Err = err == nil, err
		return res
	}
	defer body.Close()
	res.Version = body.etag
	parts, err := a.divide(body)
	if err == nil {
		res.Value, err = download(req.Key, body, parts)
	}
	if res.Err = err; err == nil {
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
