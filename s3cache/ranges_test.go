package s3cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// noise is an object in which no two pieces are alike.
func noise(size int) []byte {
	body := make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(body)
	return body
}

// ranged are the requests that asked for a range.
func (l *lab) ranged() (ranges []string) {
	for _, q := range l.Requests() {
		if r := q.Header.Get("Range"); r != "" {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

// loads loads an object into memory and into a file, and fails the test if it is not
// the one that it must be.
func (l *lab) loads(what string, body []byte, opts ...lambdacache.Option) {
	l.t.Helper()
	if got := get(l.t, Object[string]("s3://b/k", opts...)); got != string(body) {
		l.t.Errorf("%s: in memory, %d bytes are not the object", what, len(got))
	}
	f := get(l.t, File("s3://b/k", opts...))
	if got := content(l.t, f); got != string(body) {
		l.t.Errorf("%s: in a file, %d bytes are not the object", what, len(got))
	}
}

// Objects of every size around those where something changes, over every number of
// streams. Whatever was asked for is told.
func TestRanges(t *testing.T) {
	const least = 100
	for _, size := range []int{0, 1, 63, 64, 65, least, least + 1, 2*least + 1, 8*least + 1, 5000, chunk + 1, 3*chunk + 7} {
		for _, streams := range []int{1, 2, 3, 8, 50} {
			t.Run(fmt.Sprint(size, " bytes in ", streams), func(t *testing.T) {
				inRanges(t, least)
				l := newLab(t)
				body := noise(size)
				etag := l.S3.Put("b", "k", body).ETag
				told := 0
				lambdacache.Observe(func(e lambdacache.Event) { told += e.Calls })
				l.loads("loaded", body, Streams(streams))
				lambdacache.Observe(nil)
				want(t, "calls told", told, l.Calls("GetObject"))
				want(t, "requests that were not for the whole object", len(l.ranged()), l.Calls("GetObject")-2)
				if several := size >= 64 && streams > 1; several != (l.Calls("GetObject") > 2) {
					t.Errorf("%d calls", l.Calls("GetObject"))
				}
				for _, q := range l.Requests() {
					if q.Header.Get("Range") != "" && (q.Header.Get("If-Match") != etag || q.Status != 206) {
						t.Errorf("a range of which version? %v, answered %d", q.Header, q.Status)
					}
				}
				if lasts := slices.DeleteFunc(l.ranged(), func(r string) bool { return r != fmt.Sprintf("bytes=%d-%[1]d", size-1) }); len(l.ranged()) > 0 && len(lasts) != 2 {
					t.Errorf("the last byte was asked for %d times by two loads", len(lasts))
				}
			})
		}
	}
}

// What has not changed is one request and no body, as if it were small.
func TestRangesOfAnUnchangedObject(t *testing.T) {
	inRanges(t, 100)
	l := newLab(t)
	l.S3.Put("b", "k", noise(5000))
	object, file := Object[string]("s3://b/k"), File("s3://b/k")
	get(t, object)
	first := get(t, file)
	before := l.Calls("")
	l.pass()
	get(t, object)
	want(t, "the same file", get(t, file), first)
	want(t, "calls", l.Calls("")-before, 2)
	for _, q := range l.Requests()[before:] {
		want(t, "status", q.Status, 304)
	}
}

// By default what is below 16 MiB comes in one request.
func TestDefaultSizes(t *testing.T) {
	l := newLab(t)
	body := noise(16<<20 + 100)
	l.S3.Put("b", "k", body[:16<<20-1])
	l.loads("small", body[:16<<20-1])
	want(t, "calls", l.Calls("GetObject"), 2)
	l.S3.Put("b", "k", body)
	l.pass()
	l.loads("large", body)
	if n := l.Calls("GetObject"); n <= 4 || n > 2+2*(1+1+5) {
		t.Errorf("%d calls", n)
	}
}

// Streams is a choice of how, not of what: the object is the same.
func TestStreamsOption(t *testing.T) {
	for _, n := range []int{0, -1} {
		if got := panicOf(t, func() { Streams(n) }); !strings.HasPrefix(got, fmt.Sprintf("lambdacache: s3cache.Streams(%d): not a number of streams: write 1", n)) {
			t.Error(got)
		}
	}
	want(t, "for all fields of a struct", binding{}.TakesForAll(Streams(2)), true)
	want(t, "for one only", binding{}.TakesForAll(VersionID("v")), false)
	l := newLab(t)
	l.S3.Put("b", "k", []byte("x"))
	a, b := Object[string]("s3://b/k", Streams(3)), Object[[]byte]("s3://b/k", Streams(3))
	get(t, a)
	get(t, b)
	want(t, "calls of those with one number", l.Calls(""), 1)
	get(t, Object[string]("s3://b/k", Streams(4)))
	want(t, "calls with another's", l.Calls(""), 2)
	err := failure(t, Object[string]("s3://b/nosuch", Streams(4)), `load "nosuch" from s3 s3://b/nosuch: `)
	if !errors.Is(err, lambdacache.ErrNotFound) {
		t.Error(err)
	}
	runtime.KeepAlive(b)
}

// A pinned version is one whatever happens to the object.
func TestRangesOfAPinnedVersion(t *testing.T) {
	inRanges(t, 100)
	l := newLab(t)
	l.S3.Versioning("b", true)
	body := noise(5000)
	id := l.S3.Put("b", "k", body).VersionID
	l.S3.Put("b", "k", []byte("new"))
	l.Fail(cachetest.Fault{Do: cachetest.AtByte(10, func() { l.S3.Delete("b", "k") })})
	l.loads("pinned", body, VersionID(id))
}

// The streams run side by side: all of them have a request at S3 at the same time.
func TestRangesSideBySide(t *testing.T) {
	inRanges(t, 100)
	l := newLab(t)
	body := noise(5000)
	l.S3.Put("b", "k", body)
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Do: gate.HoldBody(1), Match: func(q cachetest.Request) bool { return q.Header.Get("Range") != "bytes=4999-4999" }})
	var all sync.WaitGroup
	all.Go(func() { get(t, Object[string]("s3://b/k", Streams(5))) })
	gate.Wait(5)
	want(t, "requests", l.Calls("GetObject"), 6)
	gate.Release()
	all.Wait()
}

// Where ranges cannot be had, or not of this version, or not as asked for, the object
// comes in one stream, and no load fails for it.
func TestNoRanges(t *testing.T) {
	whole := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			next.ServeHTTP(w, r)
		})
	}
	other := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				r.Header.Set("Range", "bytes=0-0")
			}
			next.ServeHTTP(w, r)
		})
	}
	header := func(name, value string) cachetest.Effect {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(&rewriting{w, func(h http.Header) { h.Set(name, value) }}, r)
			})
		}
	}
	ranges := func(q cachetest.Request) bool { return q.Header.Get("Range") != "" }
	for name, c := range map[string]struct {
		fault cachetest.Fault
		calls int // of a load
	}{
		"ignored":                 {cachetest.Fault{Do: whole}, 2},
		"others":                  {cachetest.Fault{Do: other}, 2},
		"refused":                 {cachetest.Fault{Do: cachetest.Error(501, "NotImplemented", "no"), Match: ranges}, 2},
		"denied":                  {cachetest.Fault{Do: cachetest.Denied(), Match: ranges}, 2},
		"empty":                   {cachetest.Fault{Do: cachetest.TruncateBody(0), Match: ranges}, 2},
		"with the whole's sum":    {cachetest.Fault{Do: header("X-Amz-Checksum-Crc32", "AAAAAA=="), Match: ranges}, 2},
		"without an ETag":         {cachetest.Fault{Do: header("Etag", "")}, 1},
		"with a weak ETag":        {cachetest.Fault{Do: header("Etag", `W/"x"`)}, 1},
		"overwritten, as it says": {cachetest.Fault{Do: cachetest.Error(412, "PreconditionFailed", "no"), Match: ranges}, 5},
		"always another version":  {cachetest.Fault{Do: header("Etag", `"x"`), Match: ranges}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			inRanges(t, 100)
			l := newLab(t)
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			body := noise(5000)
			l.S3.Put("b", "k", body)
			l.Fail(c.fault)
			l.loads(name, body)
			want(t, "calls", l.Calls("GetObject"), 2*c.calls)
		})
	}
}

