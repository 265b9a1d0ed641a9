package s3cache

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// lastByte are the requests for the last byte of an object of 5000.
func lastByte(q cachetest.Request) bool { return q.Header.Get("Range") == "bytes=4999-4999" }

// others are the requests for other ranges.
func others(q cachetest.Request) bool { return q.Header.Get("Range") != "" && !lastByte(q) }

// A stream that breaks off goes on where it broke, whichever it is and whenever.
func TestBrokenRangeGoesOn(t *testing.T) {
	for name, match := range map[string]func(cachetest.Request) bool{
		"the first stream": func(q cachetest.Request) bool { return q.Header.Get("Range") == "" },
		"a range":          others,
		"the last byte":    lastByte,
		"any":              nil,
	} {
		for _, n := range []int{0, 1, 99, 100, 150} {
			t.Run(fmt.Sprint(name, " after ", n), func(t *testing.T) {
				inRanges(t, 100)
				l := newLab(t)
				body := noise(5000)
				l.S3.Put("b", "k", body)
				l.Fail(cachetest.Fault{Times: 2, Match: match, Do: cachetest.TruncateBody(n)})
				told := 0
				lambdacache.Observe(func(e lambdacache.Event) { told += e.Calls })
				want(t, "file", content(t, get(t, File("s3://b/k"))), string(body))
				lambdacache.Observe(nil)
				want(t, "calls told", told, l.Calls("GetObject"))
				l.Heal()
				l.Fail(cachetest.Fault{Times: 2, Match: match, Do: cachetest.TruncateBody(n)})
				want(t, "object", get(t, Object[string]("s3://b/k")), string(body))
			})
		}
	}
}

// What had come is not asked for again.
func TestBrokenRangeIsNotBegunAnew(t *testing.T) {
	inRanges(t, 2000)
	l := newLab(t)
	body := noise(5000)
	l.S3.Put("b", "k", body)
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Times: 1, Do: gate.HoldBody(10)}) // the first stream waits
	l.Fail(cachetest.Fault{Times: 1, Match: others, Do: cachetest.TruncateBody(600)})
	l.Fail(cachetest.Fault{After: 1, Times: 1, Match: others, Do: cachetest.TruncateBody(700)})
	got := make(chan string)
	go func() { got <- get(t, Object[string]("s3://b/k", Streams(2))) }()
	for !slices.Contains(l.ranged(), "bytes=2499-2998") { // what is left for the second stream
		runtime.Gosched()
	}
	gate.Release()
	want(t, "object", <-got, string(body))
	if asked := l.ranged(); !slices.Equal(asked, []string{"bytes=4999-4999", "bytes=2999-4998", "bytes=3599-4998", "bytes=4299-4998", "bytes=2499-2998"}) {
		t.Error(asked)
	}
}

// For good a range breaks off as often as the client's policy has it asked for, and the
// object is not begun anew.
func TestBrokenRangeForGood(t *testing.T) {
	for attempts, calls := range map[string]int{"": 3, "1": 1, "5": 5} {
		inRanges(t, 2000)
		t.Setenv("AWS_MAX_ATTEMPTS", attempts)
		l := newLab(t)
		l.S3.Put("b", "k", noise(5000))
		gate := cachetest.NewGate()
		l.Fail(cachetest.Fault{Do: gate.HoldBody(10), Match: func(q cachetest.Request) bool { return q.Header.Get("Range") == "" }})
		l.Fail(cachetest.Fault{Match: others, Do: cachetest.TruncateBody(0)})
		fails(t, Object[string]("s3://b/k", Streams(2)), "the object's part from byte 2999 on broke off after 0 of its 2000 bytes: the answer broke off: unexpected EOF")
		fails(t, File("s3://b/k", Streams(2)), "the object's part from byte 2999 on broke off after 0 of its 2000 bytes")
		want(t, "calls", l.Calls("GetObject"), 2*(2+calls))
		gate.WaitEmpty() // the first stream was ended, too
		l.onlyOnDisk()
	}
}

// A range that is answered in another way than the last byte was ends the load.
func TestRangeAnsweredOtherwise(t *testing.T) {
	inRanges(t, 2000)
	l := newLab(t)
	l.S3.Put("b", "k", noise(5000))
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Do: gate.HoldBody(10), Match: func(q cachetest.Request) bool { return q.Header.Get("Range") == "" }})
	remove := l.Fail(cachetest.Fault{Match: others, Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			next.ServeHTTP(w, r)
		})
	}})
	for range 2 {
		fails(t, Object[string]("s3://b/k", Streams(2)), `asked for bytes 2999-4998/5000 of the object, the answer has ""`)
		fails(t, File("s3://b/k", Streams(2)), `asked for bytes 2999-4998/5000 of the object, the answer has ""`)
	}
	remove()
	l.Fail(cachetest.Fault{Match: others, Do: cachetest.Denied()})
	fails(t, File("s3://b/k", Streams(2)), "AccessDenied", "allow s3:GetObject on arn:aws:s3:::b/k")
	l.onlyOnDisk()
}

