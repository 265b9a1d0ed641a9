package benchmarks

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// fakeOf30 is a fake AWS that takes 5 ms an answer and has 30 parameters.
func fakeOf30(b *testing.B) (fake *cachetest.AWS, names []string) {
	b.Helper()
	cachetest.Reset(b)
	fake = cachetest.NewAWS(b)
	for i := range 30 {
		names = append(names, fmt.Sprintf("/app/p%02d", i))
		fake.SSM.Put(names[i], "value")
	}
	fake.Latency(5 * time.Millisecond)
	return fake, names
}

// BenchmarkRefresh30 refreshes 30 parameters: by hand, with the same three calls side
// by side on the same configuration, and with ours, in turn.
func BenchmarkRefresh30(b *testing.B) {
	fake, names := fakeOf30(b)
	var entries []lambdacache.Cached
	for _, n := range names {
		entries = append(entries, ssmcache.Parameter[string](n, lambdacache.MaxAge(0)))
	}
	handler := lambdacache.Wrap(func(context.Context, int) (int, error) { return 0, nil }, entries...)
	ours := func() error { _, err := handler(b.Context(), 0); return err }

	cfg, err := awsconfig.Default("benchmarks")
	if err != nil {
		b.Fatal(err)
	}
	client := ssm.NewFromConfig(cfg)
	hand := func() error {
		var wg sync.WaitGroup
		errs := make([]error, 3)
		values := make([]map[string]string, 3)
		for i := range 3 {
			wg.Go(func() {
				out, err := client.GetParameters(b.Context(), &ssm.GetParametersInput{
					Names: names[10*i : 10*i+10], WithDecryption: aws.Bool(true),
				})
				if err != nil {
					errs[i] = err
					return
				}
				values[i] = make(map[string]string, 10)
				for _, p := range out.Parameters {
					values[i][*p.Name] = *p.Value
				}
			})
		}
		wg.Wait()
		return errs[0]
	}

	pair := newPair(b, hand, ours)
	pair.warm()
	fake.ResetCounts()
	pair.run()
	b.ReportMetric(float64(fake.Calls("GetParameters"))/float64(2*b.N), "calls/refresh")
	b.ReportMetric(float64(fake.Connections()), "new-connections")
}

// pair runs two ways of doing a thing in turn, and reports the ratio of the medians.
type pair struct {
	b     *testing.B
	ways  [2]func() error
	times [2][]time.Duration
}

func newPair(b *testing.B, hand, ours func() error) *pair {
	return &pair{b: b, ways: [2]func() error{hand, ours}}
}

func (p *pair) warm() {
	for range 5 {
		for _, way := range p.ways {
			if err := way(); err != nil {
				p.b.Fatal(err)
			}
		}
	}
}

func (p *pair) run() {
	for n := 0; p.b.Loop(); n++ {
		for i := range 2 {
			i = (i + n) % 2 // who goes first changes
			start := time.Now()
			if err := p.ways[i](); err != nil {
				p.b.Fatal(err)
			}
			p.times[i] = append(p.times[i], time.Since(start))
		}
	}
	hand, ours := median(p.times[0]), median(p.times[1])
	p.b.ReportMetric(0, "ns/op")
	p.b.ReportMetric(hand, "hand-ms")
	p.b.ReportMetric(ours, "ours-ms")
	p.b.ReportMetric(ours/hand, "ratio")
}
