package benchmarks

import (
	"os"
	"testing"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/measure"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

func TestMain(m *testing.M) {
	peer.Child() // a measured subject is this program once more
	os.Exit(m.Run())
}

// beside measures ours in turn with the same thing by hand.
func beside(b *testing.B, id, hand, ours string) {
	lab, err := measure.New("", b.Logf)
	if err != nil {
		b.Fatal(err)
	}
	defer lab.Close()
	m, got := measure.Of(id, hand, ours), new(result.Measurement)
	if err := lab.Run(b.Context(), m, b.N, got, func() error { return nil }); err != nil {
		b.Fatal(err)
	}
	h, o := got.Find(hand), got.Find(ours)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(h.Median()/1e6, "hand-ms")
	b.ReportMetric(o.Median()/1e6, "ours-ms")
	b.ReportMetric(o.Median()/h.Median(), "ratio")
	b.ReportMetric(float64(result.Quantile(o.Calls, 0.5)), "calls")
	b.ReportMetric(float64(result.Quantile(o.Connections, 0.5)), "new-connections")
	if h.Binary > 0 {
		b.ReportMetric(float64(h.Binary)/1e6, "hand-MB")
		b.ReportMetric(float64(o.Binary-h.Binary)/1e6, "more-MB")
		b.ReportMetric(float64(result.Quantile(o.RSS, 0.5)-result.Quantile(h.RSS, 0.5))/1e6, "more-RSS-MB")
	}
}

// BenchmarkRefresh refreshes all that a function has: by hand, with the same calls side
// by side, and with ours.
func BenchmarkRefresh(b *testing.B) {
	for _, id := range []string{peer.Refresh30, peer.Refresh20, peer.RefreshMix} {
		b.Run(id, func(b *testing.B) { beside(b, id, "SDK by hand, batches side by side", "lambdacache") })
	}
}

// BenchmarkColdStart starts the function by hand and ours, each in a new environment of
// the local Lambda, from exec to the first response.
func BenchmarkColdStart(b *testing.B) {
	beside(b, "cold-start", "SDK by hand, hand-made configuration", "lambdacache")
}
