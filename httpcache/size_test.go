package httpcache

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/site"
)

// meter counts what is read of bodies.
type meter struct {
	http.RoundTripper
	read int
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := m.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &metered{resp.Body, m}
	}
	return resp, err
}

type metered struct {
	io.ReadCloser
	meter *meter
}

func (b *metered) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter.read += n
	return n, err
}

func newMeter(t *testing.T) *meter {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &meter{RoundTripper: transport}
}

// sends answers with a body in a certain way.
func sends(how string, body []byte) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			switch how {
			case "streamed":
				w.(http.Flusher).Flush() // no length is known then
				w.Write(body)
			case "compressed":
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				z.Write(body)
				z.Close()
			default:
				w.Header().Set("Content-Length", fmt.Sprint(len(body)))
				w.Write(body)
			}
		})
	}
}

func TestSizeLimit(t *testing.T) {
	const limit = 100_000
	for _, how := range []string{"announced", "streamed", "compressed"} {
		for _, size := range []int{0, 1, limit - 1, limit, limit + 1, 10 * limit} {
			t.Run(fmt.Sprint(how, " ", size), func(t *testing.T) {
				l := newLab(t)
				body := bytes.Repeat([]byte("x"), size)
				l.Fail(0, sends(how, body))
				m := newMeter(t)
				e := URL[[]byte](l.URL+"/d", SizeLimit(limit), Client(&http.Client{Transport: m}))
				if size <= limit {
					if got := get(t, e); !bytes.Equal(got, body) {
						t.Errorf("%d bytes of %d", len(got), size)
					}
					return
				}
				claim, most := "more", limit+1
				if how == "announced" {
					claim, most = fmt.Sprint(size), 0
				}
				failure(t, e, fmt.Sprintf("the document has %s bytes, and the limit is %d: set httpcache.SizeLimit", claim, limit))
				if m.read > most {
					t.Errorf("%d bytes were read, %d are enough to know", m.read, most)
				}
				want(t, "tries", l.Calls(), 1)
			})
		}
	}
}

// endless is an answer whose body has no end, and no length.
type endless struct{ status, read int }

func (e *endless) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: e.status, Header: make(http.Header), ContentLength: -1, Body: io.NopCloser(e)}, nil
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read += len(p); e.read > 1<<20 {
		return 0, io.EOF // a test has
	}
	return len(p), nil
}

// A body that is no document is not waited for to its end.
func TestEndlessBodyThatNobodyWants(t *testing.T) {
	l := newLab(t)
	e := &endless{status: http.StatusNotFound}
	failure(t, URL[string](l.URL+"/d", Client(&http.Client{Transport: e})), "HTTP status 404 Not Found")
	want(t, "bytes read", e.read, 0)
}

// A body that is compressed in a way that nobody undoes is no document.
func TestCompressedDocument(t *testing.T) {
	l := newLab(t)
	plain := &http.Transport{DisableCompression: true}
	t.Cleanup(plain.CloseIdleConnections)
	e := URL[[]byte](l.URL+"/d", Client(&http.Client{Transport: plain}), lambdacache.MaxAge(0))
	for i, how := range []string{"gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "aws-chunked, gzip"} {
		l.Fail(1, site.Answer(http.StatusOK, "squeezed", "Content-Encoding", how))
		failure(t, e, "the document comes compressed, and not as it was asked for")
		want(t, "requests", l.Calls(), i+1)
	}
	for _, how := range []string{"identity", "aws-chunked", "utf-8", ""} {
		l.Fail(1, site.Answer(http.StatusOK, "plain", "Content-Encoding", how))
		want(t, "what is no compression", string(get(t, e)), "plain")
	}
	l.Fail(1, sends("compressed", []byte("plain"))) // the default client asks for gzip
	want(t, "gzip that was asked for", get(t, URL[string](l.URL+"/d")), "plain")
}

func TestDefaultSizeLimit(t *testing.T) {
	l := newLab(t)
	l.Put("/large", strings.Repeat("x", 1<<20))
	l.Put("/larger", strings.Repeat("x", 1<<20+1))
	want(t, "size", len(get(t, URL[string](l.URL+"/large"))), 1<<20)
	failure(t, URL[string](l.URL+"/larger"), "the document has 1048577 bytes, and the limit is 1048576: set httpcache.SizeLimit")
	want(t, "with room", len(get(t, URL[string](l.URL+"/larger", SizeLimit(1<<21)))), 1<<20+1)
	want(t, "with all room", len(get(t, URL[string](l.URL+"/larger", SizeLimit(int(^uint(0)>>1))))), 1<<20+1)
}

// Neither a length that no body stands behind nor a limit that is far away takes much
// memory.
func TestMemoryIsThatOfTheDocument(t *testing.T) {
	for announced, most := range map[int64]uint64{1 << 40: 17 << 20, -1: 1 << 20} {
		const size = 10_000
		resp := &http.Response{ContentLength: announced, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", size)))}
		s := newSource(nil, nil, 1<<30, "")
		if announced > 0 {
			s.limit = 1 << 50
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if body, err := s.read(nil, nil, resp); err != nil || len(body) != size {
			t.Fatal(len(body), err)
		}
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > most {
			t.Errorf("announced %d: %d bytes of memory, %d are enough", announced, allocated, most)
		}
	}
}
