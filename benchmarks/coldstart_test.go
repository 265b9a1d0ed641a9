package benchmarks

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/lambdahost"
)

// bootstrap builds a function as one builds it for Lambda.
func bootstrap(b *testing.B, name string) (path string, megabytes float64) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, "./functions/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, float64(info.Size()) / 1e6
}

// BenchmarkColdStart starts the function by hand and ours in turn, each in a new
// environment of the local Lambda, from exec to the first response.
func BenchmarkColdStart(b *testing.B) {
	aws, err := cachetest.StartAWS()
	if err != nil {
		b.Fatal(err)
	}
	defer aws.Close()
	aws.SSM.Put("/app/key", "a value")
	env := make(map[string]string)
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		env[name] = value(aws.Env(), name)
	}
	hand, handMB := bootstrap(b, "hand")
	ours, oursMB := bootstrap(b, "ours")
	var pairs [2][]time.Duration
	var rss [2]int64
	for n := 0; b.Loop(); n++ {
		for i := range 2 {
			i = (i + n) % 2 // who goes first changes
			d, memory := coldStart(b, []string{hand, ours}[i], env)
			pairs[i] = append(pairs[i], d)
			rss[i] = max(rss[i], memory)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(pairs[0]), "hand-ms")
	b.ReportMetric(median(pairs[1]), "ours-ms")
	b.ReportMetric(median(pairs[1])/median(pairs[0]), "ratio")
	b.ReportMetric(handMB, "hand-MB")
	b.ReportMetric(oursMB-handMB, "more-MB")
	b.ReportMetric(float64(rss[1]-rss[0])/1e6, "more-RSS-MB")
}

func coldStart(b *testing.B, bootstrap string, env map[string]string) (time.Duration, int64) {
	host, err := lambdahost.New(lambdahost.Config{Bootstrap: bootstrap, Env: env, Stderr: os.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = host.Close() }()
	start := time.Now()
	r, err := host.Invoke(context.Background(), []byte("{}"))
	took := time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
	if r.Error != nil || string(r.Payload) != "7" {
		b.Fatalf("%v %s", r.Error, r.Payload)
	}
	p, err := host.Process()
	if err != nil {
		b.Fatal(err)
	}
	return took, p.PeakRSS
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2]) / float64(time.Millisecond)
}

func value(env []string, name string) string {
	for _, e := range env {
		if len(e) > len(name) && e[:len(name)+1] == name+"=" {
			return e[len(name)+1:]
		}
	}
	return ""
}
