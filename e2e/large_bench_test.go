package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// BenchmarkLargeObjectOnVersityGW loads an object of 100 MB in one stream and in several,
// in turn, from a server that we did not write: as fast as this machine can, and over
// connections that bring so many megabytes a second each, as those of S3 do.
func BenchmarkLargeObjectOnVersityGW(b *testing.B) {
	gw := peers.VersityGW(b)
	client := bucketOf(b, gw)
	upload(b, client, "CRC64NVME", largeObject(1))
	proxy := peers.Toxiproxy(b).Proxy(b, "s3", strings.TrimPrefix(gw.Endpoint, "http://"))
	for _, rate := range []int{0, 25, 50} {
		name := "no limit"
		b.Setenv("AWS_ENDPOINT_URL", gw.Endpoint)
		if rate > 0 {
			name = fmt.Sprint(rate, " MB a second")
			b.Setenv("AWS_ENDPOINT_URL", "http://"+proxy.Address)
			proxy.Heal(b)
			proxy.Add(b, "bandwidth", "downstream", map[string]any{"rate": rate * 1000})
		}
		b.Run(name, func(b *testing.B) {
			cachetest.Reset(b) // or the client is still that of the limit before
			ways := []lambdacache.Cached{
				s3cache.File("s3://large/model.bin", s3cache.Streams(1)),
				s3cache.File("s3://large/model.bin"),
			}
			var took [2][]time.Duration
			for b.Loop() {
				for i, e := range ways {
					lambdacache.Invalidate(e)
					start := time.Now()
					if err := lambdacache.Prefetch(b.Context(), e); err != nil {
						b.Fatal(err)
					}
					took[i] = append(took[i], time.Since(start))
				}
			}
			slices.Sort(took[0])
			slices.Sort(took[1])
			one, several := took[0][len(took[0])/2], took[1][len(took[1])/2]
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(one.Milliseconds()), "one-ms")
			b.ReportMetric(float64(several.Milliseconds()), "several-ms")
			b.ReportMetric(float64(one)/float64(several), "times-faster")
		})
	}
}
