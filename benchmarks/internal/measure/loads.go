package measure

import (
	"time"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
)

// latency is what a call to AWS takes at the least.
const latency = 5 * time.Millisecond

// refreshes are invocations that find all they have due. The values have changed, save
// in the last: AWS's own cache for secrets asks for less then.
func refreshes() (list []*Measurement) {
	for _, kind := range []struct {
		id, measure string
		change      bool
	}{
		{peer.Refresh30, peer.Refresh30, true},
		{peer.Refresh20, peer.Refresh20, true},
		{peer.RefreshMix, peer.RefreshMix, true},
		{Unchanged, peer.Refresh20, false},
	} {
		hand, _ := peer.Find("hand")
		list = append(list, &Measurement{
			ID: kind.id, Samples: 2, N: 1, Latency: latency, Change: kind.change,
			Subjects: withPeers([]Subject{{hand.Name, hand.Name, hand.ID, kind.measure}}, kind.measure, hand.Name),
		})
	}
	return list
}

// Unchanged is the measurement of a refresh that finds nothing new.
const Unchanged = peer.Refresh20 + "-unchanged"

// stampede is a thousand readers of one due entry.
func stampede() *Measurement {
	hand, _ := peer.Find("hand")
	const name = "SDK by hand with singleflight"
	return &Measurement{
		ID: peer.Stampede, Samples: 1, N: 1, Readers: 1000, Latency: latency, Change: true,
		Subjects: withPeers([]Subject{{name, name, hand.ID, peer.Stampede}}, peer.Stampede, name),
	}
}
