package cachetest

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// s3Operations and s3Actions are what the fake's S3 has; operations and IAM actions
// are not named alike.
var (
	s3Operations = []string{
		"GetObject", "HeadObject", "PutObject", "DeleteObject",
		"CreateBucket", "HeadBucket", "DeleteBucket", "PutBucketVersioning",
	}
	s3Actions = []string{
		"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion",
		"s3:CreateBucket", "s3:ListBucket", "s3:DeleteBucket", "s3:PutBucketVersioning",
	}
)

// s3Request is a request as S3 reads it.
type s3Request struct {
	*http.Request
	bucket, key string
	version     string
	body        []byte
}

// s3Operation is an operation with the action that it needs.
type s3Operation struct {
	name, action string
	do           s3Handler
}

type s3Handler func(*S3, http.ResponseWriter, *s3Request) *apiError

func (s *S3) read(r *http.Request, body []byte) *call {
	q := &s3Request{Request: r, body: body, version: r.URL.Query().Get("versionId")}
	q.bucket, q.key = locate(r)
	op, ok := s3Route(q)
	c := &call{service: "s3", operation: op.name, action: op.action, refuse: refuseXML}
	if q.bucket != "" {
		name := q.bucket
		if q.key != "" {
			name += "/" + q.key
		}
		c.keys = []string{name}
		c.names = c.keys
		c.resources = []string{"arn:aws:s3:::" + name}
	}
	if !ok {
		return c.failing(unknownOperation(op.name))
	}
	c.answer = func(w http.ResponseWriter) *apiError { return op.do(s, w, q) }
	return c
}

// locate finds bucket and key: the bucket is the front of the Host in virtual-host
// style, the front of the path otherwise.
func locate(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	for _, suffix := range []string{".s3." + Region + ".amazonaws.com", ".s3.amazonaws.com", ".s3.localhost", ".localhost"} {
		if front, ok := strings.CutSuffix(host, suffix); ok && front != "" && front != "s3" {
			return front, path
		}
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// subresources are the parameters of a query that make another operation of a
// request. Those that the fake does not have must not be taken for plain reads and
// writes.
var subresources = []string{
	"acl", "attributes", "cors", "delete", "encryption", "legal-hold", "lifecycle", "list-type", "location",
	"logging", "notification", "object-lock", "policy", "publicAccessBlock", "replication", "retention",
	"select", "tagging", "torrent", "uploadId", "uploads", "versioning", "versions", "website",
}

// s3Route finds the operation of a request; if the fake has none, its name says
// what was asked for.
func s3Route(q *s3Request) (s3Operation, bool) {
	query := q.URL.Query()
	asked := q.Method
	for _, sub := range subresources {
		if query.Has(sub) {
			asked += " ?" + sub
		}
	}
	if q.Header.Get("X-Amz-Copy-Source") != "" {
		asked += " with x-amz-copy-source"
	}
	switch {
	case q.key != "":
		asked += " on an object"
	case q.bucket != "":
		asked += " on a bucket"
	}
	op, ok := s3Routes[asked]
	if !ok {
		return s3Operation{name: "S3 " + asked}, false
	}
	if q.version != "" && slices.Contains(s3Actions, op.action+"Version") {
		op.action += "Version"
	}
	return op, true
}

var s3Routes = map[string]s3Operation{
	"GET on an object":            {"GetObject", "s3:GetObject", (*S3).getObject},
	"HEAD on an object":           {"HeadObject", "s3:GetObject", (*S3).getObject},
	"PUT on an object":            {"PutObject", "s3:PutObject", bodiless((*S3).putObject)},
	"DELETE on an object":         {"DeleteObject", "s3:DeleteObject", bodiless((*S3).deleteObject)},
	"PUT on a bucket":             {"CreateBucket", "s3:CreateBucket", bodiless((*S3).createBucket)},
	"HEAD on a bucket":            {"HeadBucket", "s3:ListBucket", bodiless((*S3).headBucket)},
	"DELETE on a bucket":          {"DeleteBucket", "s3:DeleteBucket", bodiless((*S3).deleteBucket)},
	"PUT ?versioning on a bucket": {"PutBucketVersioning", "s3:PutBucketVersioning", bodiless((*S3).putBucketVersioning)},
}
