package cachetest

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// kept are the headers of a write that come back on each read, besides X-Amz-Meta-….
var kept = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// bodiless makes an operation of one whose answer has a header only. It is written
// when the operation has let go of the lock: a fault may call the test from there.
func bodiless(do func(*S3, http.Header, *s3Request) (int, *apiError)) s3Handler {
	return func(s *S3, w http.ResponseWriter, r *s3Request) *apiError {
		status, err := do(s, w.Header(), r)
		if err != nil {
			return err
		}
		if status != http.StatusNoContent {
			w.Header().Set("Content-Length", "0")
		}
		w.WriteHeader(status)
		return nil
	}
}

func (s *S3) putObject(h http.Header, r *s3Request) (status int, _ *apiError) {
	body, err := r.payload()
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[r.bucket]
	if b == nil {
		return 0, noBucket(r.bucket)
	}
	o := s.store(b, r.key, keptHeader(r.Header), checksumOf(r.Request), body)
	h.Set("ETag", o.etag)
	if o.version != nullVersion {
		h.Set("X-Amz-Version-Id", o.version)
	}
	o.checksum.write(h)
	return http.StatusOK, nil
}

// keptHeader is the part of a write's header that is stored. The SDK's way to send
// a body, aws-chunked, is not part of the object.
func keptHeader(sent http.Header) http.Header {
	h := make(http.Header)
	for name, values := range sent {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			h[name] = values
		}
	}
	for _, name := range kept {
		value := sent.Get(name)
		if name == "Content-Encoding" {
			value = strings.Trim(strings.Replace(value, "aws-chunked", "", 1), ", ")
		}
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// payload is the object in the body of a write.
func (r *s3Request) payload() ([]byte, *apiError) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return bytes.Clone(r.body), nil
	}
	body, ok := unchunk(r.body)
	if !ok {
		return nil, s3Error(400, "IncompleteBody", "The request body terminated unexpectedly")
	}
	return body, nil
}

// unchunk reads aws-chunked: chunks of "<hex size>[;signature]\r\n<bytes>\r\n", one
// of size 0 at the end, then trailers.
func unchunk(p []byte) (body []byte, ok bool) {
	body = []byte{}
	for {
		line, rest, ok := bytes.Cut(p, []byte("\r\n"))
		if !ok {
			return nil, false
		}
		digits, _, _ := strings.Cut(string(line), ";")
		size, err := strconv.ParseUint(digits, 16, 31)
		switch {
		case err != nil || int(size) > len(rest):
			return nil, false
		case size == 0:
			return body, true
		}
		body = append(body, rest[:size]...)
		p = bytes.TrimPrefix(rest[size:], []byte("\r\n"))
	}
}

func (s *S3) deleteObject(h http.Header, r *s3Request) (status int, _ *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[r.bucket]
	if b == nil {
		return 0, noBucket(r.bucket)
	}
	if o := b.remove(r.key, r.version); o != nil {
		if o.tombstone {
			h.Set("X-Amz-Delete-Marker", "true")
		}
		if o.version != nullVersion {
			h.Set("X-Amz-Version-Id", o.version)
		}
	}
	return http.StatusNoContent, nil
}

func (s *S3) createBucket(h http.Header, r *s3Request) (status int, _ *apiError) {
	if !bucketName.MatchString(r.bucket) {
		return 0, s3Error(400, "InvalidBucketName", "The specified bucket is not valid.", "BucketName", r.bucket)
	}
	s.CreateBucket(r.bucket)
	h.Set("Location", "/"+r.bucket)
	return http.StatusOK, nil
}

func (s *S3) headBucket(h http.Header, r *s3Request) (status int, _ *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[r.bucket] == nil {
		return 0, noBucket(r.bucket)
	}
	h.Set("X-Amz-Bucket-Region", Region)
	return http.StatusOK, nil
}

func (s *S3) deleteBucket(h http.Header, r *s3Request) (status int, _ *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[r.bucket]
	if b == nil {
		return 0, noBucket(r.bucket)
	}
	if len(b.objects) > 0 {
		return 0, s3Error(409, "BucketNotEmpty", "The bucket you tried to delete is not empty", "BucketName", r.bucket)
	}
	delete(s.buckets, r.bucket)
	return http.StatusNoContent, nil
}

func (s *S3) putBucketVersioning(h http.Header, r *s3Request) (status int, _ *apiError) {
	var in struct{ Status string }
	if err := xml.Unmarshal(r.body, &in); err != nil {
		return 0, s3Error(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[r.bucket]
	if b == nil {
		return 0, noBucket(r.bucket)
	}
	b.versioned = in.Status == "Enabled"
	return http.StatusOK, nil
}
