package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// Ten thousand tenants, of whom a thousand may be held, are read by sixteen handlers at
// once, some far more often than others.
const (
	tenantCount = 10_000
	tenantLimit = 1_000
	handlers    = 16
	maxAgeHere  = time.Minute
)

// busySource answers every tenant with the time of the answer, and checks what a source
// may rely on.
type busySource struct {
	latency  time.Duration
	batch    int
	mu       sync.Mutex
	inFlight map[string]bool
	calls    int // now
	most     int // at once
	made     int
	keys     int
	fault    string
}

func (s *busySource) MaxKeys() int { return s.batch }

func (s *busySource) Load(ctx context.Context, reqs []lc.Request) []lc.Result[time.Time] {
	results := make([]lc.Result[time.Time], len(reqs))
	asked := time.Now()
	s.mu.Lock()
	s.made++
	s.keys += len(reqs)
	s.calls++
	s.most = max(s.most, s.calls)
	for _, r := range reqs {
		if s.inFlight[r.Key] {
			s.fault = "two loads of " + r.Key + " at once"
		}
		s.inFlight[r.Key] = true
	}
	s.mu.Unlock()
	if s.latency > 0 {
		<-time.After(s.latency/2 + rand.N(s.latency))
	}
	for i, r := range reqs {
		n, _ := strconv.Atoi(r.Key)
		switch {
		case ctx.Err() != nil:
			results[i].Err = ctx.Err()
		case n%1000 == 999:
			results[i].Err = lc.NotFound(errors.New("no such tenant"))
		default:
			results[i].Value = asked
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls--
	for _, r := range reqs {
		delete(s.inFlight, r.Key)
	}
	return results
}

func newBusy(latency time.Duration, opts ...lc.Option) (*busySource, *lc.Origin[time.Time], *lc.Family[int, time.Time]) {
	s := &busySource{latency: latency, batch: 20, inFlight: make(map[string]bool)}
	o := lc.NewOrigin("tenants", s)
	f := lc.DeclareFamily(o, func(n int) (lc.Located, error) { return lc.Located{Key: strconv.Itoa(n)}, nil },
		func(at time.Time) (time.Time, error) { return at, nil }, append(opts, lc.MaxEntries(tenantLimit), lc.MaxAge(maxAgeHere))...)
	return s, o, f
}

// zipf draws tenants: the first ones far more often than the last.
func zipf(seed uint64) *rand.Zipf {
	return rand.NewZipf(rand.New(rand.NewPCG(seed, 1)), 1.1, 1, tenantCount-1)
}

func TestFamilyUnderLoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, o, f := newBusy(20 * time.Millisecond)
		var all sync.WaitGroup
		var reads, most atomic.Int64
		for h := range handlers {
			all.Go(func() {
				draw := zipf(uint64(h))
				for range 10_000 {
					n := int(draw.Uint64())
					asked := time.Now()
					at, err := f.Get(t.Context(), n)
					reads.Add(1)
					switch {
					case n%1000 == 999:
						if !errors.Is(err, lc.ErrNotFound) {
							t.Errorf("%d: %v", n, err)
						}
					case err != nil:
						t.Errorf("%d: %v", n, err)
					case asked.Sub(at) > maxAgeHere:
						t.Errorf("%d is %v old", n, asked.Sub(at))
					}
					most.Store(max(most.Load(), int64(lc.Slots(o))))
					<-time.After(rand.N(5 * time.Millisecond))
				}
			})
		}
		all.Wait()
		synctest.Wait()
		stats := f.Stats()
		want(t, "held", stats.Entries, tenantLimit)
		want(t, "slots", lc.Slots(o), tenantLimit)
		// Those in flight come on top, one for each handler.
		if n := most.Load(); n > tenantLimit+handlers {
			t.Errorf("%d keys held at once", n)
		}
		if s.fault != "" || s.most > 16 {
			t.Errorf("%d calls at once; %s", s.most, s.fault)
		}
		t.Logf("%d reads by %d handlers, %d loads in %d calls, at most %d at once; %d evicted",
			reads.Load(), handlers, s.keys, s.made, s.most, stats.Evicted)
		if s.keys <= s.made || stats.Evicted == 0 {
			t.Error("misses at once shared no calls, or nothing was evicted")
		}
	})
}

// What a family takes in memory depends on what it may hold, not on what it has seen.
func TestFamilyMemory(t *testing.T) {
	_, o, f := newBusy(0)
	read := func(from, to int) {
		for n := from; n < to; n++ {
			_, _ = f.Get(t.Context(), n)
		}
	}
	read(0, 2*tenantLimit) // maps and heap have their size
	before := heap()
	read(2*tenantLimit, 20*tenantLimit)
	grown := int64(heap()) - int64(before)
	want(t, "slots", lc.Slots(o), tenantLimit)
	// A hundredth of what it has seen would be 180 kB.
	if grown > 150_000 {
		t.Errorf("%d bytes more after 18,000 keys more", grown)
	}
	runtime.KeepAlive(f)
}

// heap is what is in use when no load runs, of whichever test.
func heap() uint64 {
	testlab.Landed()
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkFamilyMemory measures what a held key takes beside key and value.
func BenchmarkFamilyMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		_, _, f := newBusy(0)
		for n := range tenantLimit {
			_, _ = f.Get(b.Context(), n)
		}
		b.ReportMetric(float64(heap()-before)/tenantLimit, "bytes/key")
		runtime.KeepAlive(f)
	}
}

// BenchmarkFamilyGet is a hit's price beside that of an entry's Get.
func BenchmarkFamilyGet(b *testing.B) {
	ctx := lambdaContext(b)
	entry := constant("e")
	family := lc.NewFamily("f", func(context.Context, string) (string, error) { return "value", nil },
		lc.MaxAge(time.Hour), lc.StaleIfError(time.Hour), lc.Jitter(0.1), lc.MaxEntries(tenantLimit))
	var keys []string
	for i := range tenantLimit {
		keys = append(keys, fmt.Sprint("tenant-", i))
	}
	if err := errors.Join(lc.Prefetch(ctx, entry), family.Prefetch(ctx, keys...)); err != nil {
		b.Fatal(err)
	}
	draw := zipf(0)
	drawn := make([]string, 1<<12)
	for i := range drawn {
		drawn[i] = keys[draw.Uint64()%tenantLimit]
	}
	for name, next := range map[string]func(int) string{
		"one":  func(int) string { return drawn[0] },
		"zipf": func(i int) string { return drawn[i&(len(drawn)-1)] },
	} {
		b.Run("keys="+name, func(b *testing.B) {
			compare(b, func(n int) {
				for range n {
					sink, _ = entry.Get(ctx)
				}
			}, func(n int) {
				for i := range n {
					sink, _ = family.Get(ctx, next(i))
				}
			})
		})
	}
	b.Run("parallel", func(b *testing.B) {
		spread := func(get func(i int)) func(n int) {
			return func(n int) {
				var all sync.WaitGroup
				for h := range handlers {
					all.Go(func() {
						for i := range n {
							get(i + h*100)
						}
					})
				}
				all.Wait()
			}
		}
		compare(b, spread(func(int) { _, _ = entry.Get(ctx) }), spread(func(i int) { _, _ = family.Get(ctx, drawn[i&(len(drawn)-1)]) }))
	})
}
