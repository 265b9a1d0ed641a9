package cachetest

import (
	"bytes"
	"crypto/md5" // what an ETag of S3 is made of
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// S3 is the fake's S3. Its methods are what a test arranges; clients reach it
// through GetObject, HeadObject, PutObject, DeleteObject, CreateBucket, HeadBucket,
// DeleteBucket and PutBucketVersioning, in path style and in virtual-host style.
// In counts, faults and denials an object is "bucket/key".
type S3 struct {
	aws *AWS

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	versioned bool
	objects   map[string][]*object // the versions of each key, oldest first
}

// object is one version of an object. It does not change.
type object struct {
	body      []byte
	etag      string      // with its quotes
	version   string      // "null" in a bucket without versions
	header    http.Header // what the writer gave and the reader gets back
	checksum  checksum
	modified  time.Time
	tombstone bool // a delete marker
}

// ObjectVersion names what [S3.Put] has stored.
type ObjectVersion struct {
	ETag      string // with its quotes, as in the header
	VersionID string // "" in a bucket without versions
}

func newS3(a *AWS) *S3 { return &S3{aws: a, buckets: make(map[string]*bucket)} }

// CreateBucket makes an empty bucket without versions. Put does it by itself.
func (s *S3) CreateBucket(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket(name)
}

// Versioning keeps the versions of a bucket's objects from now on, or, when on is
// false, no longer. A new bucket keeps none.
func (s *S3) Versioning(bucket string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket(bucket).versioned = on
}

// Put stores an object, in a bucket that is made if need be.
func (s *S3) Put(bucket, key string, body []byte) ObjectVersion {
	return s.PutWithHeader(bucket, key, nil, body)
}

// PutWithHeader stores an object with what its readers get back as headers, such
// as Content-Type, Content-Encoding, Cache-Control or X-Amz-Meta-Owner.
func (s *S3) PutWithHeader(bucket, key string, header http.Header, body []byte) ObjectVersion {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store(s.bucket(bucket), key, header, defaultChecksum, bytes.Clone(body)).named()
}

// Delete removes an object; with versions it puts a delete marker on top. An object
// that is not there is no mistake.
func (s *S3) Delete(bucket, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucket]; b != nil {
		b.remove(key, "")
	}
}

// ETag is the ETag of an object's newest version with its quotes, "" if there is no
// object.
func (s *S3) ETag(bucket, key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucket]; b != nil {
		if o := b.newest(key); o != nil && !o.tombstone {
			return o.etag
		}
	}
	return ""
}

// bucket returns a bucket, and makes it if need be. s.mu is held.
func (s *S3) bucket(name string) *bucket {
	b := s.buckets[name]
	if b == nil {
		b = &bucket{objects: make(map[string][]*object)}
		s.buckets[name] = b
	}
	return b
}

// store puts a version on top. s.mu is held.
func (s *S3) store(b *bucket, key string, header http.Header, algorithm string, body []byte) *object {
	sum := md5.Sum(body)
	o := &object{
		body:     body,
		etag:     `"` + hex.EncodeToString(sum[:]) + `"`,
		header:   make(http.Header),
		checksum: newChecksum(algorithm, body),
		modified: time.Now(),
	}
	for name, values := range header {
		o.header.Set(name, strings.Join(values, ", "))
	}
	b.push(key, o)
	s.aws.held().hold("s3 "+key, body)
	return o
}

const nullVersion = "null"

func (b *bucket) push(key string, o *object) {
	if b.versioned {
		o.version = rand.Text()
	} else {
		o.version = nullVersion
		b.drop(key, nullVersion)
	}
	b.objects[key] = append(b.objects[key], o)
}

// remove deletes as S3 does: a named version for good, else a delete marker where
// there are versions. It returns the version deleted or made, nil if there is none.
func (b *bucket) remove(key, version string) *object {
	if version != "" {
		return b.drop(key, version)
	}
	if !b.versioned {
		return b.drop(key, nullVersion)
	}
	marker := &object{tombstone: true, modified: time.Now()}
	b.push(key, marker)
	return marker
}

func (b *bucket) drop(key, version string) *object {
	o := b.version(key, version)
	b.objects[key] = slices.DeleteFunc(slices.Clone(b.objects[key]), func(x *object) bool { return x == o })
	if len(b.objects[key]) == 0 {
		delete(b.objects, key)
	}
	return o
}

func (b *bucket) newest(key string) *object {
	versions := b.objects[key]
	if len(versions) == 0 {
		return nil
	}
	return versions[len(versions)-1]
}

func (b *bucket) version(key, version string) *object {
	for _, o := range b.objects[key] {
		if o.version == version {
			return o
		}
	}
	return nil
}

func (o *object) named() ObjectVersion {
	if o.version == nullVersion {
		return ObjectVersion{ETag: o.etag}
	}
	return ObjectVersion{ETag: o.etag, VersionID: o.version}
}