// rewriting changes the header of an answer.
type rewriting struct {
	http.ResponseWriter
	change func(http.Header)
}

func (w *rewriting) WriteHeader(status int) {
	w.change(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

// An object that is overwritten, deleted or replaced at any time is one version, never
// a mixture, and its ETag is that version's.
func TestOverwrittenInRanges(t *testing.T) {
	old := noise(5000)
	newer := slices.Clone(old)
	slices.Reverse(newer)
	for after := range 8 { // requests, of which the first is for the object and the second for its last byte
		for _, n := range []int{0, 1, 99} {
			t.Run(fmt.Sprint("at byte ", n, " of answer ", after), func(t *testing.T) {
				for _, load := range []func(l *lab) (text, version string){inMemory, intoFile} {
					inRanges(t, 100)
					l := newLab(t)
					first := l.S3.Put("b", "k", old).ETag
					second := ""
					l.Fail(cachetest.Fault{After: after, Times: 1, Do: cachetest.AtByte(n, func() { second = l.S3.Put("b", "k", newer).ETag })})
					switch text, version := load(l); {
					case text == string(old) && version == first && after <= 1 && n == 0:
						t.Error("the old version, though no range of it could be had")
					case text == string(old) && version == first, text == string(newer) && version == second:
					default:
						t.Errorf("%d bytes of neither version, or of the other than %s", len(text), version)
					}
				}
			})
		}
	}
}

func inMemory(l *lab) (text, version string) {
	e := Object[string]("s3://b/k")
	return get(l.t, e), e.Version()
}

func intoFile(l *lab) (text, version string) {
	f := get(l.t, File("s3://b/k"))
	return content(l.t, f), f.Version()
}

// One that is overwritten all the time can be loaded, too: the last time in one stream.
func TestOverwrittenAllTheTime(t *testing.T) {
	inRanges(t, 100)
	l := newLab(t)
	l.S3.Put("b", "k", noise(5000))
	n := 0
	var mu sync.Mutex
	l.Fail(cachetest.Fault{Do: cachetest.AtByte(0, func() {
		mu.Lock()
		defer mu.Unlock()
		n++
		l.S3.Put("b", "k", fmt.Append(noise(5000), n))
	})})
	e := Object[string]("s3://b/k")
	text := get(t, e)
	want(t, "calls", l.Calls("GetObject"), 5)
	want(t, "the version of the last call", text, string(fmt.Append(noise(5000), 4)))
}

// Deleted in the middle it is not found, as by a load that begins then.
func TestDeletedInRanges(t *testing.T) {
	inRanges(t, 100)
	l := newLab(t)
	l.S3.Put("b", "k", noise(5000))
	l.Fail(cachetest.Fault{Times: 1, Do: cachetest.AtByte(0, func() { l.S3.Delete("b", "k") })})
	err := failure(t, File("s3://b/k"), "NoSuchKey")
	if !errors.Is(err, lambdacache.ErrNotFound) {
		t.Error(err)
	}
	l.onlyOnDisk()
}

// Who leaves ends all streams.
func TestRangesOfOneWhoLeft(t *testing.T) {
	inRanges(t, 100)
	l := newLab(t)
	l.S3.Put("b", "k", noise(5000))
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Do: gate.HoldBody(50)})
	for _, e := range []lambdacache.Cached{Object[string]("s3://b/k"), File("s3://b/k")} {
		ctx, cancel := context.WithCancel(t.Context())
		left, ended := make(chan error), make(chan struct{})
		lambdacache.Observe(func(e lambdacache.Event) {
			if e.Kind == lambdacache.EventFailed {
				close(ended)
			}
		})
		go func() { left <- lambdacache.Prefetch(ctx, e) }()
		gate.Wait(8)
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		<-ended
		gate.WaitEmpty()
		lambdacache.Observe(nil)
	}
	want(t, "calls", l.Calls("GetObject"), 2*(8+1))
	l.onlyOnDisk()
}
