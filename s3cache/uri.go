package s3cache

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const scheme = "s3://"

// location says which object an entry loads.
type location struct {
	bucket  string // or the ARN of an access point
	key     string
	version string // "" for the current one
}

// maxKey is the longest key S3 takes, in bytes.
const maxKey = 1024

// parse reads a URI, "s3://bucket/key".
func parse(uri string) (location, error) {
	path, ok := strings.CutPrefix(uri, scheme)
	if !ok {
		return location{}, errors.New(`not the URI of an object: write "s3://bucket/key"`)
	}
	bucket, key, slash := strings.Cut(path, "/")
	if strings.HasPrefix(path, "arn:") {
		var err error
		if bucket, key, slash, err = cutARN(path); err != nil {
			return location{}, err
		}
	}
	switch {
	case bucket == "":
		return location{}, errors.New(`there is no bucket between "s3://" and the next slash: write "s3://bucket/key"`)
	case strings.ContainsFunc(bucket, notInBucket) && !strings.HasPrefix(bucket, "arn:"):
		return location{}, fmt.Errorf(`%q cannot be the name of a bucket: write "s3://bucket/key"`, bucket)
	case !slash || key == "":
		return location{}, fmt.Errorf(`there is no key: write "s3://%s/key"`, bucket)
	case strings.HasSuffix(key, "/"):
		return location{}, errors.New("the key ends with a slash, as that of a folder: an entry is one object")
	case len(key) > maxKey:
		return location{}, fmt.Errorf("the key has %d bytes: S3 takes no more than %d", len(key), maxKey)
	case !utf8.ValidString(key):
		return location{}, errors.New("the key is not UTF-8, as keys of S3 are")
	}
	return location{bucket: bucket, key: key}, nil
}

// cutARN cuts the ARN of an access point off the key that follows it. Its resource
// is "accesspoint/name" or "accesspoint:name".
func cutARN(path string) (arn, key string, slash bool, err error) {
	arn, key, slash = strings.Cut(path, "/")
	parts := strings.Split(arn, ":")
	if len(parts) == 6 && slash {
		var name string
		name, key, slash = strings.Cut(key, "/")
		arn += "/" + name
		parts = append(parts, name)
	}
	if len(parts) != 7 || parts[2] != "s3" || parts[5] != "accesspoint" || parts[6] == "" ||
		strings.ContainsFunc(arn, unprintable) {
		return "", "", false, errors.New("not the ARN of an access point: " +
			`write "s3://arn:aws:s3:region:account:accesspoint/name/key", or use the access point's alias as the bucket`)
	}
	return arn, key, slash, nil
}

func notInBucket(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
}

func unprintable(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

// uri is what parse has read.
func (l location) uri() string { return scheme + l.bucket + "/" + l.key }

// cacheKey is the location as the key of an entry, which errors and events show. The
// version stands in front: behind a key, which may hold anything, it could not be
// told from one.
func (l location) cacheKey() string {
	if l.version == "" {
		return l.uri()
	}
	return "version " + l.version + " of " + l.uri()
}

// locate reads a cacheKey.
func locate(cacheKey string) (location, error) {
	version, uri := "", cacheKey
	if pinned, ok := strings.CutPrefix(cacheKey, "version "); ok {
		version, uri, _ = strings.Cut(pinned, " of ")
	}
	l, err := parse(uri)
	l.version = version
	return l, err
}

// name is the default name of an entry.
func (l location) name() string { return l.key[strings.LastIndexByte(l.key, '/')+1:] }

// arn is the object's, and bucketARN its bucket's, as policies name them.
func (l location) arn(partition string) string {
	if strings.HasPrefix(l.bucket, "arn:") {
		return l.bucketARN(partition) + "/object/" + l.key
	}
	return l.bucketARN(partition) + "/" + l.key
}

func (l location) bucketARN(partition string) string {
	if strings.HasPrefix(l.bucket, "arn:") {
		return l.bucket
	}
	return "arn:" + partition + ":s3:::" + l.bucket
}
