package bind_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// answersAfter is how long the fake takes over a call.
var answersAfter = map[string]time.Duration{
	"GetParameters": 15 * time.Millisecond, "BatchGetSecretValue": 25 * time.Millisecond, "GetObject": 30 * time.Millisecond,
	"StartConfigurationSession": 10 * time.Millisecond, "GetLatestConfiguration": 10 * time.Millisecond, "BatchGetItem": 10 * time.Millisecond,
}

// invoking is an invocation that reads an entry, nothing more.
func invoking[T any](b *testing.B, e *lambdacache.Entry[T]) func() {
	h := lambdacache.Wrap(func(ctx context.Context, _ int) (int, error) { _ = e.Value(ctx); return 0, nil }, e)
	return func() {
		if _, err := h(b.Context(), 0); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstInvocation fills 25 fields from five services in a process that has
// loaded nothing and has no connections, beside what each service's own fields take
// alone. The ratio is to the slowest of these.
func BenchmarkFirstInvocation(b *testing.B) {
	b.Setenv("TMPDIR", b.TempDir())
	aws := cachetest.NewAWS(b)
	cachetest.Reset(b)
	fillMany(aws)
	for operation, d := range answersAfter {
		aws.Fail(cachetest.Fault{Operation: operation, Do: cachetest.Delay(d)})
	}
	subjects := []func(){
		invoking(b, manyFields()),
		invoking(b, bind.Struct[parameters](ssmcache.Tag)), invoking(b, bind.Struct[secrets](secretcache.Tag)),
		invoking(b, bind.Struct[objects](s3cache.Tag)), invoking(b, bind.Struct[configurations](appconfigcache.Tag)),
		invoking(b, bind.Struct[items](dynamocache.Tag)),
	}
	times := make([][]time.Duration, len(subjects))
	for n := 0; b.Loop(); n++ {
		for i := range subjects {
			i = (i + n) % len(subjects) // who goes first changes
			testhook.Reset()
			start := time.Now()
			subjects[i]()
			times[i] = append(times[i], time.Since(start))
		}
	}
	slowest := time.Duration(0)
	for _, alone := range times[1:] {
		slowest = max(slowest, median(alone))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(slowest)/1e6, "slowest-ms")
	b.ReportMetric(float64(median(times[0]))/1e6, "all-ms")
	b.ReportMetric(float64(median(times[0]))/float64(slowest), "ratio")
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

var sink string // keeps what is read from being optimised away

// BenchmarkValue reads a field of the bound struct, and of one behind a pointer, beside
// a plain entry's value of the field's type; and beside one of the same struct, which is
// as much to copy.
func BenchmarkValue(b *testing.B) {
	aws := cachetest.NewAWS(b)
	cachetest.Reset(b)
	fillMany(aws)
	bound := manyFields()
	pointed := bind.Struct[*many](ssmcache.Tag, secretcache.Tag, s3cache.Tag, appconfigcache.Tag, dynamocache.Tag, lambdacache.Name("pointed"))
	text := ssmcache.Parameter[string]("/many/a")
	same := lambdacache.New("same", func(context.Context) (many, error) { return many{}, nil })
	h := lambdacache.Wrap(func(ctx context.Context, _ int) (int, error) {
		plain := func() { sink = text.Value(ctx) }
		field := func() { sink = bound.Value(ctx).Parameters.A }
		b.Run("pointer/floor=string", func(b *testing.B) { compare(b, plain, func() { sink = pointed.Value(ctx).Parameters.A }) })
		b.Run("struct/floor=string", func(b *testing.B) { compare(b, plain, field) })
		b.Run("struct/floor=struct", func(b *testing.B) { compare(b, func() { sink = same.Value(ctx).Parameters.A }, field) })
		return 0, nil
	}, bound, pointed, text, same)
	if _, err := h(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
}

// compare reports the medians of both in ns, and their ratio.
func compare(b *testing.B, floor, ours func()) {
	b.Helper()
	const batch = 1000
	var times [2][]time.Duration
	for n := 0; b.Loop(); n++ {
		for i := range 2 {
			i = (i + n) % 2
			start := time.Now()
			for range batch {
				[]func(){floor, ours}[i]()
			}
			times[i] = append(times[i], time.Since(start))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(median(times[0]))/batch, "floor-ns")
	b.ReportMetric(float64(median(times[1]))/batch, "ours-ns")
	b.ReportMetric(float64(median(times[1]))/float64(median(times[0])), "ratio")
}
