//go:build unix

package s3cache

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// BenchmarkLargeObject loads an object in one stream and in several, in turn. S3's
// streams begin after 20 ms and bring so many megabytes a second each; with none the
// machine is the limit, which here is S3 too.
func BenchmarkLargeObject(b *testing.B) {
	for _, c := range []struct{ size, rate int }{{16, 25}, {16, 50}, {100, 25}, {100, 50}, {100, 0}} {
		rate := fmt.Sprint(c.rate, "MB/s")
		if c.rate == 0 {
			rate = "no limit"
		}
		name := fmt.Sprintf("%dMB/%s/", c.size, rate)
		b.Run(name+"Object", func(b *testing.B) {
			beside(b, c.size<<20, c.rate*1e6, func(n int) lambdacache.Cached {
				return ObjectFunc("s3://b/k", func(body []byte) (int, error) { return len(body), nil }, Streams(n))
			})
		})
		b.Run(name+"File", func(b *testing.B) {
			beside(b, c.size<<20, c.rate*1e6, func(n int) lambdacache.Cached { return File("s3://b/k", Streams(n)) })
		})
	}
}

// beside reports the medians of both ways, and how often one is the other.
func beside(b *testing.B, size, rate int, entry func(streams int) lambdacache.Cached) {
	b.Helper()
	fake := benchFake(b, size, rate)
	ways := []lambdacache.Cached{entry(1), entry(defaultStreams)}
	var took, cpu [2][]float64
	for b.Loop() {
		for i, e := range ways {
			lambdacache.Invalidate(e)
			runtime.GC() // and what the last file took is free
			start, before := time.Now(), processTime()
			if err := lambdacache.Prefetch(b.Context(), e); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start).Seconds())
			cpu[i] = append(cpu[i], (processTime() - before).Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(1000*median(took[0]), "one-ms")
	b.ReportMetric(1000*median(took[1]), "several-ms")
	b.ReportMetric(median(took[0])/median(took[1]), "times-faster")
	b.ReportMetric(median(cpu[1])/median(cpu[0]), "cpu-ratio")
	b.ReportMetric(float64(fake.Calls("GetObject"))/float64(len(took[0]))-1, "calls")
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func benchFake(b *testing.B, size, rate int) *cachetest.AWS {
	b.Helper()
	fake := cachetest.NewAWS(b)
	b.Setenv("TMPDIR", b.TempDir())
	cachetest.Reset(b)
	fake.S3.Put("b", "k", noise(size))
	if rate > 0 {
		fake.Fail(cachetest.Fault{Do: cachetest.Chain(cachetest.Delay(20*time.Millisecond), paced(rate))})
	}
	return fake
}

func processTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// paced sends so many bytes a second of each answer.
func paced(rate int) cachetest.Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&pacedWriter{ResponseWriter: w, rate: rate, begin: time.Now()}, r)
		})
	}
}

type pacedWriter struct {
	http.ResponseWriter
	rate, sent int
	begin      time.Time
}

func (w *pacedWriter) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m, err := w.ResponseWriter.Write(p[n:min(len(p), n+64<<10)])
		n += m
		w.sent += m
		if err != nil {
			return n, err
		}
		due := w.begin.Add(time.Duration(float64(w.sent) / float64(w.rate) * float64(time.Second)))
		<-time.After(time.Until(due))
	}
	return n, nil
}
