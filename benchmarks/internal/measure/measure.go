// Package measure compares the peers: in rounds, in each of which every subject of a
// measurement has its turn, so that what drifts on the machine meets all alike.
package measure

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// Measurement is one table of the page.
type Measurement struct {
	ID       string
	Samples  int           // of each subject in a round
	N        int           // operations in a sample
	Readers  int           // at once, in a stampede
	Latency  time.Duration // of each call to AWS
	Change   bool          // every key has a new value for each sample
	NoCalls  bool          // a sample that asks AWS for something has failed
	Subjects []Subject

	open func(*Lab, Subject) (sampler, error) // nil: a child process
}

// Subject is one line of it.
type Subject struct {
	Name    string
	Floor   string // the subject that ratios are taken to
	Peer    string
	Measure string
}

// sample is one turn of one subject.
type sample struct {
	ns                 float64 // an operation
	calls, connections int
	rss, binary        int64
}

// sampler is a subject that is ready to be measured.
type sampler interface {
	sample(ctx context.Context, m *Measurement) (sample, error)
	close() error
}

// Lab is where it happens: a fake AWS that the peers' processes reach over HTTP.
type Lab struct {
	AWS     *cachetest.AWS
	NodeDir string // where the libraries for Node.js are installed
	Log     func(format string, args ...any)
	version int
}

// New starts the fake AWS with all that the peers read.
func New(nodeDir string, log func(string, ...any)) (*Lab, error) {
	aws, err := cachetest.StartAWS()
	if err != nil {
		return nil, err
	}
	l := &Lab{AWS: aws, NodeDir: nodeDir, Log: log}
	l.change()
	return l, nil
}

// Close ends the fake AWS.
func (l *Lab) Close() { l.AWS.Close() }

// want is the value that every key has.
func (l *Lab) want() string { return fmt.Sprint("value ", l.version) }

func (l *Lab) change() {
	l.version++
	for _, name := range peer.Parameters() {
		l.AWS.SSM.Put(name, l.want())
	}
	for _, id := range peer.Secrets() {
		l.AWS.Secrets.PutString(id, l.want())
	}
}

// Run takes the samples that into lacks of so many rounds, and calls save after each.
func (l *Lab) Run(ctx context.Context, m *Measurement, rounds int, into *result.Measurement, save func() error) error {
	done := 0
	if len(into.Subjects) > 0 {
		done = len(into.Subjects[0].NS) / m.Samples
	} else {
		for _, s := range m.Subjects {
			into.Subjects = append(into.Subjects, &result.Subject{Name: s.Name, Floor: s.Floor})
		}
	}
	if done >= rounds {
		return nil
	}
	samplers := make([]sampler, len(m.Subjects))
	defer func() {
		for _, s := range samplers {
			if s != nil {
				_ = s.close()
			}
		}
	}()
	for i, s := range m.Subjects {
		open := m.open
		if open == nil {
			open = openChild
		}
		var err error
		if samplers[i], err = open(l, s); err != nil {
			return fmt.Errorf("%s: %s: %w", m.ID, s.Name, err)
		}
	}
	l.AWS.Latency(m.Latency)
	defer l.AWS.Heal()
	if err := l.warm(ctx, m, samplers); err != nil {
		return err
	}
	for round := done; round < rounds; round++ {
		if err := l.round(ctx, m, samplers, round, into); err != nil {
			return err
		}
		if err := save(); err != nil {
			return err
		}
	}
	return nil
}

// warm gives each subject a turn that does not count: connections are made, code and
// memory are there.
func (l *Lab) warm(ctx context.Context, m *Measurement, samplers []sampler) error {
	for range 2 {
		for i, s := range samplers {
			if _, err := l.turn(ctx, m, s); err != nil {
				return fmt.Errorf("%s: %s: %w", m.ID, m.Subjects[i].Name, err)
			}
		}
	}
	return nil
}

func (l *Lab) round(ctx context.Context, m *Measurement, samplers []sampler, round int, into *result.Measurement) error {
	taken := make([][]sample, len(samplers))
	for n := range m.Samples {
		for i := range samplers {
			i = (i + round*m.Samples + n) % len(samplers) // who goes first changes
			s, err := l.turn(ctx, m, samplers[i])
			if err != nil {
				return fmt.Errorf("%s: %s: %w", m.ID, m.Subjects[i].Name, err)
			}
			taken[i] = append(taken[i], s)
		}
	}
	for i, list := range taken { // whole rounds only: a run may be interrupted in one
		to := into.Subjects[i]
		for _, s := range list {
			to.NS = append(to.NS, significant(s.ns))
			if m.NoCalls {
				continue
			}
			to.Calls = append(to.Calls, s.calls)
			to.Connections = append(to.Connections, s.connections)
			if s.binary > 0 {
				to.RSS, to.Binary = append(to.RSS, s.rss), s.binary
			}
		}
	}
	return nil
}

func (l *Lab) turn(ctx context.Context, m *Measurement, s sampler) (sample, error) {
	if err := ctx.Err(); err != nil {
		return sample{}, context.Cause(ctx)
	}
	if m.Change {
		l.change()
	}
	got, err := s.sample(ctx, m)
	if err == nil && m.NoCalls && got.calls > 0 {
		err = fmt.Errorf("made %d calls to AWS, want none", got.calls)
	}
	return got, err
}

// significant keeps four digits: the rest is noise.
func significant(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-3)
	if unit >= 1 {
		return math.Round(v/unit) * unit
	}
	return math.Round(v/unit) / math.Round(1/unit)
}
