package measure

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

func TestMain(m *testing.M) {
	peer.Child() // a peer is this program once more
	os.Exit(m.Run())
}

// inGo is a measurement without what needs Node.js, waits for seconds, or compiles.
func inGo(m *Measurement) *Measurement {
	var list []Subject
	for _, s := range m.Subjects {
		if p, ok := peer.Find(s.Peer); ok && !p.Node() && s.Peer != "hand-legacy" {
			list = append(list, s)
		}
	}
	m.Subjects, m.Samples, m.N, m.Readers, m.Latency = list, 1, min(m.N, 50), min(m.Readers, 100), 0
	return m
}

// expected is what a sample must have cost: calls, and where it is promised, new
// connections. The SDK's own transport now and then loses a connection to an answer that
// overtakes its last look at the request, and how many connections several calls at once
// leave behind depends on how far they were at once.
var expected = map[string]string{
	"refresh-30-parameters/SDK by hand, batches side by side":    "3 calls",
	"refresh-30-parameters/lambdacache":                          "3 calls",
	"refresh-30-parameters/SDK by hand, one after another":       "30 calls",
	"refresh-30-parameters/SDK by hand, a goroutine each":        "30 calls",
	"refresh-30-parameters/otter":                                "3 calls",
	"refresh-30-parameters/sturdyc":                              "3 calls",
	"refresh-30-parameters/theine":                               "30 calls",
	"refresh-30-parameters/ttlcache":                             "30 calls",
	"refresh-30-parameters/gocloud.dev runtimevar":               "30 calls",
	"refresh-20-secrets/lambdacache":                             "1 calls, 0 connections",
	"refresh-20-secrets/aws-secretsmanager-caching-go":           "40 calls",
	"refresh-20-secrets-unchanged/aws-secretsmanager-caching-go": "20 calls",
	"refresh-20-secrets-unchanged/lambdacache":                   "1 calls, 0 connections",
	"refresh-20-and-10/lambdacache":                              "3 calls",
	"stampede/lambdacache":                                       "1 calls",
	"stampede/SDK by hand with singleflight":                     "1 calls",
	"stampede/otter":                                             "1 calls",
	"dead-connection/lambdacache, connection alive":              "1 calls, 0 connections",
	"dead-connection/lambdacache, connection reset":              "1 calls, 1 connections",
}

// Every peer reads what it should, by as many calls as it should.
func TestEveryPeer(t *testing.T) {
	lab := newLab(t)
	met := 0
	for _, m := range All() {
		if m.ID == "cold-start" {
			continue // compiles; each of its samples checks the answer
		}
		m := inGo(m)
		t.Run(m.ID, func(t *testing.T) {
			got := new(result.Measurement)
			if err := lab.Run(t.Context(), m, 1, got, saved); err != nil {
				t.Fatal(err)
			}
			for _, s := range got.Subjects {
				want, ok := expected[m.ID+"/"+s.Name]
				if !ok {
					continue
				}
				met++
				cost := fmt.Sprintf("%d calls", s.Calls[0])
				if strings.Contains(want, ",") {
					cost += fmt.Sprintf(", %d connections", s.Connections[0])
				}
				if cost != want {
					t.Errorf("%s: %s, want %s", s.Name, cost, want)
				}
			}
		})
	}
	if met != len(expected) {
		t.Errorf("%d of %d expectations met a subject", met, len(expected))
	}
}

// A peer that reads something else than it should is not measured.
func TestWrongValuesAreNoticed(t *testing.T) {
	lab := newLab(t)
	for _, m := range []*Measurement{Of("hit"), Of(peer.Invoke30), Of(peer.RefreshMix), Of(peer.Stampede)} {
		for _, s := range inGo(m).Subjects {
			if s.Peer == "floor" {
				continue // has no source
			}
			c, err := startChild(lab, s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.ask(peer.Request{N: 1, Readers: 10}); err != nil {
				t.Errorf("%s, %s: %v", m.ID, s.Name, err)
			}
			lab.version++ // AWS has the old values still
			if _, err := c.ask(peer.Request{N: 1, Readers: 10}); err == nil || !strings.Contains(err.Error(), "want") {
				t.Errorf("%s, %s did not notice a wrong value: %v", m.ID, s.Name, err)
			}
			lab.version--
			if err := c.close(); err != nil {
				t.Error(err)
			}
		}
	}
}
