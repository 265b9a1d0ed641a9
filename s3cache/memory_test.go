package s3cache

import (
	"runtime"
	"testing"
)

// allocated is how much memory f has asked for, all in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A download takes the same memory whatever the object's size: what its streams copy
// with. An object in memory takes its size besides, once. That counts whatever was asked
// for, also what was free again, and also by the S3 of this process.
func TestMemoryOfStreams(t *testing.T) {
	const size, streams, others = 40 << 20, 8, 4 << 20
	l := newLab(t)
	l.S3.Put("b", "warm", noise(16<<20))
	l.S3.Put("b", "large", noise(size)) // a key of this test: entries of others may live, and would have copies
	get(t, File("s3://b/warm"))         // the client and its connections
	file := allocated(func() { get(t, File("s3://b/large", Streams(streams))) })
	if file > streams*chunk+others {
		t.Errorf("a file of %d MB took %d MB of memory", size>>20, file>>20)
	}
	object := allocated(func() { get(t, Object[[]byte]("s3://b/large", Streams(streams))) })
	if object > size+streams*chunk+others {
		t.Errorf("an object of %d MB took %d MB of memory", size>>20, object>>20)
	}
	t.Logf("a file took %.1f MB, an object %.1f MB", float64(file)/1e6, float64(object)/1e6)
}

// Streams keep their connections for each other, and for what is loaded next: only that
// of the first is given up, where the object went on.
func TestConnectionsOfStreams(t *testing.T) {
	inRanges(t, 2000)
	l := newLab(t)
	e := File("s3://b/k", Streams(8))
	for n := range 6 {
		l.S3.Put("b", "k", noise(100_000+n))
		if _, err := e.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	conns := make(map[int]bool)
	for _, q := range l.Requests() {
		conns[q.Connection] = true
	}
	if n := l.Calls("GetObject"); len(conns) > 8+5 || n < 40 {
		t.Errorf("%d connections for %d requests", len(conns), n)
	}
}