// server is a client of an S3 that answers as it likes.
type server func(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error)

func (s *server) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return (*s)(ctx, in)
}

// answerTo is what S3 answers.
func answerTo(in *s3.GetObjectInput, body []byte) *s3.GetObjectOutput {
	out := &s3.GetObjectOutput{ETag: aws.String(`"e"`)}
	if in.Range != nil {
		var from, to int
		if _, err := fmt.Sscanf(*in.Range, "bytes=%d-%d", &from, &to); err != nil {
			panic(err)
		}
		out.ContentRange = aws.String(fmt.Sprintf("bytes %d-%d/%d", from, to, len(body)))
		body = body[from : to+1]
	}
	out.Body, out.ContentLength = io.NopCloser(strings.NewReader(string(body))), aws.Int64(int64(len(body)))
	return out
}

// A client that has no connection to spare does not hang: the first answer is read
// after a second.
func TestRangesOfOneConnection(t *testing.T) {
	inRanges(t, 100)
	instead(t, &proofLimit, givenLimit)
	body := noise(5000)
	synctest.Test(t, func(t *testing.T) {
		var one server = func(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
			if in.Range != nil {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return answerTo(in, body), nil
		}
		start := time.Now()
		s := objects{service{func() (any, error) { return &one, nil }, 8}}
		res := s.Load(t.Context(), []lambdacache.Request{{Key: "s3://b/k"}})[0]
		want(t, "object", string(res.Value), string(body))
		want(t, "took", time.Since(start), time.Second)
		want(t, "further calls", res.Calls, 1)
	})
}

// Whatever a client does in a stream is what the load does: a panic is met by the
// package's caller, and so is a goroutine's end. No stream is left behind.
func TestRangesOfAClientThatPanics(t *testing.T) {
	for name, c := range map[string]struct {
		do   func()
		text string
	}{
		"panic":  {func() { panic("hunter2") }, "the source panicked with a string"},
		"Goexit": {runtime.Goexit, "the source's goroutine ended without an answer"},
	} {
		t.Run(name, func(t *testing.T) {
			inRanges(t, 100)
			l := newLab(t)
			body := noise(5000)
			var client server = func(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
				if in.Range != nil && *in.Range != "bytes=4999-4999" {
					c.do()
				}
				return answerTo(in, body), nil
			}
			fails(t, Object[string]("s3://b/k", Client(&client)), c.text)
			fails(t, File("s3://b/k", Client(&client)), c.text)
			l.onlyOnDisk()
		})
	}
}

// A range that goes on after its end is no range, and nothing is written behind it.
func TestRangeThatGoesOn(t *testing.T) {
	inRanges(t, 2000)
	l := newLab(t)
	body := noise(5000)
	var client server = func(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
		out := answerTo(in, body)
		switch {
		case in.Range == nil:
			out.Body = io.NopCloser(&slow{ctx, out.Body})
		case *in.Range != "bytes=4999-4999":
			out.Body, out.ContentLength = io.NopCloser(io.MultiReader(out.Body, endless{})), nil
		}
		return out, nil
	}
	fails(t, Object[string]("s3://b/k", Client(&client), Streams(2)), "the object's part from byte 2999 on goes on after the 2000 bytes announced")
	fails(t, File("s3://b/k", Client(&client), Streams(2)), "the object's part from byte 2999 on goes on after the 2000 bytes announced")
	l.onlyOnDisk()
}

// slow is a body of which nothing comes while its load goes on.
type slow struct {
	ctx context.Context
	io.Reader
}

func (s *slow) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// A length that nothing stands behind takes no memory: its last byte does not come.
func TestRangesOfAbsurdLength(t *testing.T) {
	newLab(t)
	var client server = func(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
		if in.Range != nil {
			return nil, responseError(416, "", "")
		}
		out := answerTo(in, noise(5000))
		out.ContentLength = aws.Int64(1 << 60)
		return out, nil
	}
	fails(t, Object[string]("s3://b/k", Client(&client)), "the object broke off after 5000 of its 1152921504606846976 bytes")
}
