package s3cache

import (
	"bytes"
	"crypto/md5" // what an ETag of S3 is made of
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// Whatever meets whichever request of a load, in one stream or several: it fails, or has
// one version of the object under that version's ETag, and there is no other file.
func TestRangesMeetFaults(t *testing.T) {
	loaded := 0
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := &chance{lab: newLab(t), r: rand.New(rand.NewPCG(seed, seed))}
			inRanges(t, 1+c.r.Int64N(2000))
			c.versions = make(map[string][]byte)
			c.S3.Put("b", "k", c.version())
			for range 1 + c.r.IntN(4) {
				c.Fail(cachetest.Fault{After: c.r.IntN(12), Times: 1 + c.r.IntN(3), Do: c.effect()})
			}
			at := c.client(func(o *s3.Options) {
				o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
				o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
					o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				})
			})
			streams := Streams(1 + c.r.IntN(10))
			object, file := Object[[]byte]("s3://b/k", streams, Client(at)), File("s3://b/k", streams, Client(at))
			if body, err := object.Get(t.Context()); err == nil {
				loaded++
				c.isVersion("in memory", body, object.Version())
			}
			f, err := file.Get(t.Context())
			if err != nil {
				c.onlyOnDisk()
				return
			}
			loaded++
			body, err := os.ReadFile(f.Path())
			if err != nil {
				t.Error(err)
			}
			c.isVersion("in a file", body, f.Version())
			c.onlyOnDisk(f)
			runtime.KeepAlive(f)
		})
	}
	if loaded < 75 {
		t.Errorf("only %d of 300 loads succeeded: the faults are too many to show anything", loaded)
	}
}

// chance does what a random number says.
type chance struct {
	*lab
	r        *rand.Rand
	versions map[string][]byte // by ETag, all there ever are
}

// version makes one.
func (c *chance) version() []byte {
	body := noise(1 + c.r.IntN(3*chunk))
	body[0] = byte(len(c.versions))
	c.versions[fmt.Sprintf("%q", fmt.Sprintf("%x", md5.Sum(body)))] = body
	return body
}

func (c *chance) effect() cachetest.Effect {
	switch n := c.r.IntN(chunk); c.r.IntN(6) {
	case 0:
		return cachetest.TruncateBody(n)
	case 1:
		return cachetest.CorruptBody(n)
	case 2:
		return cachetest.DropConnection()
	case 3:
		return cachetest.Throttle()
	case 4:
		return cachetest.Error(500, "InternalError", "no")
	}
	n, body := c.r.IntN(1000), c.version()
	return cachetest.AtByte(n, func() { c.S3.Put("b", "k", body) })
}

func (c *chance) isVersion(where string, body []byte, etag string) {
	c.t.Helper()
	if version, ok := c.versions[etag]; !ok || !bytes.Equal(version, body) {
		c.t.Errorf("%s: %d bytes are not the version %s, which has %d", where, len(body), etag, len(version))
	}
}
