package measure

import (
	"context"
	"time"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// Break is what becomes of the connections a client keeps while nothing is asked of
// it. What becomes of those of a process that is really frozen is measured beside
// package awsconfig; here time passes on the age clock alone.
type Break interface {
	// Apply breaks the connections that are open now. mend ends the state of things in
	// which they are broken.
	Apply(aws *cachetest.AWS) (mend func())
}

// Reset is a Break: the other end has long forgotten the connections, and answers what
// comes on them by a reset.
type Reset struct{}

// Apply implements [Break].
func (Reset) Apply(aws *cachetest.AWS) (mend func()) {
	last := 0
	for _, r := range aws.Requests() {
		last = max(last, r.Connection)
	}
	return aws.Fail(cachetest.Fault{
		Match: func(r cachetest.Request) bool { return r.Connection <= last },
		Do:    cachetest.ResetConnection(),
	})
}

// pause is how long nothing is asked: more than the 10 s after which awsconfig does
// not use a connection again.
const pause = 11 * time.Second

// deadConnection is the first call after a pause, with the connection alive and dead.
func deadConnection() *Measurement {
	const floor = "LoadDefaultConfig, connection alive"
	return &Measurement{
		ID: "dead-connection", Samples: 1, N: 1, Latency: latency, Change: true,
		Subjects: []Subject{
			{floor, floor, "hand-default", peer.RefreshParameter},
			{"LoadDefaultConfig, connection reset", floor, "hand-default", broken},
			{"the same, backoff of SDKs before v1.48.0", floor, "hand-legacy", broken},
			{"lambdacache, connection alive", floor, "ours", peer.RefreshParameter},
			{"lambdacache, connection reset", floor, "ours", broken},
		},
		open: func(l *Lab, s Subject) (sampler, error) {
			p := &paused{}
			if s.Measure == broken {
				s.Measure, p.br = peer.RefreshParameter, Reset{}
			}
			var err error
			p.child, err = startChild(l, s)
			return p, err
		},
	}
}

const broken = peer.RefreshParameter + " " + "broken"

// paused is a client that is asked, left alone for a while, and asked again.
type paused struct {
	*child
	br Break // nil: the connection lives
}

func (p *paused) sample(context.Context, *Measurement) (sample, error) {
	if _, err := p.ask(peer.Request{N: 1}); err != nil {
		return sample{}, err
	}
	r := peer.Request{N: 1}
	if p.br != nil {
		r.Advance = pause
		defer p.br.Apply(p.lab.AWS)()
	}
	return p.ask(r)
}
