package cachetest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// getObject answers GET and HEAD.
func (s *S3) getObject(w http.ResponseWriter, r *s3Request) *apiError {
	o, err := s.lookup(w, r)
	if err != nil {
		return err
	}
	if err := o.conditions(r); err != nil {
		return err
	}
	if o.unchanged(r) {
		o.describe(w.Header())
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	status, body, err := o.part(w.Header(), r)
	if err != nil {
		return err
	}
	o.describe(w.Header())
	if status == http.StatusOK && r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		o.checksum.write(w.Header())
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		return nil
	}
	write(w, status, w.Header().Get("Content-Type"), body)
	return nil
}

// lookup finds the version that a request asks for.
func (s *S3) lookup(w http.ResponseWriter, r *s3Request) (*object, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[r.bucket]
	if b == nil {
		return nil, noBucket(r.bucket)
	}
	if r.version != "" {
		o := b.version(r.key, r.version)
		if o != nil && o.tombstone {
			w.Header().Set("X-Amz-Delete-Marker", "true")
			return nil, s3Error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		}
		if o == nil {
			return nil, s3Error(404, "NoSuchVersion", "The specified version does not exist.", "Key", r.key, "VersionId", r.version)
		}
		return o, nil
	}
	o := b.newest(r.key)
	if o != nil && !o.tombstone {
		return o, nil
	}
	if o != nil {
		w.Header().Set("X-Amz-Delete-Marker", "true")
		w.Header().Set("X-Amz-Version-Id", o.version)
	}
	// Who may not list is not told what is missing.
	if s.aws.policy.denies("s3:ListBucket", r.bucket) {
		caller, _ := s.aws.STS.caller(r.Request)
		return nil, s3Error(403, "AccessDenied", notAuthorized(caller, "s3:ListBucket", `"arn:aws:s3:::`+r.bucket+`"`))
	}
	return nil, s3Error(404, "NoSuchKey", "The specified key does not exist.", "Key", r.key)
}

func noBucket(name string) *apiError {
	return s3Error(404, "NoSuchBucket", "The specified bucket does not exist", "BucketName", name)
}

// describe writes the headers that every answer about o has.
func (o *object) describe(h http.Header) {
	h.Set("Content-Type", "binary/octet-stream")
	for name, values := range o.header {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			name = strings.ToLower(name) // as S3 writes it; some clients show it so
		}
		h[name] = values
	}
	h.Set("ETag", o.etag)
	h.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("X-Amz-Server-Side-Encryption", "AES256")
	if o.version != nullVersion {
		h.Set("X-Amz-Version-Id", o.version)
	}
}

// conditions refuses a request whose If-Match or If-Unmodified-Since does not hold.
func (o *object) conditions(r *s3Request) *apiError {
	failed := ""
	if match := r.Header.Get("If-Match"); match != "" {
		if !o.matches(match) {
			failed = "If-Match"
		}
	} else if t, err := http.ParseTime(r.Header.Get("If-Unmodified-Since")); err == nil && o.seconds().After(t) {
		failed = "If-Unmodified-Since"
	}
	if failed == "" {
		return nil
	}
	return s3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "Condition", failed)
}

// unchanged reports whether the reader already has o.
func (o *object) unchanged(r *s3Request) bool {
	if match := r.Header.Get("If-None-Match"); match != "" {
		return o.matches(match)
	}
	t, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !o.seconds().After(t)
}

func (o *object) seconds() time.Time { return o.modified.Truncate(time.Second) }

// matches reports whether a list of ETags, with or without quotes, has that of o.
func (o *object) matches(list string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.Trim(tag, `"`) == strings.Trim(o.etag, `"`) {
			return true
		}
	}
	return false
}

// part is the part of o that a request asks for, the whole of it if it asks for
// none, or for several, or in a way that cannot be read.
func (o *object) part(h http.Header, r *s3Request) (status int, body []byte, _ *apiError) {
	if n := r.URL.Query().Get("partNumber"); n != "" && n != "1" {
		return 0, nil, s3Error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
	}
	first, last, ok := parseRange(r.Header.Get("Range"), len(o.body))
	if !ok {
		return http.StatusOK, o.body, nil
	}
	if first >= len(o.body) || first > last {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", len(o.body)))
		return 0, nil, s3Error(416, "InvalidRange", "The requested range is not satisfiable", "ActualObjectSize", strconv.Itoa(len(o.body)), "RangeRequested", r.Header.Get("Range"))
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(o.body)))
	return http.StatusPartialContent, o.body[first : last+1], nil
}

// parseRange reads one range, "bytes=0-99", "bytes=100-" or "bytes=-5", of a body
// of size bytes. An unsatisfiable one comes back with first > last or first >= size.
func parseRange(header string, size int) (first, last int, ok bool) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return 0, 0, false
	}
	end, endErr := strconv.Atoi(to)
	if from == "" { // the last end bytes
		return max(0, size-end), size - 1, endErr == nil && end >= 0
	}
	first, err := strconv.Atoi(from)
	if err != nil || first < 0 {
		return 0, 0, false
	}
	if to == "" {
		return first, size - 1, true
	}
	return first, min(end, size-1), endErr == nil && end >= first
}
